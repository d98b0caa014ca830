// SPDX-License-Identifier: Apache-2.0
//! A federation on the wire. No driver can make one work: what is asked for is kept, with the reason in its status
//! (Magnum answers the same and keeps nothing).

use crate::caller::Caller;
use crate::moment::iso;
use crate::operations::clusters::cluster::STATUSES;
use crate::typed::{Field, Kind, TEXT};
use magnum_store::Federation;
use serde_json::{Map, Value, json};

pub(crate) const FIELDS: &[Field] = &[
    Field::new("uuid", Kind::Uuid),
    Field::new("name", Kind::Name),
    Field::new("hostcluster_id", TEXT),
    Field::new("member_ids", Kind::TextList),
    Field::new("status", Kind::Word(STATUSES)),
    Field::new("status_reason", Kind::Lines { min: 0 }),
    Field::new("properties", Kind::Texts),
    Field::new("links", Kind::TextsList).read_only(),
    Field::new("created_at", TEXT).read_only(),
    Field::new("updated_at", TEXT).read_only(),
];

/// The table's columns, by which lists can be sorted.
pub(crate) const COLUMNS: &[&str] = &[
    "id",
    "uuid",
    "name",
    "project_id",
    "hostcluster_id",
    "member_ids",
    "status",
    "status_reason",
    "properties",
    "created_at",
    "updated_at",
];

/// Why none comes to work.
pub(crate) const REASON: &str = "Federations are not supported by the driver of the host cluster.";

/// The attributes without links, as patches see them.
pub(crate) fn attributes(federation: &Federation) -> Map<String, Value> {
    let value = json!({
        "uuid": federation.uuid,
        "name": federation.name,
        "hostcluster_id": federation.hostcluster_id,
        "member_ids": federation.member_ids,
        "status": federation.status,
        "status_reason": federation.status_reason,
        "properties": federation.properties,
        "created_at": iso(federation.created_at),
        "updated_at": iso(federation.updated_at),
    });
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

/// The federation as answered; in lists without its reason and its times.
pub(crate) fn show(caller: &Caller, federation: &Federation, whole: bool) -> Value {
    let mut shown = Map::new();
    for (key, value) in attributes(federation) {
        if !whole && matches!(key.as_str(), "status_reason" | "created_at" | "updated_at") {
            continue;
        }
        let last = key == "properties";
        shown.insert(key, value);
        if last {
            shown.insert("links".to_owned(), caller.links(&format!("federations/{}", federation.uuid)));
        }
    }
    Value::Object(shown)
}
