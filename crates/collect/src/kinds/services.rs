// SPDX-License-Identifier: Apache-2.0
//! Service objects.

use crate::kind::Kind;
use crate::parse::kubernetes::{map, number, optional};
use crate::parse::{list, text, text_at, time};
use magnum_facts::Fact;
use magnum_facts::coe::{KubernetesFacts, Service, ServicePort};
use serde_json::Value;

pub(crate) static KIND: Kind = Kind {
    topic: KubernetesFacts::SERVICES,
    plural: "services",
    kind: "Service",
    path: "/api/v1/services",
    names_only: false,
    read: |facts, list, source| facts.services = Fact::seen(services(list), source),
};

/// Services.
fn services(document: &Value) -> Vec<Service> {
    let port = |p: &Value| ServicePort {
        name: text(p, "name").to_owned(),
        protocol: text(p, "protocol").to_owned(),
        port: number(p, "/port"),
        target: match p.get("targetPort") {
            Some(Value::String(name)) => name.clone(),
            Some(other) => other.to_string(),
            None => String::new(),
        },
        node_port: p.get("nodePort").and_then(Value::as_u64).and_then(|n| u16::try_from(n).ok()),
    };
    let service = |item: &Value| Service {
        namespace: text_at(item, "/metadata/namespace").to_owned(),
        name: text_at(item, "/metadata/name").to_owned(),
        kind: text_at(item, "/spec/type").to_owned(),
        cluster_ip: optional(text_at(item, "/spec/clusterIP")),
        selector: map(item, "/spec/selector"),
        ports: list(item, "/spec/ports").map(port).collect(),
        external_traffic: text_at(item, "/spec/externalTrafficPolicy").to_owned(),
        publish_not_ready: item.pointer("/spec/publishNotReadyAddresses").and_then(Value::as_bool).unwrap_or(false),
        created: time(text_at(item, "/metadata/creationTimestamp")),
    };
    list(document, "/items").map(service).collect()
}
