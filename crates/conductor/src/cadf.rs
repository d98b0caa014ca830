// SPDX-License-Identifier: Apache-2.0
//! An operation on a cluster as an event of the Cloud Auditing Data Federation (DMTF DSP0262), with the fields and the
//! content that Magnum gives it. Pure: time and ids are parameters.

use jiff::Timestamp;
use magnum_store::Whole;
use magnum_types::Action;
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// How far an operation has come, in CADF's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Pending,
    Success,
    Failure,
}

/// What makes an event this one: its time, and the ids of event, observer and initiator.
pub(crate) struct Stamp {
    pub at: Timestamp,
    pub ids: [Uuid; 3],
}

impl Stamp {
    /// Of now.
    pub fn now() -> Self {
        Self { at: Timestamp::now(), ids: std::array::from_fn(|_| Uuid::new_v4()) }
    }
}

const EVENT: &str = "http://schemas.dmtf.org/cloud/audit/1.0/event";
const USER: &str = "service/security/account/user";
const CLUSTER: &str = "service/magnum/cluster";

/// The name of the event for its listeners, such as `magnum.cluster.create`.
pub(crate) fn event_type(action: Action) -> String {
    format!("magnum.cluster.{}", word(action))
}

/// The event. `context` says who asked.
pub(crate) fn event(whole: &Whole, action: Action, outcome: Outcome, context: &Map<String, Value>, stamp: &Stamp) -> Map<String, Value> {
    let [id, observer, initiator] = stamp.ids;
    let mut who = map(json!({"id": initiator, "typeURI": USER}));
    for key in ["user_id", "project_id", "domain_id"] {
        if let Some(Value::String(value)) = context.get(key) {
            who.insert(key.to_owned(), Value::String(value.clone()));
        }
    }
    let outcome = match outcome {
        Outcome::Pending => "pending",
        Outcome::Success => "success",
        Outcome::Failure => "failure",
    };
    map(json!({
        "typeURI": EVENT,
        "eventType": "activity",
        "id": id,
        "eventTime": stamp.at.strftime("%Y-%m-%dT%H:%M:%S%.6f+0000").to_string(),
        "action": word(action),
        "outcome": outcome,
        "observer": {"id": observer, "typeURI": CLUSTER},
        "initiator": who,
        "target": {
            "id": whole.cluster.uuid,
            "typeURI": CLUSTER,
            "name": whole.cluster.name,
            "attachments": [{"typeURI": CLUSTER, "content": content(whole), "name": "cluster_data"}],
        },
    }))
}

fn word(action: Action) -> &'static str {
    match action {
        Action::Create => "create",
        Action::Update => "update",
        Action::Delete => "delete",
    }
}

fn content(whole: &Whole) -> Value {
    let cluster = &whole.cluster;
    let groups = |masters: bool| whole.groups.iter().filter(move |group| group.is_master() == masters);
    let addresses = |masters: bool| -> Vec<&String> { groups(masters).flat_map(|group| &group.node_addresses).collect() };
    let count = |masters: bool| -> i64 { groups(masters).map(|group| group.node_count).sum() };
    let time = |at: Option<Timestamp>| at.map(|at| at.strftime("%Y-%m-%dT%H:%M:%S%.6f").to_string());
    json!({
        "status": cluster.status,
        "status_reason": cluster.status_reason,
        "project_id": cluster.project_id,
        "created_at": time(cluster.created_at),
        "updated_at": time(cluster.updated_at),
        "cluster_template_id": cluster.cluster_template_id,
        "keypair": cluster.keypair,
        // The colon is part of the name: listeners know it so.
        "docker_volume_size:": cluster.docker_volume_size,
        "labels": cluster.labels,
        "master_flavor_id": cluster.master_flavor_id,
        "flavor_id": cluster.flavor_id,
        "stack_id": cluster.stack_id,
        "health_status": cluster.health_status,
        "create_timeout": cluster.create_timeout,
        "api_address": cluster.api_address,
        "discovery_url": cluster.discovery_url,
        "node_addresses": addresses(false),
        "master_addresses": addresses(true),
        "node_count": count(false),
        "master_count": count(true),
    })
}

fn map(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
