// SPDX-License-Identifier: Apache-2.0
//! Packets between pods of one node pass by the service rules.
//!
//! ## What you see
//! A pod reaches a service when the pod behind it is on another node, and hangs when it is on the same node.
//!
//! ## Why it happens
//! `net.bridge.bridge-nf-call-iptables` is 0 or the module `br_netfilter` is not loaded. Answers between two pods on one bridge then go
//! straight back, with an address that the asking pod does not expect.
//!
//! ## What to do
//! Load the module and set the value to 1.

use crate::fixture::kubernetes;
use crate::report::{Command, Risk};
use crate::{Act, CoeKind, Finding, Layer, Rule, Stop, Verdict, blind, each_node, fires, need, quiet, when};
use magnum_facts::Facts;
use magnum_facts::node::NodeFacts;

pub static RULE: Rule = Rule {
    id: "fl-br-netfilter",
    layer: Layer::Overlay,
    coe: CoeKind::Kubernetes,
    guide: "L245-284",
    symptoms: &["S7"],
    needs: &[NodeFacts::SYSCTLS],
    set_so: true,
    check,
    cases: &[
        fires("it is off", || kubernetes(1, 2).sysctl("node-1", KEY, "0")),
        quiet("forwarding is off instead", || kubernetes(1, 2).sysctl("node-1", "net.ipv4.ip_forward", "0")),
        quiet("the kernel does not say", || {
            kubernetes(1, 2).with(|f| {
                f.nodes.get_mut("node-1").and_then(|n| n.sysctls.value_mut()).and_then(|all| all.remove(KEY));
            })
        }),
        blind("the node cannot be read", || kubernetes(1, 2).node_dark("node-1")),
    ],
    inject: &[Act::On { node: "node-1", argv: &["sysctl", "-w", "net.bridge.bridge-nf-call-iptables=0"] }],
    undo: &[Act::On { node: "node-1", argv: &["sysctl", "-w", "net.bridge.bridge-nf-call-iptables=1"] }],
    ..Rule::BASE
};

const KEY: &str = "net.bridge.bridge-nf-call-iptables";

fn check(facts: &Facts) -> Verdict {
    each_node(facts, |n| {
        when(n.member.came_up())?;
        let all = need(&n.node.sysctls, NodeFacts::SYSCTLS)?;
        let value = all.get(KEY).ok_or(Stop::Quiet)?;
        when(value == "0")?;
        let summary = format!("On {}, packets between pods on the node's bridge pass by the service rules.", n.name);
        Ok(Finding::cause(n.subject(), summary)
            .because("bridged packets are not shown to iptables", [all.cite(KEY, value.clone())])
            .fix("Load br_netfilter and set the value to 1, also for the next boot.")
            .run(Command::new(Risk::ChangesNode, n.exec("modprobe br_netfilter")))
            .run(Command::new(Risk::ChangesNode, n.exec(&format!("sysctl -w {KEY}=1")))))
    })
}
