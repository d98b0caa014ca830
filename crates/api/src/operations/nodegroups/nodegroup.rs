// SPDX-License-Identifier: Apache-2.0
//! A node group on the wire: its fields, its forms, and what Kubernetes would refuse.

use crate::caller::Caller;
use crate::failure::Failure;
use crate::moment::iso;
use crate::operations::clusters::cluster::STATUSES;
use crate::typed::{Field, Kind, TEXT};
use magnum_store::NodeGroup;
use magnum_types::{Labels, Role};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

const COUNT: Kind = Kind::Int { min: 0, max: 100_000 };

/// In the order of answers.
pub(crate) const FIELDS: &[Field] = &[
    Field::new("id", Kind::Int { min: 1, max: i64::MAX }),
    Field::new("uuid", Kind::Uuid),
    Field::new("name", TEXT),
    Field::new("cluster_id", Kind::Uuid),
    Field::new("project_id", TEXT).read_only(),
    Field::new("docker_volume_size", Kind::Int { min: 1, max: i32::MAX as i64 }),
    Field::new("labels", Kind::Scalars),
    Field::new("links", Kind::TextsList).read_only(),
    Field::new("flavor_id", TEXT),
    Field::new("image_id", TEXT),
    Field::new("node_addresses", Kind::TextList).read_only(),
    Field::new("node_count", COUNT),
    Field::new("role", TEXT),
    Field::new("min_node_count", COUNT),
    Field::new("max_node_count", COUNT),
    Field::new("is_default", Kind::Bool),
    Field::new("stack_id", TEXT).read_only(),
    Field::new("status", Kind::Word(STATUSES)),
    Field::new("status_reason", Kind::Lines { min: 0 }),
    Field::new("version", TEXT),
    Field::new("merge_labels", Kind::Bool),
    Field::new("labels_overridden", Kind::Scalars),
    Field::new("labels_added", Kind::Scalars),
    Field::new("labels_skipped", Kind::Scalars),
    Field::new("node_labels", Kind::Texts),
    Field::new("node_taints", Kind::TextsList),
    Field::new("created_at", TEXT).read_only(),
    Field::new("updated_at", TEXT).read_only(),
];

/// The table's columns, by which lists can be sorted.
pub(crate) const COLUMNS: &[&str] = &[
    "id",
    "uuid",
    "name",
    "cluster_id",
    "project_id",
    "docker_volume_size",
    "labels",
    "flavor_id",
    "image_id",
    "node_addresses",
    "node_count",
    "max_node_count",
    "min_node_count",
    "role",
    "is_default",
    "stack_id",
    "status",
    "status_reason",
    "version",
    "node_labels",
    "node_taints",
    "created_at",
    "updated_at",
];

