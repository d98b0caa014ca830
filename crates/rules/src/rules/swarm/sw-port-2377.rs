// SPDX-License-Identifier: Apache-2.0
//! The nodes cannot reach a manager of the swarm at TCP 2377.
//!
//! ## What you see
//! `docker swarm join` ends with "context deadline exceeded"; nodes that had joined become `Down` after some seconds although Docker runs on
//! them, and their tasks are started elsewhere or wait.
//!
//! ## Why it happens
//! A packet filter or a security group in front of the manager drops TCP 2377. "Connection refused" would mean that nothing listens there.
//!
//! ## What to do
//! Let TCP 2377 in on every manager from every node.

use crate::fixture::{stopped, swarm};
use crate::port::{dropped, lost, lost_claim, with_block};
use crate::report::{Command, Risk};
use crate::{Act, CoeKind, Finding, Layer, Rule, Verdict, blind, fires, masters, quiet, when};
use magnum_facts::coe::SwarmFacts;
use magnum_facts::node::{NodeFacts, Proto};
use magnum_facts::{Citation, Facts, ProbeFacts, Reach};

const PORT: u16 = 2377;

pub static RULE: Rule = Rule {
    id: "sw-port-2377",
    layer: Layer::Swarm,
    coe: CoeKind::Swarm,
    guide: "L31, L53, L399",
    symptoms: &["S3", "S8"],
    needs: &[ProbeFacts::PORTS, NodeFacts::FIREWALL, SwarmFacts::NODES],
    explains: &["sw-quorum-lost", "sw-task-*", "sw-node-availability", "boot-script-failed"],
    not_if: &["nv-shutoff"],
    set_so: true,
    check,
    cases: &[
        fires("the only manager", || {
            let scene = swarm(1, 2).port("node-0", "master-0", PORT, Reach::TimedOut).port("node-1", "master-0", PORT, Reach::TimedOut);
            scene.not_ready("node-0", "").not_ready("node-1", "")
        }),
        quiet("Docker is stopped there", || {
            let scene = swarm(1, 2).unit("master-0", "docker", stopped()).api_dark();
            scene.port("node-0", "master-0", PORT, Reach::Refused).port("node-1", "master-0", PORT, Reach::Refused)
        }),
        quiet("the whole server is away", || swarm(1, 2).power_off("master-0").api_dark()),
        blind("nobody could try", || swarm(1, 2).no_probes()),
    ],
    inject: &[Act::On {
        node: "master-0",
        argv: &["iptables", "-I", "INPUT", "!", "-i", "lo", "-p", "tcp", "--dport", "2377", "-j", "DROP"],
    }],
    undo: &[Act::On {
        node: "master-0",
        argv: &["iptables", "-D", "INPUT", "!", "-i", "lo", "-p", "tcp", "--dport", "2377", "-j", "DROP"],
    }],
    ..Rule::BASE
};

fn check(facts: &Facts) -> Verdict {
    let managers = facts.cluster.masters().count();
    masters(facts, |n| {
        when(facts.cluster.coe.is_swarm() && n.member.came_up())?;
        let probes = lost(&n, PORT)?;
        let (text, evidence) = lost_claim(&n, &probes, PORT);
        let block = dropped(&n, Proto::Tcp, PORT).unwrap_or_default();
        let look = n.exec("iptables-save -c");
        let finding =
            Finding::cause(n.subject(), format!("The nodes cannot reach the manager {}: TCP {PORT} does not get through.", n.name))
                .because(text, evidence)
                .because_if(away(facts))
                .spreads_if(managers == 1)
                .run(Command::new(Risk::ReadOnly, look));
        with_block(finding, &n, block, "TCP 2377")
    })
}

/// Nodes the managers have lost for it.
fn away(facts: &Facts) -> Option<(String, Citation)> {
    let nodes = facts.swarm.nodes.look().ok()??;
    let names: Vec<&str> = nodes.value.iter().filter(|n| n.state != "ready").map(|n| n.hostname.as_str()).collect();
    let first = names.first()?;
    Some((format!("the managers have lost {}", names.join(", ")), nodes.cite(*first, "not ready")))
}
