// SPDX-License-Identifier: Apache-2.0
//! The nodes' gossip (TCP and UDP 7946) does not get to a node of the swarm.
//!
//! ## What you see
//! `docker node ls` says `Ready` and containers start, but on one node names of services are not found and overlay networks lack the other
//! nodes. Docker's journal says "memberlist: Suspect ... has failed" or "was able to connect to ... but other probes failed".
//!
//! ## Why it happens
//! A packet filter or a security group drops TCP or UDP 7946. Managers use 2377, which works, so the node looks fine.
//!
//! ## What to do
//! Let TCP and UDP 7946 in on every node from every other node.

use crate::fixture::{drop_rule, stopped, swarm};
use crate::port::{dropped, lost, lost_claim, with_block};
use crate::report::{Command, Risk};
use crate::{Act, CoeKind, Finding, Layer, Rule, Stop, Verdict, blind, each_node, fires, quiet, when};
use magnum_facts::node::{NodeFacts, Proto};
use magnum_facts::{Facts, ProbeFacts, Reach};

const PORT: u16 = 7946;

pub static RULE: Rule = Rule {
    id: "sw-port-7946",
    layer: Layer::Swarm,
    coe: CoeKind::Swarm,
    guide: "L48-54, L399",
    symptoms: &["S7", "S8"],
    needs: &[ProbeFacts::PORTS, NodeFacts::FIREWALL],
    explains: &["sw-ingress-broken"],
    not_if: &["nv-shutoff"],
    set_so: true,
    check,
    cases: &[
        fires("TCP from everywhere times out", || {
            swarm(1, 2).port("master-0", "node-1", PORT, Reach::TimedOut).port("node-0", "node-1", PORT, Reach::TimedOut)
        }),
        fires("only UDP is dropped", || swarm(1, 2).input_rules("node-1", &[drop_rule(PORT, 40)])),
        quiet("Docker is stopped there", || {
            swarm(1, 2).unit("node-1", "docker", stopped()).port("master-0", "node-1", PORT, Reach::Refused).port(
                "node-0",
                "node-1",
                PORT,
                Reach::Refused,
            )
        }),
        quiet("the whole server is away", || swarm(1, 2).power_off("node-1")),
        blind("nobody could try", || swarm(1, 2).no_probes()),
    ],
    inject: &[Act::On {
        node: "node-1",
        argv: &["bash", "-c", "iptables -I INPUT -p tcp --dport 7946 -j DROP; iptables -I INPUT -p udp --dport 7946 -j DROP"],
    }],
    undo: &[Act::On {
        node: "node-1",
        argv: &["bash", "-c", "iptables -D INPUT -p tcp --dport 7946 -j DROP; iptables -D INPUT -p udp --dport 7946 -j DROP"],
    }],
    ..Rule::BASE
};

fn check(facts: &Facts) -> Verdict {
    each_node(facts, |n| {
        when(facts.cluster.coe.is_swarm() && n.member.came_up())?;
        let probes = lost(&n, PORT);
        let udp = dropped(&n, Proto::Udp, PORT);
        let summary = format!("The swarm's gossip, port {PORT}, does not get to {}: its overlay networks lack the other nodes.", n.name);
        let look = n.exec("iptables-save -c");
        let finding = Finding::cause(n.subject(), summary).run(Command::new(Risk::ReadOnly, look));
        match (probes, udp) {
            (Ok(probes), udp) => {
                let (text, evidence) = lost_claim(&n, &probes, PORT);
                let block = dropped(&n, Proto::Tcp, PORT).unwrap_or_default().or(udp.unwrap_or_default());
                with_block(finding.because(text, evidence), &n, block, "TCP and UDP 7946")
            }
            (_, Ok(Some(block))) => with_block(finding, &n, Some(block), "UDP 7946"),
            (Err(stop @ Stop::Blind { .. }), _) => Err(stop),
            (_, Err(stop @ Stop::Blind { .. })) if n.host.server.value().is_none_or(|s| s.power == magnum_facts::Power::On) => Err(stop),
            _ => Err(Stop::Quiet),
        }
    })
}
