// SPDX-License-Identifier: Apache-2.0
//! `GET /v1/clusters/detail`: the visible clusters with everything about them.

use crate::app::App;
use crate::caller::Caller;
use crate::failure::Failure;
use crate::input::Input;
use crate::operation::Operation;
use crate::reply::Reply;

pub const OPERATION: Operation = Operation::get("/v1/clusters/detail").policy("cluster:detail").everywhere("cluster:detail_all_projects");

pub(crate) async fn handle(caller: Caller, input: Input, app: App) -> Result<Reply, Failure> {
    caller.authorise(&OPERATION)?;
    super::cluster::list(caller, input, app, true).await
}
