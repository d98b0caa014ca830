// SPDX-License-Identifier: Apache-2.0
//! `PATCH /v1/quotas/{project}/{resource}`: another limit. The body is a quota, not a patch.

use super::quota::{FIELDS, show};
use crate::app::App;
use crate::caller::Caller;
use crate::failure::Failure;
use crate::input::Input;
use crate::operation::Operation;
use crate::reply::Reply;
use crate::shape::{Gives, Takes};
use magnum_types::ProjectId;

pub const OPERATION: Operation = Operation::patch("/v1/quotas/{project_id}/{resource}")
    .policy("quota:update")
    .returns(202)
    .takes(Takes::Object(FIELDS))
    .gives(Gives::Object("Quota", FIELDS));

pub(crate) async fn handle(caller: Caller, input: Input, app: App) -> Result<Reply, Failure> {
    let record = input.record("quota", FIELDS)?;
    caller.authorise(&OPERATION)?;
    let (project, resource) = (ProjectId(input.param("project_id").to_owned()), input.param("resource"));
    match app.store.update_quota(&project, resource, record.int("hard_limit").unwrap_or(1)).await {
        Ok(quota) => Ok(Reply::accepted(show(&quota))),
        Err(magnum_store::Error::NotFound { ident, .. }) => Err(Failure::not_found(format!("Quota could not be found: {ident}."))),
        Err(error) => Err(error.into()),
    }
}
