// SPDX-License-Identifier: Apache-2.0
//! `POST /v1/clusters/{cluster}/nodes/{node}/actions/stop`: cuts a node's power at once, as a failed host would.

use crate::app::App;
use crate::caller::Caller;
use crate::failure::Failure;
use crate::input::Input;
use crate::operation::Operation;
use crate::reply::Reply;
use crate::shape::Gives;

pub const OPERATION: Operation = Operation::post("/v1/clusters/{cluster_ident}/nodes/{node}/actions/stop")
    .policy("cluster:power")
    .returns(202)
    .gives(Gives::Free("The node."));

pub(crate) async fn handle(caller: Caller, input: Input, app: App) -> Result<Reply, Failure> {
    super::power::set(&caller, &input, &app, &OPERATION, false).await
}
