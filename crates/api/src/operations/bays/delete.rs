// SPDX-License-Identifier: Apache-2.0
//! `DELETE /v1/bays/{ident}`: ask for a cluster to go.

use crate::app::App;
use crate::caller::Caller;
use crate::failure::Failure;
use crate::input::Input;
use crate::operation::Operation;
use crate::operations::clusters::delete::ask;
use crate::reply::Reply;

pub const OPERATION: Operation =
    Operation::delete("/v1/bays/{bay_ident}").policy("bay:delete").everywhere("cluster:delete_all_projects").until(10);

pub(crate) async fn handle(caller: Caller, input: Input, app: App) -> Result<Reply, Failure> {
    let cluster = app.store.find_cluster(&caller.scope(), input.param("bay_ident")).await?;
    caller.authorise_on(&OPERATION, &cluster)?;
    ask(&caller, &app, &cluster).await
}
