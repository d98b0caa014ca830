// SPDX-License-Identifier: Apache-2.0
//! A cluster on the wire: its fields and its two forms.

use super::shape::{Form, Shape};
use crate::app::App;
use crate::caller::Caller;
use crate::failure::Failure;
use crate::input::Input;
use crate::paging::{collection, page_by_uuid};
use crate::reply::Reply;
use crate::typed::{Field, Kind, TEXT};
use magnum_store::{Cluster, NodeGroup};
use magnum_types::{ClusterId, ClusterStatus, Labels, Phase, TemplateId};
use serde_json::{Map, Value, json};
use std::collections::HashMap;

const COUNT_MAX: i64 = 100_000;

/// Status words in the order in which Magnum lists them in its refusal.
pub(crate) const STATUSES: &[&str] = &[
    "CHECK_COMPLETE",
    "ROLLBACK_COMPLETE",
    "CREATE_FAILED",
    "CREATE_COMPLETE",
    "DELETE_COMPLETE",
    "ROLLBACK_IN_PROGRESS",
    "ROLLBACK_FAILED",
    "UPDATE_IN_PROGRESS",
    "DELETE_IN_PROGRESS",
    "RESUME_COMPLETE",
    "RESUME_FAILED",
    "UPDATE_COMPLETE",
    "SNAPSHOT_COMPLETE",
    "ADOPT_COMPLETE",
    "CREATE_IN_PROGRESS",
    "RESTORE_COMPLETE",
    "UPDATE_FAILED",
    "DELETE_FAILED",
];
const HEALTH: &[&str] = &["UNKNOWN", "HEALTHY", "UNHEALTHY"];

/// In the order of answers.
pub(crate) const FIELDS: &[Field] = &[
    Field::new("uuid", Kind::Uuid),
    Field::new("name", Kind::Name),
    Field::new("cluster_template_id", TEXT).mandatory(),
    Field::new("keypair", TEXT),
    Field::new("node_count", Kind::Int { min: 0, max: COUNT_MAX }),
    Field::new("master_count", Kind::Int { min: 1, max: COUNT_MAX }),
    Field::new("docker_volume_size", Kind::Int { min: 1, max: i32::MAX as i64 }),
    Field::new("labels", Kind::Scalars),
    Field::new("master_flavor_id", TEXT),
    Field::new("flavor_id", TEXT),
    Field::new("create_timeout", Kind::Int { min: 0, max: i32::MAX as i64 }),
    Field::new("links", Kind::TextsList).read_only(),
    Field::new("stack_id", TEXT).read_only(),
    Field::new("cluster_id", TEXT).read_only(),
    Field::new("status", Kind::Word(STATUSES)),
    Field::new("status_reason", Kind::Lines { min: 0 }),
    Field::new("health_status", Kind::Word(HEALTH)),
    Field::new("health_status_reason", Kind::Object),
    Field::new("discovery_url", Kind::Text { min: 0, max: 255 }),
    Field::new("api_address", TEXT).read_only(),
    Field::new("coe_version", TEXT).read_only(),
    Field::new("container_version", TEXT).read_only(),
    Field::new("project_id", TEXT).read_only(),
    Field::new("user_id", TEXT).read_only(),
    Field::new("node_addresses", Kind::TextList).read_only(),
    Field::new("master_addresses", Kind::TextList).read_only(),
    Field::new("faults", Kind::Object),
    Field::new("fixed_network", TEXT),
    Field::new("fixed_subnet", TEXT),
    Field::new("floating_ip_enabled", Kind::Bool),
    Field::new("merge_labels", Kind::Bool),
    Field::new("labels_overridden", Kind::Scalars),
    Field::new("labels_added", Kind::Scalars),
    Field::new("labels_skipped", Kind::Scalars),
    Field::new("master_lb_enabled", Kind::Bool),
    Field::new("created_at", TEXT).read_only(),
    Field::new("updated_at", TEXT).read_only(),
];

