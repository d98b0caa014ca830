// SPDX-License-Identifier: Apache-2.0
//! A node's firewall drops what it should forward for pods.
//!
//! ## What you see
//! Hosts reach each other, containers on different hosts do not.
//!
//! ## Why it happens
//! The chain FORWARD drops: Docker sets its policy so when it starts, or somebody's rule does, and nothing before it lets the pods' network
//! through.
//!
//! ## What to do
//! Let the pods' network through, by flannel's own rules or by the policy.

use crate::fixture::kubernetes;
use crate::report::{Command, Risk};
use crate::{Act, CoeKind, Finding, Layer, Rule, Stop, Verdict, blind, each_node, fires, need, quiet};
use ipnet::Ipv4Net;
use magnum_facts::Facts;
use magnum_facts::node::{Decision, Hook, NodeFacts, Packet, Proto};
use std::net::Ipv4Addr;

pub static RULE: Rule = Rule {
    id: "cr-forward-drop",
    layer: Layer::Runtime,
    coe: CoeKind::Kubernetes,
    guide: "L245-284",
    symptoms: &["S7"],
    needs: &[NodeFacts::FIREWALL],
    explains: &["kp-no-endpoints", "dns-*"],
    check,
    cases: &[
        fires("the policy drops, and nothing lets pods through", || {
            kubernetes(1, 2).filter("node-1", "*filter\n:FORWARD DROP [7:420]\nCOMMIT\n")
        }),
        fires("a rule drops what leaves the overlay", || {
            kubernetes(1, 2).filter("node-1", "*filter\n:FORWARD ACCEPT [0:0]\n[7:420] -A FORWARD -i flannel.1 -j DROP\nCOMMIT\n")
        }),
        quiet("the policy drops, flannel's rules let pods through", || {
            kubernetes(1, 2).filter("node-1", "*filter\n:FORWARD DROP [7:420]\n[0:0] -A FORWARD -s 10.100.0.0/16 -j ACCEPT\n[0:0] -A FORWARD -d 10.100.0.0/16 -j ACCEPT\nCOMMIT\n")
        }),
        quiet("what comes to the node itself is dropped", || {
            kubernetes(1, 2).input_rules("node-1", &["[1:9] -A INPUT -p tcp -m tcp --dport 81 -j DROP".into()])
        }),
        blind("the node cannot be read", || kubernetes(1, 2).node_dark("node-1")),
    ],
    inject: &[Act::On { node: "node-1", argv: &["sh", "-c", "iptables -P FORWARD DROP; iptables -I FORWARD -i flannel.1 -j DROP"] }],
    undo: &[Act::On { node: "node-1", argv: &["sh", "-c", "iptables -D FORWARD -i flannel.1 -j DROP; iptables -P FORWARD ACCEPT"] }],
    ..Rule::BASE
};

fn check(facts: &Facts) -> Verdict {
    each_node(facts, |n| {
        let rules = need(&n.node.firewall, NodeFacts::FIREWALL)?;
        let pods = facts.cluster.layout.pod_cidr.ok_or(Stop::Quiet)?.trunc();
        let own = n.share().map(|share| share.subnet.trunc()).unwrap_or(pods);
        // From a pod elsewhere to one here, on a port that no rule is about.
        let packet = Packet {
            protocol: Proto::Tcp,
            source: inside(&pods, 5),
            destination: inside(&own, 200),
            destination_port: 54321,
            in_interface: Some("flannel.1".into()),
        };
        let (what, citation) = match rules.decide(Hook::Forward, &packet) {
            Decision::DropRule { table, chain, rule } => {
                let count = rule.packets.map(|p| format!(" ({p} packets so far)")).unwrap_or_default();
                (format!("the rule {} drops it", rule.text), rules.cite(format!("{table} {chain}"), format!("{}{count}", rule.text)))
            }
            Decision::DropPolicy { table, chain } => (
                "its policy is to drop, and no rule lets the pods' network through".to_owned(),
                rules.cite(format!("{table} {}", chain.name), "policy drop"),
            ),
            Decision::Accept | Decision::Unsure { .. } => return Err(Stop::Quiet),
        };
        Ok(Finding::cause(n.subject(), format!("{} drops packets of other nodes' pods that it should forward to its own.", n.name))
            .because(format!("in the chain FORWARD, {what}"), [citation])
            .fix(format!("Let {pods} through in both directions, or set the policy to accept; flanneld's own rules do the first."))
            .run(Command::new(Risk::ReadOnly, n.exec("iptables -S FORWARD")))
            .run(Command::new(Risk::ChangesNode, n.exec(&format!("iptables -I FORWARD -d {pods} -j ACCEPT")))))
    })
}

fn inside(net: &Ipv4Net, at: u32) -> Ipv4Addr {
    Ipv4Addr::from(u32::from(net.network()) + at)
}
