// SPDX-License-Identifier: Apache-2.0
//! From where the cluster could be seen, in words, for the head of the report.

use magnum_collect::Run;
use magnum_facts::Facts;
use magnum_facts::coe::{KubernetesFacts, SwarmFacts};
use magnum_facts::node::NodeFacts;
use std::collections::BTreeMap;

/// `engine`, `api`, and one entry for each node.
pub(crate) fn of(facts: &Facts, runs: &[Run]) -> BTreeMap<String, String> {
    let worked = |name: &str, node: Option<&str>| runs.iter().any(|r| r.name == name && r.node.as_deref() == node && r.error.is_none());
    let failed =
        |name: &str, node: Option<&str>| runs.iter().find(|r| r.name == name && r.node.as_deref() == node).and_then(|r| r.error.clone());
    let mut all = BTreeMap::new();
    all.insert("engine".to_owned(), facts.cluster.engine.clone());
    let swarm = facts.cluster.coe.is_swarm();
    let looked = if swarm { facts.looked(SwarmFacts::NODES, None) } else { facts.looked(KubernetesFacts::NODES, None) };
    let api = match (looked, swarm) {
        (true, true) => "docker on a manager".to_owned(),
        (true, false) if worked("kubernetes-api", None) => "https".to_owned(),
        (true, false) => "kubectl on a master".to_owned(),
        (false, _) => {
            let reason = failed(if swarm { "swarm-exec" } else { "kubernetes-api" }, None);
            format!("none: {}", reason.unwrap_or_else(|| "not asked".to_owned()))
        }
    };
    all.insert("api".to_owned(), api);
    for name in facts.nodes.keys() {
        let node = Some(name.as_str());
        let how = match facts.looked(NodeFacts::UNITS, node) {
            true if worked("node-agent", node) => "agent".to_owned(),
            true => "plain commands".to_owned(),
            false => format!("none: {}", failed("node-agent", node).unwrap_or_else(|| "not asked".to_owned())),
        };
        all.insert(name.clone(), how);
    }
    all
}
