// SPDX-License-Identifier: Apache-2.0
//! kube-proxy was told another network for pods than the cluster has.
//!
//! ## What you see
//! Some connections to services hang: those from the node itself, or those whose answer comes from the asking pod's own node.
//!
//! ## Why it happens
//! kube-proxy masquerades what comes to a service from outside `clusterCIDR`. With a wrong value it rewrites the pods' own traffic, or leaves
//! traffic alone that must be rewritten.
//!
//! ## What to do
//! Give kube-proxy the network of the cluster's pods and restart it.

use crate::fixture::{Scene, kubernetes};
use crate::report::{Command, Risk};
use crate::{Act, CoeKind, Finding, Layer, Rule, Stop, Verdict, blind, each_node, fires, need, quiet, when};
use magnum_facts::Facts;
use magnum_facts::node::NodeFacts;
use serde_json::Value;

pub static RULE: Rule = Rule {
    id: "kp-cluster-cidr",
    layer: Layer::Service,
    coe: CoeKind::Kubernetes,
    guide: "L358-376",
    symptoms: &["S7"],
    needs: &[NodeFacts::CONFIGS, NodeFacts::PROCESSES],
    set_so: true,
    check,
    cases: &[
        fires("another network in the file", || told("10.244.0.0/16")),
        fires("another network on the command line", || {
            kubernetes(1, 2).process("node-1", "kube-proxy", |p| p.argv.push("--cluster-cidr=10.244.0.0/16".into()))
        }),
        quiet("none at all: kube-proxy then takes all for its own", || told("")),
        quiet("the same network", || kubernetes(1, 2)),
        blind("the node cannot be read", || kubernetes(1, 2).node_dark("node-1")),
    ],
    inject: &[
        Act::On { node: "node-1", argv: &["sed", "-i", "s/\"clusterCIDR\": \"10.100./\"clusterCIDR\": \"10.244./", FILE] },
        Act::On { node: "node-1", argv: &["systemctl", "restart", "kube-proxy"] },
    ],
    undo: &[
        Act::On { node: "node-1", argv: &["sed", "-i", "s/\"clusterCIDR\": \"10.244./\"clusterCIDR\": \"10.100./", FILE] },
        Act::On { node: "node-1", argv: &["systemctl", "restart", "kube-proxy"] },
    ],
    ..Rule::BASE
};

const FILE: &str = "/etc/kubernetes/kube-proxy.yaml";

fn told(network: &str) -> Scene {
    let text = format!("{{\"kind\":\"KubeProxyConfiguration\",\"clusterCIDR\":\"{network}\",\"hostnameOverride\":\"node-1\"}}");
    kubernetes(1, 2).file("node-1", FILE, Some(&text))
}

fn check(facts: &Facts) -> Verdict {
    each_node(facts, |n| {
        let wanted = facts.cluster.layout.pod_cidr.ok_or(Stop::Quiet)?.trunc();
        let configs = need(&n.node.configs, NodeFacts::CONFIGS)?;
        let processes = need(&n.node.processes, NodeFacts::PROCESSES)?;
        let flag = processes.value.iter().find(|p| p.unit == "kube-proxy").and_then(|p| p.flag("cluster-cidr"));
        let parsed: Option<Value> = configs.text(FILE).and_then(|text| serde_json::from_str(text).ok());
        let told = parsed.as_ref().and_then(|v| v.get("clusterCIDR")).and_then(Value::as_str);
        let (network, evidence) = match (flag, told) {
            (Some(flag), _) => (flag, processes.cite("kube-proxy", format!("--cluster-cidr={flag}"))),
            (None, Some(told)) => (told, configs.cite(FILE, format!("clusterCIDR: {told}"))),
            (None, None) => return Err(Stop::Quiet),
        };
        // With two families there are two networks.
        when(!network.is_empty() && !network.split(',').any(|one| one.trim() == wanted.to_string()))?;
        Ok(Finding::cause(n.subject(), format!("kube-proxy on {} takes {network} for the pods' network, which is {wanted}.", n.name))
            .because(format!("kube-proxy was told {network}"), [evidence])
            .because(format!("the cluster's pods are in {wanted}"), [facts.cluster.cite("layout", format!("pods {wanted}"))])
            .fix(format!("Set clusterCIDR to {wanted} and restart kube-proxy."))
            .run(Command::new(Risk::ReadOnly, n.exec(&format!("grep clusterCIDR {FILE}"))))
            .run(Command::new(Risk::ChangesNode, n.exec("systemctl restart kube-proxy"))))
    })
}
