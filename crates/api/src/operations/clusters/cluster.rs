// SPDX-License-Identifier: Apache-2.0
//! A cluster on the wire: its fields and its two forms.

use crate::app::App;
use crate::caller::Caller;
use crate::failure::Failure;
use crate::input::Input;
use crate::moment::iso;
use crate::paging::{collection, page_by_uuid};
use crate::reply::Reply;
use crate::typed::{Field, Kind, TEXT};
use magnum_store::{Cluster, NodeGroup};
use magnum_types::{ClusterId, ClusterStatus, Labels, Microversion, Phase, TemplateId};
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

fn addresses(groups: &[NodeGroup], masters: bool) -> Vec<&String> {
    groups.iter().filter(|group| group.is_master() == masters).flat_map(|group| &group.node_addresses).collect()
}

/// The attributes without links, as patches see them.
pub(crate) fn document(cluster: &Cluster, groups: &[NodeGroup]) -> Map<String, Value> {
    let value = json!({
        "uuid": cluster.uuid,
        "name": cluster.name,
        "cluster_template_id": cluster.cluster_template_id,
        "keypair": cluster.keypair,
        "node_count": count(groups, false),
        "master_count": count(groups, true),
        "docker_volume_size": cluster.docker_volume_size,
        "labels": cluster.labels,
        "master_flavor_id": cluster.master_flavor_id,
        "flavor_id": cluster.flavor_id,
        "create_timeout": cluster.create_timeout,
        "stack_id": cluster.stack_id,
        "status": cluster.status,
        "status_reason": cluster.status_reason,
        "health_status": cluster.health_status,
        "health_status_reason": cluster.health_status_reason,
        "discovery_url": cluster.discovery_url,
        "api_address": cluster.api_address,
        "coe_version": cluster.coe_version,
        "container_version": cluster.container_version,
        "project_id": cluster.project_id,
        "user_id": cluster.user_id,
        "node_addresses": addresses(groups, false),
        "master_addresses": addresses(groups, true),
        "fixed_network": cluster.fixed_network,
        "fixed_subnet": cluster.fixed_subnet,
        "floating_ip_enabled": cluster.floating_ip_enabled,
        "master_lb_enabled": cluster.master_lb_enabled,
        "created_at": iso(cluster.created_at),
        "updated_at": iso(cluster.updated_at),
    });
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

/// Keys of the short form in lists.
const REDUCED: [&str; 15] = [
    "uuid",
    "name",
    "cluster_template_id",
    "keypair",
    "node_count",
    "master_count",
    "docker_volume_size",
    "labels",
    "master_flavor_id",
    "flavor_id",
    "create_timeout",
    "links",
    "stack_id",
    "status",
    "health_status",
];

/// The cluster as answered in lists.
pub(crate) fn reduced(caller: &Caller, cluster: &Cluster, groups: &[NodeGroup]) -> Value {
    let mut shown = linked(caller, cluster, groups);
    shown.retain(|key, _| REDUCED.contains(&key.as_str()) || key == "cluster_id");
    shown.insert("merge_labels".to_owned(), json!(false));
    Value::Object(shown)
}

/// The whole cluster; `template` are its template's labels, `faults` is for the single object only.
pub(crate) fn full(caller: &Caller, cluster: &Cluster, groups: &[NodeGroup], template: &Labels, faults: bool) -> Value {
    let mut shown = Map::new();
    for (key, value) in linked(caller, cluster, groups) {
        let name = key.clone();
        shown.insert(key, value);
        match name.as_str() {
            "master_addresses" if faults && cluster.status.is_some_and(|s| s.phase() == Phase::Failed) => {
                shown.insert("faults".to_owned(), failures(groups));
            }
            "floating_ip_enabled" => {
                shown.insert("merge_labels".to_owned(), json!(false));
                shown.insert("labels_overridden".to_owned(), json!(cluster.labels.overridden(template)));
                shown.insert("labels_added".to_owned(), json!(cluster.labels.added(template)));
                shown.insert("labels_skipped".to_owned(), json!(cluster.labels.skipped(template)));
            }
            _ => {}
        }
    }
    Value::Object(shown)
}

/// Why groups have failed, by name.
pub(crate) fn failures(groups: &[NodeGroup]) -> Value {
    let failed = groups.iter().filter(|group| group.status.is_some_and(|s: ClusterStatus| s.phase() == Phase::Failed));
    Value::Object(failed.map(|group| (group.name.clone(), json!(group.status_reason))).collect())
}

/// With links, and with the engine's id under the name of the caller's version.
fn linked(caller: &Caller, cluster: &Cluster, groups: &[NodeGroup]) -> Map<String, Value> {
    let stack = if caller.version >= Microversion::v1(13) { "cluster_id" } else { "stack_id" };
    let mut shown = Map::new();
    for (key, value) in document(cluster, groups) {
        if key == "stack_id" {
            shown.insert("links".to_owned(), caller.links(&format!("clusters/{}", cluster.uuid)));
            shown.insert(stack.to_owned(), value);
        } else {
            shown.insert(key, value);
        }
    }
    shown
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
