// SPDX-License-Identifier: Apache-2.0
//! A node does not reach the Kubernetes API.
//!
//! ## What you see
//! One node, or all nodes behind one path, become `NotReady` with "Kubelet stopped posting node status", though their kubelets run.
//!
//! ## Why it happens
//! Something between this node and the API server's address drops or refuses the connection: a firewall, a security group, a route, a
//! load balancer. Other nodes reach the same address.
//!
//! ## What to do
//! Look at the packet filters of the node and in front of the masters for the API's port.

use crate::ask::NodeAsk;
use crate::fixture::{Scene, kubernetes};
use crate::journal::fresh_line;
use crate::report::{Command, Risk};
use crate::{Act, CoeKind, Finding, Layer, Rule, Stop, Verdict, blind, each_node, fires, need, quiet, when};
use magnum_facts::node::NodeFacts;
use magnum_facts::{Citation, Facts, PairProbe, PortProbe, ProbeFacts, Reach};

pub static RULE: Rule = Rule {
    id: "kn-api-unreachable",
    layer: Layer::Node,
    coe: CoeKind::Kubernetes,
    guide: "L390",
    symptoms: &["S16"],
    needs: &[ProbeFacts::PORTS, ProbeFacts::UNDERLAY, NodeFacts::UNITS],
    explains: &["kn-not-registered", "kp-*", "dns-*"],
    not_if: &["nv-shutoff", "kcp-apiserver-down"],
    check,
    cases: &[
        fires("it is dropped on the way", || cut(Reach::TimedOut).not_ready("node-1", "Kubelet stopped posting node status.")),
        fires("it is refused on the way", || cut(Reach::Refused)),
        quiet("nobody reaches it", || {
            ["master-0", "node-0"].into_iter().fold(cut(Reach::Refused), |s, from| s.port(from, "master-0", 6443, Reach::Refused))
        }),
        quiet("the node reaches nothing at all", || kubernetes(1, 2).cut_off("node-1")),
        quiet("another port is dropped", || kubernetes(1, 2).port("node-1", "master-0", 2379, Reach::TimedOut)),
        blind("no probe could be sent", || kubernetes(1, 2).no_probes()),
    ],
    inject: &[Act::On { node: "node-1", argv: &["iptables", "-I", "OUTPUT", "-p", "tcp", "--dport", "6443", "-j", "DROP"] }],
    undo: &[Act::On { node: "node-1", argv: &["iptables", "-D", "OUTPUT", "-p", "tcp", "--dport", "6443", "-j", "DROP"] }],
    ..Rule::BASE
};

fn cut(reach: Reach) -> Scene {
    kubernetes(1, 2).port("node-1", "master-0", 6443, reach)
}

fn check(facts: &Facts) -> Verdict {
    each_node(facts, |n| {
        let ports = need(&facts.probes.ports, ProbeFacts::PORTS)?;
        let api = |p: &&PortProbe| p.what == "kube-apiserver";
        let works = |p: &PortProbe| matches!(p.reach, Reach::Connected | Reach::Tls { .. });
        let own: Vec<&PortProbe> = ports.value.iter().filter(|p| api(p) && p.from == n.name).collect();
        let first = own.first().ok_or(Stop::Quiet)?;
        when(own.iter().all(|p| !works(p)))?;
        let other = ports.value.iter().filter(api).find(|p| p.from != n.name && works(p)).ok_or(Stop::Quiet)?;
        // A node that reaches nothing at all has another fault.
        if let Ok(Some(pairs)) = facts.probes.underlay.look() {
            let reaches = |p: &PairProbe| p.from == n.name && !p.is_dead();
            when(pairs.value.iter().all(|p| p.from != n.name) || pairs.value.iter().any(reaches))?;
        }
        let place = format!("{}:{}", first.address, first.port);
        Ok(Finding::cause(
            n.subject(),
            format!("{} does not reach the Kubernetes API at {place} ({}); other nodes do.", n.name, how(&first.reach)),
        )
        .because(
            "its connections to the API fail",
            own.iter().map(|p| ports.cite(format!("{} -> {}:{}", p.from, p.address, p.port), how(&p.reach))),
        )
        .because(
            format!("{} reaches it", other.from),
            [ports.cite(format!("{} -> {}:{}", other.from, other.address, other.port), "connected")],
        )
        .because_if(kubelet(&n))
        .because_if(filter(&n, first.port))
        .rules_out("kcp-apiserver-down", "the API server answers others", [ports.cite(other.from.clone(), "connected")])
        .fix(format!(
            "Let {} reach TCP {}: look at its own packet filter, its route, and the security group of the masters.",
            n.name, first.port
        ))
        .run(Command::new(Risk::ReadOnly, n.exec("iptables-save -c"))))
    })
}

fn how(reach: &Reach) -> &'static str {
    match reach {
        Reach::Refused => "refused",
        Reach::TimedOut => "timed out",
        Reach::NoRoute => "no route",
        _ => "failed",
    }
}

fn kubelet(n: &NodeAsk<'_>) -> Option<(String, Citation)> {
    let unit = n.unit("kubelet").ok()?;
    const LOST: [&str; 5] = ["i/o timeout", "connection refused", "no route to host", "Client.Timeout", "deadline exceeded"];
    let line = fresh_line(&unit, |line| LOST.iter().any(|words| line.contains(words)))?;
    Some((format!("its kubelet says: {}", line.chars().take(160).collect::<String>()), unit.cite("kubelet.log", line)))
}

/// A rule of the node's own packet filter that names the port.
fn filter(n: &NodeAsk<'_>, port: u16) -> Option<(String, Citation)> {
    let rules = n.node.firewall.look().ok()??;
    let output = rules.chain("filter", "OUTPUT")?;
    let dport = format!("--dport {port} ");
    let rule = output.rules.iter().find(|r| r.text.contains(&dport) && (r.text.contains("DROP") || r.text.contains("REJECT")))?;
    Some(("its own packet filter drops them".to_owned(), rules.cite("filter OUTPUT", rule.text.clone())))
}
