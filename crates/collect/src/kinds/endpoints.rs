// SPDX-License-Identifier: Apache-2.0
//! Endpoints objects.

use crate::kind::Kind;
use crate::parse::kubernetes::{number, object_ref, optional};
use crate::parse::{list, text, text_at};
use magnum_facts::Fact;
use magnum_facts::coe::{EndpointAddress, Endpoints, KubernetesFacts};
use serde_json::Value;

pub(crate) static KIND: Kind = Kind {
    topic: KubernetesFacts::ENDPOINTS,
    plural: "endpoints",
    kind: "Endpoints",
    path: "/api/v1/endpoints",
    names_only: false,
    read: |facts, list, source| facts.endpoints = Fact::seen(endpoints(list), source),
};

/// Endpoints objects.
fn endpoints(document: &Value) -> Vec<Endpoints> {
    let address = |a: &Value| EndpointAddress {
        ip: text(a, "ip").to_owned(),
        node: optional(text(a, "nodeName")),
        target: a.get("targetRef").map(object_ref),
    };
    let one = |item: &Value| {
        let of = |key: &str| list(item, "/subsets").flat_map(|s| list(s, key).map(address).collect::<Vec<_>>()).collect();
        Endpoints {
            namespace: text_at(item, "/metadata/namespace").to_owned(),
            name: text_at(item, "/metadata/name").to_owned(),
            ready: of("/addresses"),
            not_ready: of("/notReadyAddresses"),
            ports: list(item, "/subsets").flat_map(|s| list(s, "/ports").map(|p| number(p, "/port")).collect::<Vec<_>>()).collect(),
        }
    };
    list(document, "/items").map(one).collect()
}
