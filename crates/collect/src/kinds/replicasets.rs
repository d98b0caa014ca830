// SPDX-License-Identifier: Apache-2.0
//! ReplicaSet objects.

use crate::kind::Kind;
use crate::parse::kubernetes::{conditions, number, object_ref};
use crate::parse::{list, text_at};
use magnum_facts::Fact;
use magnum_facts::coe::{KubernetesFacts, ReplicaSet};
use serde_json::Value;

pub(crate) static KIND: Kind = Kind {
    topic: KubernetesFacts::REPLICA_SETS,
    plural: "replicasets",
    kind: "ReplicaSet",
    path: "/apis/apps/v1/replicasets",
    names_only: false,
    read: |facts, list, source| facts.replica_sets = Fact::seen(replica_sets(list), source),
};

fn replica_sets(document: &Value) -> Vec<ReplicaSet> {
    let one = |item: &Value| ReplicaSet {
        namespace: text_at(item, "/metadata/namespace").to_owned(),
        name: text_at(item, "/metadata/name").to_owned(),
        owner: list(item, "/metadata/ownerReferences").next().map(object_ref),
        desired: number(item, "/spec/replicas"),
        replicas: number(item, "/status/replicas"),
        ready: number(item, "/status/readyReplicas"),
        conditions: conditions(item),
    };
    list(document, "/items").map(one).collect()
}