/// The attributes that the table holds, as patches see them.
pub(crate) fn document(group: &NodeGroup) -> Map<String, Value> {
    let value = json!({
        "id": group.id,
        "uuid": group.uuid,
        "name": group.name,
        "cluster_id": group.cluster_id,
        "project_id": group.project_id,
        "docker_volume_size": group.docker_volume_size,
        "labels": group.labels,
        "flavor_id": group.flavor_id,
        "image_id": group.image_id,
        "node_addresses": group.node_addresses,
        "node_count": group.node_count,
        "role": group.role,
        "min_node_count": group.min_node_count,
        "max_node_count": group.max_node_count,
        "is_default": group.is_default,
        "stack_id": group.stack_id,
        "status": group.status,
        "status_reason": group.status_reason,
        "version": group.version,
        "node_labels": group.node_labels,
        "node_taints": group.node_taints,
        "created_at": iso(group.created_at),
        "updated_at": iso(group.updated_at),
    });
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

/// The group as answered in lists. The limits always read 0 and null there, as Magnum has it.
pub(crate) fn reduced(group: &NodeGroup) -> Value {
    json!({
        "uuid": group.uuid,
        "name": group.name,
        "flavor_id": group.flavor_id,
        "image_id": group.image_id,
        "node_count": group.node_count,
        "role": group.role,
        "min_node_count": 0,
        "max_node_count": null,
        "is_default": group.is_default,
        "stack_id": group.stack_id,
        "status": group.status,
        "merge_labels": false,
    })
}

/// The whole group; `cluster` are its cluster's labels.
pub(crate) fn full(caller: &Caller, group: &NodeGroup, cluster: &Labels) -> Value {
    let mut shown = Map::new();
    for (key, value) in document(group) {
        let name = key.clone();
        shown.insert(key, value);
        match name.as_str() {
            "labels" => {
                shown.insert("links".to_owned(), caller.links(&format!("clusters/{}/nodegroups/{}", group.cluster_id, group.uuid)));
            }
            "version" => {
                shown.insert("merge_labels".to_owned(), json!(false));
                shown.insert("labels_overridden".to_owned(), json!(group.labels.overridden(cluster)));
                shown.insert("labels_added".to_owned(), json!(group.labels.added(cluster)));
                shown.insert("labels_skipped".to_owned(), json!(group.labels.skipped(cluster)));
            }
            _ => {}
        }
    }
    Value::Object(shown)
}

/// `attribute` of the group `name` cannot be so.
pub(crate) fn invalid(attribute: &str, name: &str, why: &str) -> Failure {
    Failure::conflict(format!("{attribute} for {name} is invalid ({why})."))
}

/// The number of nodes lies between the limits; a maximum of 0 is none.
pub(crate) fn check_limits(name: &str, count: i64, least: i64, most: Option<i64>) -> Result<(), Failure> {
    if let Some(most) = most.filter(|most| *most > 0) {
        if least > most {
            return Err(invalid(
                "max_node_count",
                name,
                &format!("min_node_count ({least}) should be less or equal to max_node_count ({most})"),
            ));
        }
        if count > most {
            return Err(invalid(
                "max_node_count",
                name,
                &format!("node_count ({count}) should be less or equal to max_node_count ({most})"),
            ));
        }
    }
    if least > count {
        return Err(invalid("min_node_count", name, &format!("min_node_count ({least}) should be less or equal to node_count ({count})")));
    }
    Ok(())
}

const PREFIXES: [&str; 2] = ["kubelet.kubernetes.io", "node.kubernetes.io"];
const ALLOWED: [&str; 12] = [
    "beta.kubernetes.io/arch",
    "beta.kubernetes.io/instance-type",
    "beta.kubernetes.io/os",
    "failure-domain.beta.kubernetes.io/region",
    "failure-domain.beta.kubernetes.io/zone",
    "kubernetes.io/arch",
    "kubernetes.io/hostname",
    "kubernetes.io/os",
    "node.kubernetes.io/instance-type",
    "node.kubernetes.io/windows-build",
    "topology.kubernetes.io/region",
    "topology.kubernetes.io/zone",
];

/// Labels that a kubelet refuses to start with, and labels of masters, which Magnum does not let be set.
pub(crate) fn check_labels(name: &str, role: &str, labels: &BTreeMap<String, String>) -> Result<(), Failure> {
    if !labels.is_empty() && Role::from_wire(role) == Role::Master {
        return Err(invalid("node_labels", name, "node_labels may not be set on master nodegroups"));
    }
    for (key, value) in labels {
        let prefix = key.split_once('/').map_or("", |(prefix, _)| prefix);
        let reserved = ["kubernetes.io", "k8s.io"].iter().any(|own| prefix == *own || prefix.ends_with(&format!(".{own}")));
        if reserved && !PREFIXES.contains(&prefix) && !ALLOWED.contains(&key.as_str()) {
            let why = format!(
                "node label '{key}' is in a restricted Kubernetes namespace; the kubelet will refuse to start. Labels in the kubernetes.io/ and k8s.io/ \
                 namespaces must use one of the allowed prefixes ({}) or be one of the allowed labels ({}).",
                PREFIXES.join(", "),
                ALLOWED.join(", ")
            );
            return Err(invalid("node_labels", name, &why));
        }
        if !is_key(key) || !is_value(value) {
            return Err(invalid("node_labels", name, &format!("'{key}={value}' is not a Kubernetes label")));
        }
    }
    Ok(())
}

/// Taints that Kubernetes does not know.
pub(crate) fn check_taints(name: &str, role: &str, taints: &[Value]) -> Result<(), Failure> {
    const EFFECTS: [&str; 3] = ["NoSchedule", "PreferNoSchedule", "NoExecute"];
    if !taints.is_empty() && Role::from_wire(role) == Role::Master {
        return Err(invalid("node_taints", name, "node_taints may not be set on master nodegroups"));
    }
    for (at, taint) in taints.iter().enumerate() {
        let refuse = |why: String| Err(invalid("node_taints", name, &format!("node_taints[{at}]{why}")));
        let Value::Object(map) = taint else { return refuse(" is not an object".to_owned()) };
        let text = |key: &str| map.get(key).and_then(Value::as_str).unwrap_or_default();
        let mut odd: Vec<&str> = map.keys().map(String::as_str).filter(|key| !["key", "value", "effect"].contains(key)).collect();
        odd.sort_unstable();
        if !odd.is_empty() {
            return refuse(format!(" contains unrecognised field(s) {}; allowed fields are key, value, effect", odd.join(", ")));
        }
        if text("key").is_empty() {
            return refuse(".key is required".to_owned());
        }
        if !EFFECTS.contains(&text("effect")) {
            return refuse(format!(".effect must be one of {}", EFFECTS.join(", ")));
        }
        if !is_key(text("key")) || !is_value(text("value")) {
            return refuse(" is not a Kubernetes taint".to_owned());
        }
    }
    Ok(())
}

fn is_word(text: &str) -> bool {
    let ends = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    text.len() <= 63
        && ends(text.chars().next())
        && ends(text.chars().last())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
}

fn is_key(key: &str) -> bool {
    let domain = |text: &str| {
        text.len() <= 253 && text.split('.').all(|part| is_word(part) && !part.contains('_') && part == part.to_ascii_lowercase())
    };
    match key.split_once('/') {
        None => is_word(key),
        Some((prefix, name)) => domain(prefix) && is_word(name),
    }
}

fn is_value(value: &str) -> bool {
    value.is_empty() || is_word(value)
}
