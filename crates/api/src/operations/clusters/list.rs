// SPDX-License-Identifier: Apache-2.0
//! `GET /v1/clusters`: the visible clusters, in short.

use crate::app::App;
use crate::caller::Caller;
use crate::failure::Failure;
use crate::input::Input;
use crate::operation::Operation;
use crate::reply::Reply;

pub const OPERATION: Operation = Operation::get("/v1/clusters").policy("cluster:get_all").everywhere("cluster:get_all_all_projects");

pub(crate) async fn handle(caller: Caller, input: Input, app: App) -> Result<Reply, Failure> {
    caller.authorise(&OPERATION)?;
    super::cluster::list(caller, input, app, false).await
}
