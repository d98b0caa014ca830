// SPDX-License-Identifier: Apache-2.0
//! `POST /v1/quotas`: sets a project's first quota.

use super::quota::{FIELDS, show};
use crate::app::App;
use crate::caller::Caller;
use crate::catalogue::Lookup;
use crate::failure::Failure;
use crate::input::Input;
use crate::operation::Operation;
use crate::reply::Reply;
use crate::shape::{Gives, Takes};
use magnum_store::Error;
use magnum_types::ProjectId;

pub const OPERATION: Operation =
    Operation::post("/v1/quotas").policy("quota:create").takes(Takes::Object(FIELDS)).gives(Gives::Object("Quota", FIELDS));

pub(crate) async fn handle(caller: Caller, input: Input, app: App) -> Result<Reply, Failure> {
    let record = input.record("quota", FIELDS)?;
    caller.authorise(&OPERATION)?;
    let project = record.text("project_id").unwrap_or_else(|| "None".to_owned());
    match app.catalogue.project(&caller.identity, &project).await {
        Lookup::Found(()) => {}
        Lookup::Unauthorised => return Err(Failure::unauthorized(crate::validate::STALE)),
        Lookup::Unavailable(why) => return Err(Failure::unavailable(why)),
        _ => return Err(Failure::not_found(format!("The project_id {project} could not be found."))),
    }
    let limit = record.int("hard_limit").unwrap_or(1);
    match app.store.insert_quota(&ProjectId(project.clone()), "Cluster", limit).await {
        Ok(quota) => Ok(Reply::made(show(&quota))),
        Err(Error::Exists { .. }) => Err(Failure::conflict(format!("Quota for project {project} already exists for resource Cluster."))),
        Err(error) => Err(error.into()),
    }
}
