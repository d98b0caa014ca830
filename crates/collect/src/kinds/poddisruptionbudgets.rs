// SPDX-License-Identifier: Apache-2.0
//! PodDisruptionBudget objects.

use crate::kind::Kind;
use crate::parse::kubernetes::{map, number};
use crate::parse::{list, text_at};
use magnum_facts::Fact;
use magnum_facts::coe::{Budget, KubernetesFacts};
use serde_json::Value;

pub(crate) static KIND: Kind = Kind {
    topic: KubernetesFacts::BUDGETS,
    plural: "poddisruptionbudgets",
    kind: "PodDisruptionBudget",
    path: "/apis/policy/v1beta1/poddisruptionbudgets",
    names_only: false,
    read: |facts, list, source| facts.budgets = Fact::seen(budgets(list), source),
};

fn budgets(document: &Value) -> Vec<Budget> {
    let one = |item: &Value| Budget {
        namespace: text_at(item, "/metadata/namespace").to_owned(),
        name: text_at(item, "/metadata/name").to_owned(),
        selector: map(item, "/spec/selector/matchLabels"),
        allowed: number(item, "/status/disruptionsAllowed"),
        healthy: number(item, "/status/currentHealthy"),
        desired: number(item, "/status/desiredHealthy"),
        expected: number(item, "/status/expectedPods"),
    };
    list(document, "/items").map(one).collect()
}
