// SPDX-License-Identifier: Apache-2.0
//! `POST /v1/clusters/{cluster}/nodes/{node}/actions/start`: gives a node its power back.

use crate::app::App;
use crate::caller::Caller;
use crate::failure::Failure;
use crate::input::Input;
use crate::operation::Operation;
use crate::reply::Reply;
use crate::shape::Gives;

pub const OPERATION: Operation = Operation::post("/v1/clusters/{cluster_ident}/nodes/{node}/actions/start")
    .policy("cluster:power")
    .returns(202)
    .gives(Gives::Free("The node."));

pub(crate) async fn handle(caller: Caller, input: Input, app: App) -> Result<Reply, Failure> {
    super::power::set(&caller, &input, &app, &OPERATION, true).await
}
