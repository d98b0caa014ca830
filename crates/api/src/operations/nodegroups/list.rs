// SPDX-License-Identifier: Apache-2.0
//! `GET /v1/clusters/{cluster}/nodegroups`: a cluster's groups, in short.

use super::nodegroup::{COLUMNS, FIELDS, reduced};
use crate::app::App;
use crate::caller::Caller;
use crate::failure::Failure;
use crate::input::Input;
use crate::operation::Operation;
use crate::paging::{collection, page_by_uuid};
use crate::reply::Reply;
use crate::shape::{Argument, ArgumentKind, Gives, LIMIT, MARKER, SORT_DIR, SORT_KEY};

pub const OPERATION: Operation = Operation::get("/v1/clusters/{cluster_id}/nodegroups")
    .policy("nodegroup:get_all")
    .everywhere("nodegroup:get_all_all_projects")
    .since(9, "delete")
    .arguments(&[LIMIT, MARKER, SORT_KEY, SORT_DIR, Argument::new("role", ArgumentKind::Text, "Only groups of this role.")])
    .gives(Gives::List("nodegroups", "NodeGroup", FIELDS));

pub(crate) async fn handle(caller: Caller, input: Input, app: App) -> Result<Reply, Failure> {
    caller.authorise(&OPERATION)?;
    let cluster = app.store.find_cluster(&caller.scope(), input.param("cluster_id")).await?;
    let page = page_by_uuid(&input, COLUMNS)?;
    if let Some(marker) = &page.marker {
        app.store.find_nodegroup(cluster.uuid, marker).await?;
    }
    let rows = app.store.list_nodegroups(cluster.uuid, input.argument("role"), &page).await?;
    let last = rows.last().map(|group| group.uuid.to_string());
    let path = format!("clusters/{}/nodegroups", cluster.uuid);
    Ok(Reply::ok(collection(&caller, &page, &path, "nodegroups", rows.iter().map(reduced).collect(), last)))
}
