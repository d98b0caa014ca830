// SPDX-License-Identifier: Apache-2.0
//! `GET /v1/stats`: how many clusters and nodes a project has.

use crate::app::App;
use crate::caller::Caller;
use crate::failure::Failure;
use crate::input::Input;
use crate::operation::Operation;
use crate::reply::Reply;
use crate::shape::{Argument, ArgumentKind, Gives};
use magnum_types::ProjectId;
use serde_json::json;

pub const OPERATION: Operation = Operation::get("/v1/stats")
    .policy("stats:get_all")
    .arguments(&[
        Argument::new("project_id", ArgumentKind::Text, "Of this project; for administrators."),
        Argument::new("type", ArgumentKind::Text, "Always cluster."),
    ])
    .gives(Gives::Free("How many clusters and nodes there are."));

pub(crate) async fn handle(caller: Caller, input: Input, app: App) -> Result<Reply, Failure> {
    caller.authorise(&OPERATION)?;
    let asked = input.argument("project_id").map(|id| ProjectId(id.to_owned()));
    let project = match asked {
        None if caller.is_admin => None,
        None => Some(caller.identity.project.clone()),
        Some(project) if project != caller.identity.project && !caller.is_admin => {
            return Err(Failure::forbidden("Not authorized."));
        }
        given => given,
    };
    if input.argument("type").is_some_and(|kind| kind != "cluster") {
        return Err(Failure::bad("Invalid stats type. Allowed values are 'cluster'"));
    }
    let stats = app.store.get_stats(project.as_ref()).await?;
    Ok(Reply::ok(json!({"clusters": stats.clusters, "nodes": stats.nodes})))
}
