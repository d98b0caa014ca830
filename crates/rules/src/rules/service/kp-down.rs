// SPDX-License-Identifier: Apache-2.0
//! kube-proxy is not running on a node.
//!
//! ## What you see
//! Pods answer on their own addresses, but services do not follow changes: from this node a new service answers nowhere, and an old one
//! sends to pods that are gone.
//!
//! ## Why it happens
//! kube-proxy writes the rules that turn a service's address into a pod's. It was stopped, crashed, or cannot start on this node, so
//! the rules stay as they were.
//!
//! ## What to do
//! Read the last lines of its journal on that node and start it.

use crate::ask::NodeAsk;
use crate::fixture::{crashed, kubernetes, stopped};
use crate::report::{Command, Risk};
use crate::{Act, CoeKind, Finding, Layer, Rule, Verdict, blind, each_node, fires, last_words, quiet};
use magnum_facts::Facts;
use magnum_facts::node::NodeFacts;

pub static RULE: Rule = Rule {
    id: "kp-down",
    layer: Layer::Service,
    coe: CoeKind::Kubernetes,
    guide: "L358-366",
    symptoms: &["S7"],
    needs: &[NodeFacts::UNITS, NodeFacts::FIREWALL],
    explains: &["kp-stale-rules"],
    not_if: &["nv-shutoff"],
    check,
    cases: &[
        fires("stopped on a worker", || kubernetes(1, 2).unit("node-1", "kube-proxy", stopped())),
        fires("cannot start", || kubernetes(1, 2).unit("master-0", "kube-proxy", crashed(1, "unable to load config file"))),
        quiet("all run, a service has no endpoints", || {
            kubernetes(1, 2).with(|f| f.kubernetes.endpoints.value_mut().into_iter().flatten().for_each(|e| e.ready.clear()))
        }),
        quiet("the kubelet is stopped, the proxy runs", || kubernetes(1, 2).unit("node-1", "kubelet", stopped())),
        blind("the node cannot be read", || kubernetes(1, 2).node_dark("node-1")),
    ],
    inject: &[Act::On { node: "node-1", argv: &["systemctl", "stop", "kube-proxy"] }],
    undo: &[Act::On { node: "node-1", argv: &["systemctl", "start", "kube-proxy"] }],
    ..Rule::BASE
};

fn check(facts: &Facts) -> Verdict {
    each_node(facts, |n| {
        let unit = n.down("kube-proxy")?;
        let last = last_words(&unit, "kube-proxy");
        Ok(Finding::cause(
            n.subject(),
            format!("kube-proxy is {} on {}: services do not work or are out of date there.", unit.state_text(), n.name),
        )
        .because("the unit kube-proxy is not running", [unit.cite("kube-proxy", unit.state_text())])
        .because_if(last)
        .because_if(rules(&n))
        .fix("Mend what its journal names and start it; it rewrites the rules at once.")
        .run(Command::new(Risk::ReadOnly, n.exec("journalctl -u kube-proxy -n 30")))
        .run(Command::new(Risk::ChangesNode, n.exec("systemctl start kube-proxy"))))
    })
}

fn rules(n: &NodeAsk<'_>) -> Option<(String, magnum_facts::Citation)> {
    let rules = n.node.firewall.look().ok()??;
    let (text, quote) = match rules.chain("nat", "KUBE-SERVICES") {
        Some(chain) => ("the rules it wrote before are still there and grow old", format!("{} rules", chain.rules.len())),
        None => ("it has written no rules at all", "no such chain".to_owned()),
    };
    Some((text.to_owned(), rules.cite("nat KUBE-SERVICES", quote)))
}
