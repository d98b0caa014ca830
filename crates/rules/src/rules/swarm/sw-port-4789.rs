// SPDX-License-Identifier: Apache-2.0
//! The overlay's packets (UDP 4789) do not get to a node of the swarm.
//!
//! ## What you see
//! All nodes are `Ready` and all tasks run, but containers on different nodes cannot reach each other; on the same node they can. Published
//! ports answer only on nodes that run a task.
//!
//! ## Why it happens
//! A packet filter or a security group drops UDP 4789, the port of VXLAN. The swarm itself uses 2377 and 7946 and does not notice.
//!
//! ## What to do
//! Let UDP 4789 in on every node from every other node. Where the cloud itself takes 4789, choose another with `--data-path-port`.

use crate::fixture::{drop_rule, swarm};
use crate::port::{dropped, with_block};
use crate::report::{Command, Risk};
use crate::{Act, CoeKind, Finding, Layer, Rule, Stop, Verdict, blind, each_node, fires, quiet, when};
use magnum_facts::Facts;
use magnum_facts::node::{NodeFacts, Proto};

pub static RULE: Rule = Rule {
    id: "sw-port-4789",
    layer: Layer::Swarm,
    coe: CoeKind::Swarm,
    guide: "L48-54, L399",
    symptoms: &["S7", "S8"],
    needs: &[NodeFacts::FIREWALL],
    explains: &["sw-ingress-broken"],
    not_if: &["nv-shutoff"],
    set_so: true,
    check,
    cases: &[
        fires("the node's own filter drops it", || swarm(1, 2).input_rules("node-1", &[drop_rule(4789, 12)])),
        quiet("another port is dropped", || swarm(1, 2).input_rules("node-1", &[drop_rule(8472, 12)])),
        blind("the node cannot be read", || swarm(1, 2).node_dark("node-1")),
    ],
    inject: &[Act::On { node: "node-1", argv: &["iptables", "-I", "INPUT", "-p", "udp", "--dport", "4789", "-j", "DROP"] }],
    undo: &[Act::On { node: "node-1", argv: &["iptables", "-D", "INPUT", "-p", "udp", "--dport", "4789", "-j", "DROP"] }],
    ..Rule::BASE
};

fn check(facts: &Facts) -> Verdict {
    each_node(facts, |n| {
        when(facts.cluster.coe.is_swarm() && n.member.came_up())?;
        let port = facts.cluster.layout.overlay_port.unwrap_or(4789);
        let block = dropped(&n, Proto::Udp, port)?.ok_or(Stop::Quiet)?;
        let summary = format!("UDP {port}, the overlay's port, is dropped on {}: no packet of other nodes' containers arrives.", n.name);
        let look = n.exec("iptables-save -c");
        let finding = Finding::cause(n.subject(), summary).run(Command::new(Risk::ReadOnly, look));
        with_block(finding, &n, Some(block), &format!("UDP {port}"))
    })
}
