// SPDX-License-Identifier: Apache-2.0
//! Node objects.

use crate::kind::Kind;
use crate::parse::kubernetes::{conditions, map, optional};
use crate::parse::{list, text, text_at};
use magnum_facts::Fact;
use magnum_facts::coe::{KubeNode, KubernetesFacts};
use serde_json::Value;

pub(crate) static KIND: Kind = Kind {
    topic: KubernetesFacts::NODES,
    plural: "nodes",
    kind: "Node",
    path: "/api/v1/nodes",
    names_only: false,
    read: |facts, list, source| facts.nodes = Fact::seen(nodes(list), source),
};

/// Node objects.
fn nodes(document: &Value) -> Vec<KubeNode> {
    let taint = |t: &Value| format!("{}={}:{}", text(t, "key"), text(t, "value"), text(t, "effect"));
    let node = |item: &Value| KubeNode {
        name: text_at(item, "/metadata/name").to_owned(),
        conditions: conditions(item),
        taints: list(item, "/spec/taints").map(taint).collect(),
        labels: map(item, "/metadata/labels"),
        unschedulable: item.pointer("/spec/unschedulable").and_then(Value::as_bool).unwrap_or(false),
        pod_cidr: optional(text_at(item, "/spec/podCIDR")),
        internal_ip: list(item, "/status/addresses").find(|a| text(a, "type") == "InternalIP").and_then(|a| optional(text(a, "address"))),
        kubelet_version: text_at(item, "/status/nodeInfo/kubeletVersion").to_owned(),
        allocatable: map(item, "/status/allocatable"),
    };
    list(document, "/items").map(node).collect()
}
