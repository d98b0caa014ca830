// SPDX-License-Identifier: Apache-2.0
//! `GET /v1/quotas/{project}/{resource}`: a project's quota, or what holds without one.

use super::quota::FIELDS;
use crate::app::App;
use crate::caller::Caller;
use crate::failure::Failure;
use crate::input::Input;
use crate::operation::Operation;
use crate::reply::Reply;
use crate::shape::Gives;
use magnum_types::ProjectId;
use serde_json::json;

pub const OPERATION: Operation =
    Operation::get("/v1/quotas/{project_id}/{resource}").policy("quota:get").gives(Gives::Object("Quota", FIELDS));

pub(crate) async fn handle(caller: Caller, input: Input, app: App) -> Result<Reply, Failure> {
    caller.authorise(&OPERATION)?;
    let project = ProjectId(input.param("project_id").to_owned());
    if project != caller.identity.project && !caller.is_admin {
        return Err(Failure::forbidden("Not authorized."));
    }
    let shown = match app.store.get_quota(&project, input.param("resource")).await? {
        Some(quota) => super::quota::show(&quota),
        None => json!({"hard_limit": app.max_clusters_per_project, "project_id": project, "resource": "Cluster"}),
    };
    Ok(Reply::ok(shown))
}