/// The table's columns, by which lists can be sorted.
pub(crate) const COLUMNS: &[&str] = &[
    "id",
    "uuid",
    "name",
    "cluster_template_id",
    "api_address",
    "stack_id",
    "project_id",
    "user_id",
    "status",
    "status_reason",
    "discovery_url",
    "ca_cert_ref",
    "magnum_cert_ref",
    "etcd_ca_cert_ref",
    "front_proxy_ca_cert_ref",
    "create_timeout",
    "coe_version",
    "container_version",
    "keypair",
    "docker_volume_size",
    "labels",
    "master_flavor_id",
    "flavor_id",
    "health_status",
    "health_status_reason",
    "fixed_network",
    "fixed_subnet",
    "floating_ip_enabled",
    "master_lb_enabled",
    "created_at",
    "updated_at",
];

/// How many nodes the groups of a kind are to have.
pub(crate) fn count(groups: &[NodeGroup], masters: bool) -> i64 {
    groups.iter().filter(|group| group.is_master() == masters).map(|group| group.node_count).sum()
}

/// The attributes without links, as patches see them.
pub(crate) fn document(cluster: &Cluster, groups: &[NodeGroup]) -> Map<String, Value> {
    Shape { cluster, groups, caller: None, form: Form::Stored }.object()
}

/// The cluster as answered in lists.
pub(crate) fn reduced(caller: &Caller, cluster: &Cluster, groups: &[NodeGroup]) -> Value {
    Shape { cluster, groups, caller: Some(caller), form: Form::Short }.object().into()
}

/// Why groups have failed, by name.
pub(crate) fn failures(groups: &[NodeGroup]) -> Map<String, Value> {
    let failed = groups.iter().filter(|group| group.status.is_some_and(|s: ClusterStatus| s.phase() == Phase::Failed));
    failed.map(|group| (group.name.clone(), json!(group.status_reason))).collect()
}

/// How a list of clusters looks.
pub(crate) struct Listing {
    /// What follows `/v1/`.
    pub path: &'static str,
    /// The key of the list.
    pub key: &'static str,
    /// How one of them is shown: with its groups, and its template's labels if they matter.
    pub show: fn(&Caller, &Cluster, &[NodeGroup], &Labels) -> Value,
    /// Whether the groups matter for more than how many nodes they have.
    pub groups: bool,
    /// Whether the templates' labels matter.
    pub templates: bool,
}

impl Listing {
    /// A page of the visible clusters.
    pub async fn answer(&self, caller: Caller, input: Input, app: App) -> Result<Reply, Failure> {
        let page = page_by_uuid(&input, COLUMNS)?;
        if let Some(marker) = &page.marker {
            app.store.find_cluster(&caller.scope(), marker).await?;
        }
        let rows = app.store.list_clusters(&caller.scope(), &page).await?;
        let ids: Vec<_> = rows.iter().map(|cluster| cluster.uuid).collect();
        let (mut groups, mut counts) = (HashMap::<ClusterId, Vec<NodeGroup>>::new(), HashMap::new());
        if self.groups {
            for group in app.store.list_nodegroups_of(&ids).await? {
                groups.entry(group.cluster_id).or_default().push(group);
            }
        } else {
            counts.extend(app.store.count_nodes_of(&ids).await?.into_iter().map(|count| (count.cluster, count)));
        }
        let mut labels: HashMap<TemplateId, Labels> = HashMap::new();
        let mut shown = Vec::with_capacity(rows.len());
        for cluster in &rows {
            let template = cluster.cluster_template_id;
            if self.templates && !labels.contains_key(&template) {
                labels.insert(template, app.store.get_template(template).await?.labels);
            }
            let own = groups.get(&cluster.uuid).map_or(&[][..], Vec::as_slice);
            let mut one = (self.show)(&caller, cluster, own, labels.get(&template).unwrap_or(&Labels::default()));
            if let Some(count) = counts.get(&cluster.uuid) {
                one["node_count"] = count.workers.into();
                one["master_count"] = count.masters.into();
            }
            shown.push(one);
        }
        let last = rows.last().map(|cluster| cluster.uuid.to_string());
        Ok(Reply::ok(collection(&caller, &page, self.path, self.key, shown, last)))
    }
}
