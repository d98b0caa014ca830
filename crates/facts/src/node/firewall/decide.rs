// SPDX-License-Identifier: Apache-2.0
//! What a packet filter decides for one packet.

use super::model::{Chain, FirewallRule, Hook, Match, Proto, Ruleset, Table, Verdict};
use std::net::Ipv4Addr;

/// A packet that opens a flow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet {
    pub protocol: Proto,
    pub source: Ipv4Addr,
    pub destination: Ipv4Addr,
    pub destination_port: u16,
    pub in_interface: Option<String>,
}

/// What becomes of a packet at one hook.
#[derive(Debug, Clone, PartialEq)]
pub enum Decision<'a> {
    /// Nothing stops it.
    Accept,
    /// This rule of this chain stops it.
    DropRule { table: &'a str, chain: &'a str, rule: &'a FirewallRule },
    /// Nothing lets it in, and the chain's policy is to drop.
    DropPolicy { table: &'a str, chain: &'a Chain },
    /// A rule with a condition that is not understood could decide either way.
    Unsure { rule: &'a FirewallRule },
}

enum Fate<'a> {
    Accept,
    Drop(Decision<'a>),
    Unsure(&'a FirewallRule),
    Return,
}

#[derive(PartialEq, Clone, Copy)]
enum Fit {
    Yes,
    No,
    Maybe,
}

impl Ruleset {
    /// What all base chains at `hook` together decide: a drop in one of them is a drop. NAT chains do not filter.
    pub fn decide(&self, hook: Hook, packet: &Packet) -> Decision<'_> {
        let mut unsure = None;
        for table in self.tables.iter().filter(|t| !is_nat(t)) {
            for chain in table.chains.iter().filter(|c| c.hook == Some(hook)) {
                match enter(table, chain, packet) {
                    Decision::Accept => {}
                    Decision::Unsure { rule } => unsure = unsure.or(Some(rule)),
                    dropped => return dropped,
                }
            }
        }
        unsure.map_or(Decision::Accept, |rule| Decision::Unsure { rule })
    }

    /// What one chain decides, entered by name: for filters that are not entered at a hook of their own.
    pub fn decide_chain(&self, chain: &str, packet: &Packet) -> Option<Decision<'_>> {
        self.tables.iter().find_map(|t| t.chain(chain).map(|c| enter(t, c, packet)))
    }
}

fn is_nat(table: &Table) -> bool {
    matches!(table.name.rsplit(' ').next(), Some("nat" | "raw"))
}

fn enter<'a>(table: &'a Table, chain: &'a Chain, packet: &Packet) -> Decision<'a> {
    match walk(table, chain, packet, 0) {
        Fate::Accept => Decision::Accept,
        Fate::Drop(decision) => decision,
        Fate::Unsure(rule) => Decision::Unsure { rule },
        Fate::Return => match chain.policy {
            Some(Verdict::Drop | Verdict::Reject) => Decision::DropPolicy { table: &table.name, chain },
            _ => Decision::Accept,
        },
    }
}

fn walk<'a>(table: &'a Table, chain: &'a Chain, packet: &Packet, depth: u8) -> Fate<'a> {
    let mut doubt: Option<&'a FirewallRule> = None;
    for rule in &chain.rules {
        let fit = fits(rule, packet);
        if fit == Fit::No {
            continue;
        }
        let fate = match &rule.verdict {
            Verdict::Continue => continue,
            Verdict::Accept => Fate::Accept,
            Verdict::Drop | Verdict::Reject => Fate::Drop(Decision::DropRule { table: &table.name, chain: &chain.name, rule }),
            Verdict::Return => Fate::Return,
            Verdict::Jump { chain: to } | Verdict::Goto { chain: to } => match table.chain(to) {
                Some(next) if depth < 32 => walk(table, next, packet, depth + 1),
                _ => Fate::Unsure(rule),
            },
        };
        let goes_on = matches!((&rule.verdict, &fate), (Verdict::Jump { .. }, Fate::Return));
        match (fit, fate) {
            (_, _) if goes_on => {}
            (Fit::Maybe, _) => doubt = doubt.or(Some(rule)),
            (_, Fate::Unsure(inner)) => doubt = doubt.or(Some(inner)),
            (_, fate) => return settle(doubt, fate),
        }
    }
    match (doubt, &chain.policy) {
        (Some(rule), Some(Verdict::Drop | Verdict::Reject)) => Fate::Unsure(rule),
        (Some(rule), _) if drops(rule) => Fate::Unsure(rule),
        _ => Fate::Return,
    }
}

/// A certain fate after a doubtful rule stays certain when the doubtful rule could only have done the same.
fn settle<'a>(doubt: Option<&'a FirewallRule>, fate: Fate<'a>) -> Fate<'a> {
    match doubt {
        None => fate,
        Some(rule) => match (&rule.verdict, &fate) {
            (Verdict::Accept, Fate::Accept) => fate,
            (Verdict::Drop | Verdict::Reject, Fate::Drop(_)) => fate,
            _ => Fate::Unsure(rule),
        },
    }
}

fn drops(rule: &FirewallRule) -> bool {
    !matches!(rule.verdict, Verdict::Accept | Verdict::Return | Verdict::Continue)
}

fn fits(rule: &FirewallRule, packet: &Packet) -> Fit {
    let mut all = Fit::Yes;
    for condition in &rule.matches {
        match fits_one(condition, packet) {
            Fit::No => return Fit::No,
            Fit::Maybe => all = Fit::Maybe,
            Fit::Yes => {}
        }
    }
    all
}

fn fits_one(condition: &Match, packet: &Packet) -> Fit {
    let yes = |matched: bool, not: bool| if matched != not { Fit::Yes } else { Fit::No };
    match condition {
        Match::Protocol { is, not } => yes(*is == packet.protocol, *not),
        Match::DestinationPort { ports, not } => yes(ports.iter().any(|(from, to)| (*from..=*to).contains(&packet.destination_port)), *not),
        // The source port of a flow's first packet is not known beforehand.
        Match::SourcePort { .. } => Fit::No,
        Match::Source { nets, not } => yes(nets.iter().any(|n| n.contains(&packet.source)), *not),
        Match::Destination { nets, not } => yes(nets.iter().any(|n| n.contains(&packet.destination)), *not),
        Match::InInterface { name, not } => match &packet.in_interface {
            Some(own) => yes(interface_fits(name, own), *not),
            None => Fit::Maybe,
        },
        Match::OutInterface { .. } => Fit::No,
        Match::State { states, not } => yes(states.iter().any(|s| s == "new"), *not),
        Match::Protocols { any, not } => yes(any.contains(&packet.protocol), *not),
        Match::EtherType { is, not } => yes(is == "ip", *not),
        // The packet asked about opens its flow.
        Match::Later { .. } => Fit::No,
        // A packet that comes in carries no mark yet.
        Match::Mark { value, mask, not } => yes(0 == value & mask, *not),
        Match::Unknown { .. } => Fit::Maybe,
    }
}

/// `veth+` and `veth*` stand for all names with that beginning.
fn interface_fits(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix(['+', '*']) {
        Some(prefix) => name.starts_with(prefix),
        None => pattern == name,
    }
}
