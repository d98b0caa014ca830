// SPDX-License-Identifier: Apache-2.0
//! `PATCH /v1/clusters/{ident}`: the size of the default worker group, and health as an outside checker sees it.

use super::change::{resized, settled};
use super::cluster::{FIELDS, count, document};
use crate::app::App;
use crate::caller::Caller;
use crate::failure::Failure;
use crate::input::Input;
use crate::operation::Operation;
use crate::patch::{self, Rules};
use crate::reply::Reply;
use crate::shape::{Gives, ROLLBACK, Takes};
use crate::typed::Record;
use crate::validate;
use magnum_store::{Cluster, ClusterField, NodeGroup, Request};
use magnum_types::{ClusterStatus, HealthStatus};
use serde_json::{Value, json};

pub const OPERATION: Operation = Operation::patch("/v1/clusters/{cluster_ident}")
    .policy("cluster:update")
    .everywhere("cluster:update_all_projects")
    .returns(202)
    .arguments(&[ROLLBACK])
    .takes(Takes::Patch(&RULES))
    .gives(Gives::Uuid);

const RULES: Rules = Rules {
    internal: &[
        "api_address",
        "node_addresses",
        "master_addresses",
        "stack_id",
        "cluster_id",
        "ca_cert_ref",
        "magnum_cert_ref",
        "etcd_ca_cert_ref",
        "front_proxy_ca_cert_ref",
    ],
    mandatory: &["cluster_template_id"],
};
const CHANGEABLE: [&str; 3] = ["node_count", "health_status", "health_status_reason"];

pub(crate) async fn handle(caller: Caller, input: Input, app: App) -> Result<Reply, Failure> {
    let rollback = input.bool_argument("rollback")?.unwrap_or(false);
    let cluster = app.store.find_cluster(&caller.scope(), input.param("cluster_ident")).await?;
    caller.authorise_on(&OPERATION, &cluster)?;
    caller.require_on("cluster:update_health_status", &cluster)?;
    let groups = app.store.list_all_nodegroups(cluster.uuid).await?;
    let before = document(&cluster, &groups);
    let record = Record::check(FIELDS, &patch::apply(&input, &RULES, before.clone())?)?;
    patch::only_changeable("cluster", &before, &record, &CHANGEABLE)?;
    let operation = caller.operation(cluster.uuid, "update", json!({"rollback": rollback}));
    let mut request = Request::new(operation);
    request.not_while = vec![ClusterStatus::DeleteInProgress];
    if names_node_count(&input)? {
        let wanted = record.int("node_count").unwrap_or(1);
        validate::zero_nodes(&caller, wanted)?;
        resize(&cluster, &groups, wanted, &mut request)?;
    }
    if request.groups.is_empty() {
        "health".clone_into(&mut request.operation.kind);
    }
    health(&cluster, &record, &mut request);
    if !request.cluster.is_empty() || !request.groups.is_empty() {
        app.store.request(request).await?;
    }
    Ok(Reply::accepted(json!({"uuid": cluster.uuid})))
}

/// Whether the patch says anything about the size; without, the default group keeps its own.
pub(crate) fn names_node_count(input: &Input) -> Result<bool, Failure> {
    let body = input.json("patch")?;
    Ok(body.as_array().is_some_and(|steps| steps.iter().any(|step| step.get("path").and_then(Value::as_str) == Some("/node_count"))))
}

/// Adds to `request` that the default workers are to be so many.
pub(crate) fn resize(cluster: &Cluster, groups: &[NodeGroup], wanted: i64, request: &mut Request) -> Result<(), Failure> {
    let default = groups.iter().find(|group| group.is_default && !group.is_master());
    let group = default.ok_or_else(|| Failure::not_found("Nodegroup default-worker could not be found."))?;
    if group.node_count == wanted {
        return Ok(());
    }
    settled(cluster, "Updating")?;
    validate::room(&cluster.labels, count(groups, true) + count(groups, false) - group.node_count + wanted)?;
    resized(cluster, group, wanted, request);
    Ok(())
}

fn health(cluster: &Cluster, record: &Record, request: &mut Request) {
    let status = record.text("health_status").and_then(|word| HealthStatus::from_wire(&word));
    if status != cluster.health_status {
        request.cluster.push(ClusterField::HealthStatus(status));
    }
    let reason = record.get("health_status_reason").as_object().cloned().unwrap_or_default();
    if reason != cluster.health_status_reason {
        request.cluster.push(ClusterField::HealthStatusReason(reason));
    }
}
