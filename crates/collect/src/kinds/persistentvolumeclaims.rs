// SPDX-License-Identifier: Apache-2.0
//! PersistentVolumeClaim objects.

use crate::kind::Kind;
use crate::parse::kubernetes::optional;
use crate::parse::{list, text_at, time};
use magnum_facts::Fact;
use magnum_facts::coe::{Claim, KubernetesFacts};
use serde_json::Value;

pub(crate) static KIND: Kind = Kind {
    topic: KubernetesFacts::CLAIMS,
    plural: "persistentvolumeclaims",
    kind: "PersistentVolumeClaim",
    path: "/api/v1/persistentvolumeclaims",
    names_only: false,
    read: |facts, list, source| facts.claims = Fact::seen(claims(list), source),
};

fn claims(document: &Value) -> Vec<Claim> {
    let one = |item: &Value| Claim {
        namespace: text_at(item, "/metadata/namespace").to_owned(),
        name: text_at(item, "/metadata/name").to_owned(),
        phase: text_at(item, "/status/phase").to_owned(),
        class: item.pointer("/spec/storageClassName").and_then(Value::as_str).map(str::to_owned),
        volume: optional(text_at(item, "/spec/volumeName")),
        created: time(text_at(item, "/metadata/creationTimestamp")),
    };
    list(document, "/items").map(one).collect()
}
