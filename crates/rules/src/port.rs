// SPDX-License-Identifier: Apache-2.0
//! What rules about ports between nodes ask in common.

use crate::ask::{NodeAsk, need, when};
use crate::report::{Command, Risk};
use crate::verdict::{Answer, Finding, Stop};
use magnum_facts::node::{Decision, Hook, NodeFacts, Packet, Proto};
use magnum_facts::{Citation, Facts, Look, PortProbe, ProbeFacts, Reach};

/// What a packet filter at a node does to a port.
pub struct Block {
    pub text: String,
    pub citation: Citation,
    /// The rule, for `iptables -D`.
    pub rule: Option<String>,
}

/// The rule that drops packets from other nodes to this port of the node, on the node itself or in front of it.
pub fn dropped(n: &NodeAsk<'_>, protocol: Proto, port: u16) -> Result<Option<Block>, Stop> {
    let peer = n.all.cluster.members.iter().find(|m| m.name != n.name).and_then(|m| m.address);
    let (Some(source), Some(destination)) = (peer, n.member.address) else { return Err(Stop::Quiet) };
    let packet = Packet { protocol, source, destination, destination_port: port, in_interface: Some("eth0".into()) };
    let rules = need(&n.node.firewall, NodeFacts::FIREWALL)?;
    Ok(match rules.decide(Hook::Input, &packet) {
        Decision::DropRule { table, chain, rule } => {
            let count = rule.packets.map(|p| format!(" ({p} packets so far)")).unwrap_or_default();
            Some(Block {
                text: format!("the packet filter of {} drops it{count}: {}", n.name, rule.text),
                citation: rules.cite(format!("{table} {chain}"), format!("{}{count}", rule.text)),
                rule: rule.text.strip_prefix("-A ").map(str::to_owned),
            })
        }
        Decision::DropPolicy { table, chain } => Some(Block {
            text: format!("the packet filter of {} drops what no rule lets in, and none lets this in", n.name),
            citation: rules.cite(format!("{table} {}", chain.name), "policy drop, and no rule lets it in"),
            rule: None,
        }),
        Decision::Accept | Decision::Unsure { .. } => None,
    })
}

/// Connections of all other nodes to this port of the node, when every one of them got lost although the nodes reach
/// each other otherwise. Quiet when one came through.
pub fn lost<'a>(n: &NodeAsk<'a>, port: u16) -> Result<Look<'a, Vec<PortProbe>>, Stop> {
    let probes = need(&n.all.probes.ports, ProbeFacts::PORTS)?;
    let to_it = || probes.value.iter().filter(|p| p.to == n.name && p.port == port && p.from != n.name);
    when(to_it().next().is_some() && to_it().all(is_lost))?;
    when(to_it().any(|p| path_works(n.all, p)))?;
    Ok(probes)
}

/// The answer of [`lost`] as a sentence.
pub fn lost_claim(n: &NodeAsk<'_>, probes: &Look<'_, Vec<PortProbe>>, port: u16) -> (String, Vec<Citation>) {
    let all = probes.value.iter().filter(|p| p.to == n.name && p.port == port && p.from != n.name);
    let evidence: Vec<Citation> = all.take(3).map(|p| probes.cite(format!("{} -> {}:{port}", p.from, p.address), "timed out")).collect();
    (format!("no other node gets a connection to TCP {port} of {}, while other packets to it arrive", n.name), evidence)
}

/// The probe's packets, or their answers, did not arrive.
pub fn is_lost(probe: &PortProbe) -> bool {
    matches!(probe.reach, Reach::TimedOut | Reach::NoRoute)
}

fn path_works(facts: &Facts, probe: &PortProbe) -> bool {
    let same = |from: &str, to: &str| from == probe.from && to == probe.to;
    let pinged = facts.probes.underlay.value().into_iter().flatten().any(|p| same(&p.from, &p.to) && !p.is_dead());
    pinged || facts.probes.ports.value().into_iter().flatten().any(|p| same(&p.from, &p.to) && p.reach.path_works())
}

/// Ends a finding about a blocked port with the rule that blocks it and the command that removes it.
pub fn with_block(finding: Finding, n: &NodeAsk<'_>, block: Option<Block>, what: &str) -> Answer {
    let nodes = n.all.cluster.layout.network_cidr.map_or("the other nodes".to_owned(), |net| net.to_string());
    let fix = format!("Let {what} in from {nodes}, in the node's own filter and in its security group.");
    let Some(block) = block else { return Ok(finding.fix(fix)) };
    let finding = finding.because(block.text, [block.citation]).fix(fix);
    Ok(match block.rule {
        Some(rule) => {
            let delete = n.exec(&format!("iptables -D {rule}"));
            finding.run(Command::new(Risk::ChangesNode, delete))
        }
        None => finding,
    })
}
