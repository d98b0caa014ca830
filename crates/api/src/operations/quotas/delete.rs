// SPDX-License-Identifier: Apache-2.0
//! `DELETE /v1/quotas/{project}/{resource}`: back to the configured limit.

use crate::app::App;
use crate::caller::Caller;
use crate::failure::Failure;
use crate::input::Input;
use crate::operation::Operation;
use crate::reply::Reply;
use magnum_types::ProjectId;

pub const OPERATION: Operation = Operation::delete("/v1/quotas/{project_id}/{resource}").policy("quota:delete");

pub(crate) async fn handle(caller: Caller, input: Input, app: App) -> Result<Reply, Failure> {
    caller.authorise(&OPERATION)?;
    let project = ProjectId(input.param("project_id").to_owned());
    match app.store.delete_quota(&project, input.param("resource")).await {
        Ok(()) => Ok(Reply::Empty),
        Err(magnum_store::Error::NotFound { ident, .. }) => Err(Failure::not_found(format!("Quota could not be found: {ident}."))),
        Err(error) => Err(error.into()),
    }
}
