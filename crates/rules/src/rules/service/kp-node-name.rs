// SPDX-License-Identifier: Apache-2.0
//! kube-proxy looks for itself under a name that is no node.
//!
//! ## What you see
//! kube-proxy's journal says `nodes "…" not found`. Services with the traffic policy `Local` do not work on this node.
//!
//! ## Why it happens
//! kube-proxy was told another name (`--hostname-override`, `hostnameOverride`) than the one the kubelet registered the node with, so it
//! never finds out which pods are its own.
//!
//! ## What to do
//! Give kube-proxy the node's name and restart it.

use crate::fixture::{Scene, kubernetes};
use crate::journal::fresh_line;
use crate::report::{Command, Risk};
use crate::{Act, CoeKind, Finding, Layer, Rule, Stop, Verdict, blind, each_node, fires, need, quiet, when};
use magnum_facts::Facts;
use magnum_facts::node::NodeFacts;
use serde_json::Value;

pub static RULE: Rule = Rule {
    id: "kp-node-name",
    layer: Layer::Service,
    coe: CoeKind::Kubernetes,
    guide: "L358-376",
    symptoms: &["S7"],
    needs: &[NodeFacts::CONFIGS, NodeFacts::PROCESSES],
    explains: &["kp-stale-rules", "kp-down"],
    set_so: true,
    check,
    cases: &[
        fires("another name in the file", || named("worker-7")),
        fires("another name on the command line", || {
            kubernetes(1, 2).process("node-1", "kube-proxy", |p| p.argv = vec!["kube-proxy".into(), "--hostname-override=worker-7".into()])
        }),
        quiet("no name at all: it takes the host's own", || {
            named("").process("node-1", "kube-proxy", |p| p.argv = vec!["kube-proxy".into()])
        }),
        quiet("the same name", || kubernetes(1, 2)),
        blind("the node cannot be read", || kubernetes(1, 2).node_dark("node-1")),
    ],
    inject: &[
        Act::On { node: "node-1", argv: &["sed", "-i", "s/\"hostnameOverride\": \"node-1\"/\"hostnameOverride\": \"worker-7\"/", FILE] },
        Act::On { node: "node-1", argv: &["systemctl", "restart", "kube-proxy"] },
    ],
    undo: &[
        Act::On { node: "node-1", argv: &["sed", "-i", "s/\"hostnameOverride\": \"worker-7\"/\"hostnameOverride\": \"node-1\"/", FILE] },
        Act::On { node: "node-1", argv: &["systemctl", "restart", "kube-proxy"] },
    ],
    ..Rule::BASE
};

const FILE: &str = "/etc/kubernetes/kube-proxy.yaml";

fn named(name: &str) -> Scene {
    let text = format!("{{\"kind\":\"KubeProxyConfiguration\",\"clusterCIDR\":\"10.100.0.0/16\",\"hostnameOverride\":\"{name}\"}}");
    kubernetes(1, 2).file("node-1", FILE, Some(&text)).process("node-1", "kube-proxy", |p| p.argv.retain(|w| !w.contains("hostname")))
}

fn check(facts: &Facts) -> Verdict {
    each_node(facts, |n| {
        when(n.member.came_up())?;
        let configs = need(&n.node.configs, NodeFacts::CONFIGS)?;
        let processes = need(&n.node.processes, NodeFacts::PROCESSES)?;
        let flag = processes.value.iter().find(|p| p.unit == "kube-proxy").and_then(|p| p.flag("hostname-override"));
        let parsed: Option<Value> = configs.text(FILE).and_then(|text| serde_json::from_str(text).ok());
        let told = parsed.as_ref().and_then(|v| v.get("hostnameOverride")).and_then(Value::as_str);
        let (name, evidence) = match (flag, told) {
            (Some(flag), _) => (flag, processes.cite("kube-proxy", format!("--hostname-override={flag}"))),
            (None, Some(told)) => (told, configs.cite(FILE, format!("hostnameOverride: {told}"))),
            (None, None) => return Err(Stop::Quiet),
        };
        when(!name.is_empty() && name != n.name)?;
        let said = n.unit("kube-proxy").ok().and_then(|u| Some((u, fresh_line(&u, |line| line.contains("not found"))?)));
        Ok(Finding::cause(n.subject(), format!("kube-proxy on {} takes itself for {name}, which is not this node.", n.name))
            .because(format!("it was told the name {name}"), [evidence])
            .because(format!("the node's name is {}", n.name), [facts.cluster.cite("members", n.name)])
            .because_if(said.map(|(u, line)| (format!("it says: {line}"), u.cite("kube-proxy.log", line))))
            .fix(format!("Set hostnameOverride to {} and restart kube-proxy.", n.name))
            .run(Command::new(Risk::ReadOnly, n.exec(&format!("grep hostnameOverride {FILE}"))))
            .run(Command::new(Risk::ChangesNode, n.exec("systemctl restart kube-proxy"))))
    })
}
