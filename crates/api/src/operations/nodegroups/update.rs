// SPDX-License-Identifier: Apache-2.0
//! `PATCH /v1/clusters/{cluster}/nodegroups/{group}`: limits, node labels and taints.

use super::nodegroup::{FIELDS, check_labels, check_limits, check_taints, document, full};
use crate::app::App;
use crate::caller::Caller;
use crate::failure::Failure;
use crate::input::Input;
use crate::operation::Operation;
use crate::operations::clusters::change::{settled, updating};
use crate::patch::{self, Rules};
use crate::reply::Reply;
use crate::shape::{Gives, Takes};
use crate::typed::Record;
use magnum_store::{NodeGroup, NodeGroupField, Request};
use magnum_types::{Action, ClusterStatus};
use serde_json::json;

pub const OPERATION: Operation = Operation::patch("/v1/clusters/{cluster_id}/nodegroups/{nodegroup_id}")
    .policy("nodegroup:update")
    .since(9, "delete")
    .returns(202)
    .takes(Takes::Patch(&RULES))
    .gives(Gives::Object("NodeGroup", FIELDS));

const RULES: Rules = Rules {
    internal: &[
        "cluster_id",
        "project_id",
        "docker_volume_size",
        "labels",
        "flavor_id",
        "image_id",
        "node_addresses",
        "node_count",
        "role",
        "is_default",
        "stack_id",
        "status",
        "status_reason",
        "version",
        "name",
    ],
    mandatory: &[],
};

pub(crate) async fn handle(caller: Caller, input: Input, app: App) -> Result<Reply, Failure> {
    let cluster = app.store.find_cluster(&caller.own(), input.param("cluster_id")).await?;
    caller.authorise_on(&OPERATION, &cluster)?;
    let group = app.store.find_nodegroup(cluster.uuid, input.param("nodegroup_id")).await?;
    let record = Record::check(FIELDS, &patch::apply(&input, &RULES, document(&group))?)?;
    let new = changed(&group, &record);
    check_limits(&new.name, new.node_count, new.min_node_count.unwrap_or(0), new.max_node_count)?;
    check_labels(&new.name, &new.role, &new.node_labels)?;
    check_taints(&new.name, &new.role, &new.node_taints)?;
    settled(&cluster, "Updating")?;
    let what = json!({"nodegroup": group.uuid});
    let mut request = Request::new(caller.operation(cluster.uuid, "nodegroup-update", what));
    request.not_while = vec![ClusterStatus::DeleteInProgress];
    request.groups = vec![(group.uuid, fields(&new))];
    updating(&cluster, &mut request);
    app.store.request(request).await?;
    Ok(Reply::accepted(full(&caller, &new, &cluster.labels)))
}

fn changed(group: &NodeGroup, record: &Record) -> NodeGroup {
    let mut new = group.clone();
    new.min_node_count = Some(record.int("min_node_count").unwrap_or(0));
    new.max_node_count = record.int("max_node_count");
    new.node_labels = record.texts("node_labels").unwrap_or_default();
    new.node_taints = record.get("node_taints").as_array().cloned().unwrap_or_default();
    new
}

fn fields(new: &NodeGroup) -> Vec<NodeGroupField> {
    let mut fields = vec![
        NodeGroupField::MinNodeCount(new.min_node_count),
        NodeGroupField::MaxNodeCount(new.max_node_count),
        NodeGroupField::NodeLabels(new.node_labels.clone()),
        NodeGroupField::NodeTaints(new.node_taints.clone()),
    ];
    if new.status.and_then(ClusterStatus::action_in_progress) != Some(Action::Create) {
        fields.push(NodeGroupField::Status(ClusterStatus::UpdateInProgress));
    }
    fields
}
