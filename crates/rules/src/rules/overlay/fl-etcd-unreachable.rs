// SPDX-License-Identifier: Apache-2.0
//! A node's flannel cannot reach etcd.
//!
//! ## What you see
//! flanneld says again and again that it failed to retrieve the network config, with port 2379 in the line. Pods on this node have no
//! network after a boot; before that, the node does not learn of others that come and go.
//!
//! ## Why it happens
//! etcd runs and other machines reach it, but connections from this node to port 2379 get lost: a firewall on the way or on either end.
//!
//! ## What to do
//! Allow TCP 2379 from this node to the masters.

use crate::fixture::{kubernetes, stopped, waiting};
use crate::report::{Command, Confidence, Risk};
use crate::{Act, CoeKind, Finding, Layer, Rule, Stop, Verdict, blind, each_node, fires, need, quiet, when};
use magnum_facts::node::NodeFacts;
use magnum_facts::{Facts, ProbeFacts, Reach};

pub static RULE: Rule = Rule {
    id: "fl-etcd-unreachable",
    layer: Layer::Overlay,
    coe: CoeKind::Kubernetes,
    guide: "L250-272",
    symptoms: &["S7", "S16"],
    needs: &[ProbeFacts::PORTS, NodeFacts::UNITS],
    explains: &["fl-not-running", "fl-fdb-or-neigh-missing", "fl-cni-conf-missing", "kcp-apiserver-no-etcd"],
    not_if: &["nv-shutoff", "etcd-not-running", "nt-sg-port-blocked"],
    check,
    cases: &[
        fires("flanneld waits, connections are lost", || {
            let waits = waiting("failed to retrieve network config: https://10.0.0.10:2379: timed out");
            kubernetes(1, 2).unit("node-1", "flanneld", waits).port("node-1", "master-0", 2379, Reach::TimedOut)
        }),
        fires("flanneld runs on with what it knew", || kubernetes(1, 2).port("node-1", "master-0", 2379, Reach::NoRoute)),
        quiet("etcd is stopped: everybody is refused", || {
            kubernetes(1, 2).unit("master-0", "etcd", stopped()).with(|f| {
                f.probes.ports.value_mut().into_iter().flatten().filter(|p| p.port == 2379).for_each(|p| p.reach = Reach::Refused);
            })
        }),
        quiet("one master of three does not answer", || kubernetes(3, 2).port("node-1", "master-0", 2379, Reach::TimedOut)),
        blind("no probe", || kubernetes(1, 2).no_probes()),
    ],
    inject: &[
        Act::On { node: "node-1", argv: &["iptables", "-I", "OUTPUT", "-p", "tcp", "--dport", "2379", "-j", "DROP"] },
        Act::On { node: "node-1", argv: &["systemctl", "--no-block", "restart", "flanneld"] },
    ],
    undo: &[
        Act::On { node: "node-1", argv: &["iptables", "-D", "OUTPUT", "-p", "tcp", "--dport", "2379", "-j", "DROP"] },
        Act::Until { node: "node-1", argv: &["systemctl", "is-active", "flanneld"], seconds: 20 },
    ],
    ..Rule::BASE
};

fn check(facts: &Facts) -> Verdict {
    each_node(facts, |n| {
        let ports = need(&facts.probes.ports, ProbeFacts::PORTS)?;
        let etcd = || ports.value.iter().filter(|p| p.what == "etcd");
        let mut own = etcd().filter(|p| p.from == n.name).peekable();
        let first = own.peek().copied().ok_or(Stop::Quiet)?;
        let lost = own.all(|p| matches!(p.reach, Reach::TimedOut | Reach::NoRoute));
        let other = etcd().find(|p| p.from != n.name && p.reach == Reach::Connected);
        // A node that reaches nothing there has another trouble.
        let path_works = ports.value.iter().any(|p| p.from == n.name && p.to == first.to && p.reach.path_works());
        when(lost && path_works)?;
        let other = other.ok_or(Stop::Quiet)?;
        let quote = if first.reach == Reach::TimedOut { "timed out" } else { "no route" };
        let from_other = [ports.cite(format!("{} -> {}:{}", other.from, other.address, other.port), "connected")];
        let unit = n.unit("flanneld").ok();
        let state = unit.map(|u| (format!("flanneld on this node is {}", u.state_text()), u.cite("flanneld", u.state_text())));
        let said = unit.and_then(|u| Some((u, u.value.says(&["2379", "network config"])?)));
        Ok(Finding::cause(n.subject(), format!("{} cannot reach etcd: TCP 2379 to the masters gets lost, and flannel needs it.", n.name))
            .confidence(Confidence::Reproduced)
            .because("a connection to etcd gets no answer", [ports.cite(format!("{} -> {}:2379", first.from, first.address), quote)])
            .because_if(state)
            .because_if(said.map(|(u, line)| (format!("it says: {line}"), u.cite("flanneld.log", line))))
            .rules_out("etcd-not-running", format!("{} reaches etcd", other.from), from_other)
            .hides(Some(n.name), "node.overlay")
            .fix("Allow TCP 2379 from this node to the masters, in its own firewall and in the masters' security group.")
            .run(Command::new(Risk::ReadOnly, n.exec("iptables -S OUTPUT")))
            .run(Command::new(Risk::ReadOnly, n.exec("journalctl -u flanneld -n 30"))))
    })
}
