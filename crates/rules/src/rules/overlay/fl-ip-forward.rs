// SPDX-License-Identifier: Apache-2.0
//! A node does not forward packets.
//!
//! ## What you see
//! The node itself reaches everything, its pods reach nothing outside the node and are reached by nobody.
//!
//! ## Why it happens
//! The kernel setting `net.ipv4.ip_forward` is 0: a hardening script, `sysctl --system` with a file of its own, or somebody by hand.
//!
//! ## What to do
//! Set it to 1, and find out what set it to 0, or it will happen again.

use crate::fixture::kubernetes;
use crate::report::{Command, Risk};
use crate::{Act, CoeKind, Finding, Layer, Rule, Stop, Verdict, blind, each_node, fires, need, quiet, when};
use magnum_facts::Facts;
use magnum_facts::node::NodeFacts;

pub static RULE: Rule = Rule {
    id: "fl-ip-forward",
    layer: Layer::Overlay,
    coe: CoeKind::Kubernetes,
    guide: "L245-284",
    symptoms: &["S7"],
    needs: &[NodeFacts::SYSCTLS],
    explains: &["kp-no-endpoints", "dns-*"],
    set_so: true,
    check,
    cases: &[
        fires("it is off", || kubernetes(1, 2).sysctl("node-1", KEY, "0")),
        quiet("the FORWARD chain drops instead", || kubernetes(1, 2).filter("node-1", "*filter\n:FORWARD DROP [5:300]\nCOMMIT\n")),
        quiet("it is on", || kubernetes(1, 2)),
        blind("the node cannot be read", || kubernetes(1, 2).node_dark("node-1")),
    ],
    inject: &[Act::On { node: "node-1", argv: &["sysctl", "-w", "net.ipv4.ip_forward=0"] }],
    undo: &[Act::On { node: "node-1", argv: &["sysctl", "-w", "net.ipv4.ip_forward=1"] }],
    ..Rule::BASE
};

const KEY: &str = "net.ipv4.ip_forward";

fn check(facts: &Facts) -> Verdict {
    each_node(facts, |n| {
        when(n.member.came_up())?;
        let all = need(&n.node.sysctls, NodeFacts::SYSCTLS)?;
        let value = all.get(KEY).ok_or(Stop::Quiet)?;
        when(value == "0")?;
        Ok(Finding::cause(n.subject(), format!("{} does not forward packets: its pods are cut off from other nodes.", n.name))
            .because("forwarding is switched off in the kernel", [all.cite(KEY, value.clone())])
            .fix("Switch it on, and look in /etc/sysctl.d for what switched it off.")
            .run(Command::new(Risk::ReadOnly, n.exec("grep -r ip_forward /etc/sysctl.conf /etc/sysctl.d")))
            .run(Command::new(Risk::ChangesNode, n.exec("sysctl -w net.ipv4.ip_forward=1"))))
    })
}
