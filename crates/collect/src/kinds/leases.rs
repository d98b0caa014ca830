// SPDX-License-Identifier: Apache-2.0
//! Lease objects.

use crate::kind::Kind;
use crate::parse::{list, text_at, time};
use magnum_facts::Fact;
use magnum_facts::coe::{KubernetesFacts, Lease};
use serde_json::Value;

pub(crate) static KIND: Kind = Kind {
    topic: KubernetesFacts::LEASES,
    plural: "leases.coordination.k8s.io",
    kind: "Lease",
    path: "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases",
    names_only: false,
    read: |facts, list, source| facts.leases = Fact::seen(leases(list), source),
};

/// Leases.
fn leases(document: &Value) -> Vec<Lease> {
    let lease = |item: &Value| Lease {
        namespace: text_at(item, "/metadata/namespace").to_owned(),
        name: text_at(item, "/metadata/name").to_owned(),
        holder: text_at(item, "/spec/holderIdentity").to_owned(),
        renewed: time(text_at(item, "/spec/renewTime")),
        duration_seconds: item.pointer("/spec/leaseDurationSeconds").and_then(Value::as_u64).and_then(|n| u32::try_from(n).ok()),
    };
    list(document, "/items").map(lease).collect()
}
