// SPDX-License-Identifier: Apache-2.0
//! A bay, as clusters were called until 2016: the same row under other names (`magnum-api.md` 1.16.1).

use crate::caller::Caller;
use crate::operations::clusters::cluster::{STATUSES, document, failures};
use crate::typed::{Field, Kind, Record, TEXT};
use magnum_store::{Cluster, NodeGroup};
use magnum_types::Phase;
use serde_json::{Map, Value};

const COUNT: Kind = Kind::Int { min: 1, max: 100_000 };

/// In the order of answers.
pub(crate) const FIELDS: &[Field] = &[
    Field::new("uuid", Kind::Uuid),
    Field::new("name", Kind::Name),
    Field::new("baymodel_id", TEXT).mandatory(),
    Field::new("node_count", COUNT),
    Field::new("master_count", COUNT),
    Field::new("docker_volume_size", Kind::Int { min: 1, max: i32::MAX as i64 }),
    Field::new("labels", Kind::Scalars),
    Field::new("master_flavor_id", TEXT),
    Field::new("flavor_id", TEXT),
    Field::new("bay_create_timeout", Kind::Int { min: 0, max: i32::MAX as i64 }),
    Field::new("links", Kind::TextsList).read_only(),
    Field::new("stack_id", TEXT).read_only(),
    Field::new("status", Kind::Word(STATUSES)),
    Field::new("status_reason", Kind::Lines { min: 0 }),
    Field::new("discovery_url", Kind::Text { min: 0, max: 255 }),
    Field::new("api_address", TEXT).read_only(),
    Field::new("coe_version", TEXT).read_only(),
    Field::new("container_version", TEXT).read_only(),
    Field::new("node_addresses", Kind::TextList).read_only(),
    Field::new("master_addresses", Kind::TextList).read_only(),
    Field::new("bay_faults", Kind::Object),
    Field::new("fixed_network", TEXT),
    Field::new("fixed_subnet", TEXT),
    Field::new("floating_ip_enabled", Kind::Bool),
    Field::new("master_lb_enabled", Kind::Bool),
    Field::new("created_at", TEXT).read_only(),
    Field::new("updated_at", TEXT).read_only(),
];

/// Keys of the short form in lists.
const REDUCED: [&str; 13] = [
    "uuid",
    "name",
    "baymodel_id",
    "node_count",
    "master_count",
    "docker_volume_size",
    "labels",
    "master_flavor_id",
    "flavor_id",
    "bay_create_timeout",
    "links",
    "stack_id",
    "status",
];

/// Names of 2015 and those that took their place.
const NAMES: [(&str, &str); 3] =
    [("baymodel_id", "cluster_template_id"), ("bay_create_timeout", "create_timeout"), ("bay_faults", "faults")];

/// The request under today's names.
pub(crate) fn renamed(record: Record) -> Record {
    NAMES.iter().fold(record, |record, (old, new)| record.renamed(old, new))
}

/// The attributes without links, as patches see them.
pub(crate) fn attributes(cluster: &Cluster, groups: &[NodeGroup]) -> Map<String, Value> {
    let mut today = document(cluster, groups);
    for (old, new) in NAMES {
        if let Some(value) = today.remove(new) {
            today.insert(old.to_owned(), value);
        }
    }
    FIELDS.iter().filter_map(|field| Some((field.name.to_owned(), today.remove(field.name)?))).collect()
}

/// The bay as answered in lists.
pub(crate) fn reduced(caller: &Caller, cluster: &Cluster, groups: &[NodeGroup]) -> Value {
    let mut shown = linked(caller, cluster, groups);
    shown.retain(|key, _| REDUCED.contains(&key.as_str()));
    Value::Object(shown)
}

/// The whole bay; with what has failed where only one is shown.
pub(crate) fn full(caller: &Caller, cluster: &Cluster, groups: &[NodeGroup], faults: bool) -> Value {
    let mut shown = linked(caller, cluster, groups);
    if faults && cluster.status.is_some_and(|status| status.phase() == Phase::Failed) {
        shown.insert("bay_faults".to_owned(), failures(groups).into());
    }
    Value::Object(shown)
}

fn linked(caller: &Caller, cluster: &Cluster, groups: &[NodeGroup]) -> Map<String, Value> {
    let mut shown = Map::new();
    for (key, value) in attributes(cluster, groups) {
        if key == "stack_id" {
            shown.insert("links".to_owned(), caller.links(&format!("bays/{}", cluster.uuid)));
        }
        shown.insert(key, value);
    }
    shown
}
