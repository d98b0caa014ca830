// SPDX-License-Identifier: Apache-2.0
//! `GET /v1/clusters/{cluster}/nodes`: the nodes, and how far each has come.

use crate::app::App;
use crate::caller::Caller;
use crate::failure::Failure;
use crate::input::Input;
use crate::operation::Operation;
use crate::reply::Reply;
use crate::shape::Gives;
use jiff::Timestamp;
use magnum_store::{Node, NodeGroup};
use serde_json::{Value, json};

pub const OPERATION: Operation =
    Operation::get("/v1/clusters/{cluster_ident}/nodes").policy("cluster:get").gives(Gives::Free("The nodes, each with what it does now."));

pub(crate) async fn handle(caller: Caller, input: Input, app: App) -> Result<Reply, Failure> {
    let cluster = app.store.find_cluster(&caller.scope(), input.param("cluster_ident")).await?;
    caller.authorise_on(&OPERATION, &cluster)?;
    let groups = app.store.list_all_nodegroups(cluster.uuid).await?;
    let now = Timestamp::now().as_millisecond();
    let shown: Vec<Value> = app.store.list_nodes(cluster.uuid).await?.iter().map(|node| show(node, &groups, now)).collect();
    Ok(Reply::ok(json!({"nodes": shown})))
}

fn show(node: &Node, groups: &[NodeGroup], now: i64) -> Value {
    let group = groups.iter().find(|group| group.uuid == node.nodegroup);
    let seconds = |milliseconds: i64| (milliseconds.max(0) as f64 / 100.0).round() / 10.0;
    let step_ms = node.step_ms.or_else(|| node.step_at.map(|at| now - at));
    let total_ms = node.started_at.map(|start| node.ready_at.unwrap_or(now) - start);
    json!({
        "name": node.name,
        "group": group.map(|group| &group.name),
        "role": node.role,
        "address": node.address,
        "status": node.status.as_str(),
        "step": node.step,
        "step_state": node.step_state,
        "step_detail": node.step_detail,
        "step_seconds": step_ms.map(seconds),
        "seconds": total_ms.map(seconds),
        "versions": node.versions,
    })
}
