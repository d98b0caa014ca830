// SPDX-License-Identifier: Apache-2.0
//! ClusterRoleBinding objects.

use crate::kind::Kind;
use crate::parse::{list, text, text_at};
use magnum_facts::Fact;
use magnum_facts::coe::{Binding, KubernetesFacts};
use serde_json::Value;

pub(crate) static KIND: Kind = Kind {
    topic: KubernetesFacts::BINDINGS,
    plural: "clusterrolebindings",
    kind: "ClusterRoleBinding",
    path: "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
    names_only: false,
    read: |facts, list, source| facts.bindings = Fact::seen(bindings(list), source),
};

fn bindings(document: &Value) -> Vec<Binding> {
    let one = |item: &Value| Binding {
        name: text_at(item, "/metadata/name").to_owned(),
        role: text_at(item, "/roleRef/name").to_owned(),
        subjects: list(item, "/subjects").map(|s| format!("{}:{}", text(s, "kind"), text(s, "name"))).collect(),
    };
    list(document, "/items").map(one).collect()
}
