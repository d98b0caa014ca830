// SPDX-License-Identifier: Apache-2.0
//! Magnum's JSON patch, for every resource that takes one: what a patch does not name stays as it was, what may not be changed is
//! not, and the same replacement again changes nothing.

use magnum_api::fuzzing::{Patch, patches};
use serde_json::{Map, Value, json};

/// A request's body.
pub fn check(data: &[u8]) {
    let before = document();
    for patch in patches() {
        match patch.apply(data, before.clone()) {
            Ok(after) => right(&patch, data, &before, &after),
            Err(status) => assert_eq!(status, 400, "{}", patch.path),
        }
    }
}

fn right(patch: &Patch, body: &[u8], before: &Map<String, Value>, after: &Map<String, Value>) {
    let steps: Value = serde_json::from_slice(body).unwrap_or_default();
    let of = |step: &Value, key: &str| step.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let steps: Vec<(String, String)> = steps.as_array().into_iter().flatten().map(|step| (of(step, "op"), of(step, "path"))).collect();
    let named = |attribute: &str| steps.iter().any(|(_, path)| path.split('/').nth(1) == Some(attribute));
    for (attribute, value) in before {
        assert!(named(attribute) || after.get(attribute) == Some(value), "{}: {attribute} changed", patch.path);
    }
    for attribute in after.keys() {
        assert!(before.contains_key(attribute), "{}: {attribute} was added", patch.path);
    }
    for attribute in patch.internal() {
        assert_eq!(before.get(attribute), after.get(attribute), "{}: {attribute} changed", patch.path);
    }
    for attribute in patch.mandatory() {
        assert_eq!(before.contains_key(*attribute), after.contains_key(*attribute), "{}: {attribute} was removed", patch.path);
    }
    if steps.iter().all(|(op, _)| op == "replace")
        && let Ok(again) = patch.apply(body, after.clone())
    {
        assert_eq!(&again, after, "{}", patch.path);
    }
}

/// Attributes of each kind, as several resources have them.
fn document() -> Map<String, Value> {
    let document = json!({
        "id": 7, "uuid": "u", "name": "n", "cluster_template_id": "t", "baymodel_id": "t", "node_count": 2, "labels": {"a": "1", "b": "2"},
        "health_status": null, "health_status_reason": {"api": "ok"}, "node_addresses": ["10.0.0.5", "10.0.0.6"], "stack_id": "s",
        "node_labels": {"x": "y"}, "node_taints": [{"key": "k"}], "public": false, "keypair_id": null, "image_id": "i", "coe": "kubernetes",
        "project_id": "p", "user_id": "u", "links": [], "created_at": "c", "updated_at": null, "properties": {"p": {"q": "r"}}, "tags": "t",
        "hostcluster_id": "h", "member_ids": ["m"], "flavor_id": null, "min_node_count": 1, "max_node_count": null, "status": "s",
    });
    document.as_object().cloned().unwrap_or_default()
}
