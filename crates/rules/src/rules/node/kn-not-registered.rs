// SPDX-License-Identifier: Apache-2.0
//! A server is not a node of the Kubernetes cluster.
//!
//! ## What you see
//! `kubectl get nodes` shows fewer nodes than the cluster has servers.
//!
//! ## Why it happens
//! The kubelet has never registered its node (no way to the API, a certificate that is refused, another name), or the node object was
//! deleted while the kubelet ran: it registers only when it starts.
//!
//! ## What to do
//! Read the kubelet's journal; if it only repeats "node not found", restart it.

use crate::ask::NodeAsk;
use crate::fixture::{Scene, kubernetes};
use crate::journal::fresh_line;
use crate::report::{Command, Risk};
use crate::{Act, CoeKind, Finding, Layer, Rule, Verdict, blind, each_node, fires, need, quiet, when};
use magnum_facts::coe::KubernetesFacts;
use magnum_facts::node::NodeFacts;
use magnum_facts::{Citation, Facts};
use magnum_types::StepState;

pub static RULE: Rule = Rule {
    id: "kn-not-registered",
    layer: Layer::Node,
    coe: CoeKind::Kubernetes,
    guide: "L390",
    symptoms: &["S16"],
    needs: &[KubernetesFacts::NODES, NodeFacts::UNITS],
    explains: &["kp-no-endpoints"],
    not_if: &["nv-shutoff"],
    check,
    cases: &[
        fires("the object was deleted", || without("node-1")),
        quiet("it is a node and not ready", || kubernetes(1, 2).not_ready("node-1", "Kubelet stopped posting node status.")),
        quiet("it is still coming up", || without("node-1").step("node-1", "kubelet", StepState::Started, "")),
        blind("the API does not answer", || kubernetes(1, 2).api_dark()),
    ],
    inject: &[Act::Kubectl { argv: &["delete", "node", "node-1"], stdin: "" }],
    undo: &[
        Act::On { node: "node-1", argv: &["systemctl", "restart", "kubelet"] },
        Act::KubectlUntil { argv: &["get", "node", "node-1", "-o", "jsonpath={.spec.taints} end"], contains: " end", seconds: 60 },
        Act::Kubectl { argv: &["wait", "--for=condition=Ready", "node/node-1", "--timeout=60s"], stdin: "" },
        // Its pods were started elsewhere in the meantime.
        Act::Kubectl { argv: &["delete", "pods", "-l", "app=web", "--force", "--grace-period=0"], stdin: "" },
    ],
    ..Rule::BASE
};

fn without(name: &'static str) -> Scene {
    kubernetes(1, 2).with(|f| f.kubernetes.nodes.value_mut().into_iter().for_each(|all| all.retain(|n| n.name != name)))
}

fn check(facts: &Facts) -> Verdict {
    each_node(facts, |n| {
        let nodes = need(&facts.kubernetes.nodes, KubernetesFacts::NODES)?;
        when(n.member.came_up() && nodes.value.iter().all(|k| k.name != n.name))?;
        let names = nodes.value.iter().map(|k| k.name.as_str()).collect::<Vec<_>>().join(", ");
        Ok(Finding::cause(n.subject(), format!("{} has come up, but it is not a node of the Kubernetes cluster.", n.name))
            .because("Kubernetes does not have it among its nodes", [nodes.cite("nodes", names)])
            .because_if(kubelet(&n))
            .fix("Read why the kubelet does not register; when its node object was deleted, restart it: it registers when it starts.")
            .run(Command::new(Risk::ReadOnly, n.exec("journalctl -u kubelet -n 30")))
            .run(Command::new(Risk::ChangesNode, n.exec("systemctl restart kubelet"))))
    })
}

/// The kubelet's own words, or that it runs.
fn kubelet(n: &NodeAsk<'_>) -> Option<(String, Citation)> {
    let unit = n.unit("kubelet").ok()?;
    const WORDS: [&str; 6] = ["not found", "forbidden", "Unauthorized", "x509", "connection refused", "Unable to register"];
    match fresh_line(&unit, |line| WORDS.iter().any(|words| line.contains(words))) {
        Some(line) => Some((format!("its kubelet says: {}", line.chars().take(160).collect::<String>()), unit.cite("kubelet.log", line))),
        None => Some((format!("its kubelet is {}", unit.state_text()), unit.cite("kubelet", unit.state_text()))),
    }
}
