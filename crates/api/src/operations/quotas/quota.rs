// SPDX-License-Identifier: Apache-2.0
//! A quota on the wire.

use crate::moment::iso;
use crate::typed::{Field, Kind, TEXT};
use magnum_store::Quota;
use serde_json::{Value, json};

pub(crate) const FIELDS: &[Field] = &[
    Field::new("id", Kind::Int { min: 1, max: i64::MAX }),
    Field::new("hard_limit", Kind::Int { min: 0, max: i32::MAX as i64 }),
    Field::new("project_id", TEXT),
    Field::new("resource", Kind::Word(&["Cluster"])),
    Field::new("created_at", TEXT).read_only(),
    Field::new("updated_at", TEXT).read_only(),
];

/// The table's columns, by which lists can be sorted.
pub(crate) const COLUMNS: &[&str] = &["id", "created_at", "updated_at", "project_id", "resource", "hard_limit"];

/// The quota as answered.
pub(crate) fn show(quota: &Quota) -> Value {
    json!({
        "id": quota.id,
        "hard_limit": quota.hard_limit,
        "project_id": quota.project_id,
        "resource": quota.resource,
        "created_at": iso(quota.created_at),
        "updated_at": iso(quota.updated_at),
    })
}
