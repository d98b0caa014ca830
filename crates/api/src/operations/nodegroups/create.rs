// SPDX-License-Identifier: Apache-2.0
//! `POST /v1/clusters/{cluster}/nodegroups`: another group of workers.

use super::nodegroup::{FIELDS, check_labels, check_limits, check_taints, full};
use crate::app::App;
use crate::caller::Caller;
use crate::failure::Failure;
use crate::input::Input;
use crate::operation::Operation;
use crate::operations::clusters::change::{settled, updating};
use crate::operations::clusters::cluster::count;
use crate::reply::Reply;
use crate::shape::{Gives, Takes};
use crate::typed::Record;
use crate::validate::{self, Resources};
use magnum_store::{Cluster, Error, NodeGroup, Request, Template};
use magnum_types::{ClusterStatus, NodeGroupId, Role};
use serde_json::{Value, json};

pub const OPERATION: Operation = Operation::post("/v1/clusters/{cluster_id}/nodegroups")
    .policy("nodegroup:create")
    .since(9, "get_one")
    .returns(202)
    .body("nodegroup", "NodeGroup")
    .takes(Takes::Object(FIELDS))
    .gives(Gives::Object("NodeGroup", FIELDS));

pub(crate) async fn handle(caller: Caller, input: Input, app: App) -> Result<Reply, Failure> {
    let record = input.record("nodegroup", FIELDS)?;
    caller.authorise(&OPERATION)?;
    let cluster = app.store.find_cluster(&caller.own(), input.param("cluster_id")).await?;
    let template = app.store.get_template(cluster.cluster_template_id).await?;
    let group = group(&cluster, &template, &record)?;
    check(&caller, &app, &cluster, &group).await?;
    let what = json!({"nodegroup": group.uuid});
    let mut request = Request::new(caller.operation(cluster.uuid, "nodegroup-create", what));
    request.not_while = vec![ClusterStatus::DeleteInProgress];
    updating(&cluster, &mut request);
    request.new_groups = vec![group.clone()];
    app.store.request(request).await.map_err(|error| taken(&cluster, error))?;
    let stored = app.store.find_nodegroup(cluster.uuid, &group.uuid.to_string()).await?;
    let mut shown = full(&caller, &stored, &cluster.labels);
    // What was not given is null in this one answer, as Magnum has it.
    for (key, given) in [("node_addresses", false), ("node_labels", record.has("node_labels")), ("node_taints", record.has("node_taints"))]
    {
        if !given {
            shown[key] = Value::Null;
        }
    }
    Ok(Reply::accepted(shown))
}

fn taken(cluster: &Cluster, error: Error) -> Failure {
    match error {
        Error::Exists { what: "nodegroup", ident } => exists(cluster, &ident),
        other => other.into(),
    }
}

fn exists(cluster: &Cluster, name: &str) -> Failure {
    Failure::conflict(format!("A node group with name {name} already exists in the cluster {}.", cluster.name))
}

/// Magnum's checks in Magnum's order.
async fn check(caller: &Caller, app: &App, cluster: &Cluster, group: &NodeGroup) -> Result<(), Failure> {
    if cluster.api_address.is_none() {
        return Err(Failure::conflict("Cluster API address is not available yet"));
    }
    let groups = app.store.list_all_nodegroups(cluster.uuid).await?;
    if groups.iter().any(|other| other.name == group.name) {
        return Err(exists(cluster, &group.name));
    }
    check_limits(&group.name, group.node_count, group.min_node_count.unwrap_or(0), group.max_node_count)?;
    check_labels(&group.name, &group.role, &group.node_labels)?;
    check_taints(&group.name, &group.role, &group.node_taints)?;
    if Role::from_wire(&group.role) == Role::Master {
        return Err(Failure::bad("Creating master nodegroups is currently not supported."));
    }
    let flavors: Vec<&str> = group.flavor_id.as_deref().into_iter().collect();
    validate::root_volume(app, caller, &group.labels, &flavors.iter().copied().map(Some).collect::<Vec<_>>()).await?;
    validate::resources(app, caller, &Resources { flavors, ..Resources::default() }).await?;
    validate::labels(&group.labels)?;
    settled(cluster, "Updating")?;
    validate::room(&cluster.labels, count(&groups, true) + count(&groups, false) + group.node_count)
}

fn group(cluster: &Cluster, template: &Template, record: &Record) -> Result<NodeGroup, Failure> {
    let labels = match record.labels("labels") {
        None => cluster.labels.clone(),
        Some(given) if record.bool("merge_labels") == Some(true) => cluster.labels.merged(&given),
        Some(given) => given,
    };
    Ok(NodeGroup {
        id: 0,
        uuid: record.text("uuid").and_then(|text| text.parse().ok()).unwrap_or_else(NodeGroupId::random),
        name: record.text("name").ok_or_else(|| Failure::field("name", "None", "Mandatory field missing."))?,
        cluster_id: cluster.uuid,
        project_id: cluster.project_id.clone(),
        docker_volume_size: record.int("docker_volume_size"),
        labels,
        flavor_id: record.text("flavor_id").or_else(|| cluster.flavor_id.clone()),
        image_id: record.text("image_id").or_else(|| template.image_id.clone()),
        node_addresses: Vec::new(),
        node_count: record.int("node_count").unwrap_or(1),
        max_node_count: record.int("max_node_count"),
        min_node_count: Some(record.int("min_node_count").unwrap_or(0)),
        role: record.text("role").unwrap_or_else(|| "worker".to_owned()),
        is_default: record.bool("is_default").unwrap_or(false),
        stack_id: None,
        status: Some(ClusterStatus::CreateInProgress),
        status_reason: None,
        version: record.text("version"),
        node_labels: record.texts("node_labels").unwrap_or_default(),
        node_taints: record.get("node_taints").as_array().cloned().unwrap_or_default(),
        created_at: None,
        updated_at: None,
    })
}
