// SPDX-License-Identifier: Apache-2.0
//! Probes that were sent once, and everything that was seen of them meanwhile.

use crate::route::{Hop, Place};
use crate::wire::{Closed, Container, Kind, Opened, Outcome, Outer, Probe, Sent, Sighting};
use magnum_facts::node::Ruleset;
use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

/// One round of probes. What could not be had is an error in words.
#[derive(Debug, Clone, Default)]
pub struct Round {
    pub probes: Vec<Probe>,
    pub sent: Option<Result<Sent, String>>,
    /// By node.
    pub opened: BTreeMap<String, Result<Opened, String>>,
    pub closed: BTreeMap<String, Result<Closed, String>>,
    /// The filters in front of the nodes' ports, before and after.
    pub filters: BTreeMap<String, (Ruleset, Ruleset)>,
    /// What nodes answered to [`crate::questions`], by node and command.
    pub asked: BTreeMap<(String, String), String>,
}

/// How many packets of a group of probes came by a hop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Count {
    Seen(u16),
    /// Nobody could look, because.
    Unknown(String),
}

impl Count {
    /// The number, when somebody looked.
    pub fn known(&self) -> Option<u16> {
        match self {
            Count::Seen(count) => Some(*count),
            Count::Unknown(_) => None,
        }
    }
}

/// Probes that are looked for together, with what NAT made of each in a round.
pub struct Group<'a> {
    pub round: &'a Round,
    probes: Vec<(&'a Probe, Same)>,
}

impl<'a> Group<'a> {
    /// These probes of this round.
    pub fn new(round: &'a Round, wanted: impl Fn(&Probe) -> bool) -> Self {
        let probes = round.probes.iter().filter(|probe| wanted(probe));
        Self { round, probes: probes.map(|probe| (probe, round.same(probe))).collect() }
    }

    pub fn probes(&self) -> impl Iterator<Item = &'a Probe> {
        self.probes.iter().map(|(probe, _)| *probe)
    }

    /// How many packets came by `hop` on the way there, or back.
    pub fn count(&self, hop: &Hop, back: bool) -> Count {
        if let Some(why) = self.round.blind(hop) {
            return Count::Unknown(why);
        }
        let seen: BTreeSet<_> = self.at(hop, back).map(|(probe, sighting)| (probe.number, sighting.turn)).collect();
        Count::Seen(u16::try_from(seen.len()).unwrap_or(u16::MAX))
    }

    /// The overlay's packet around one of them at this hop.
    pub fn outer(&self, hop: &Hop, back: bool) -> Option<&'a Outer> {
        self.at(hop, back).find_map(|(_, sighting)| sighting.outer.as_ref())
    }

    fn at(&self, hop: &Hop, back: bool) -> impl Iterator<Item = (&'a Probe, &'a Sighting)> {
        self.round.at(hop, back).flat_map(move |sighting| {
            let own = self.probes.iter().filter(move |(probe, same)| way(sighting, probe, same) == Some(back));
            own.map(move |(probe, _)| (*probe, sighting))
        })
    }
}

impl Round {
    /// What became of this probe.
    pub fn outcome(&self, probe: &Probe) -> Option<&Outcome> {
        self.sent.as_ref()?.as_ref().ok()?.outcomes.iter().find(|o| o.number == probe.number)
    }

    /// A container's namespace, on whichever node it was found.
    pub fn container(&self, address: Ipv4Addr) -> Option<(&str, &Container)> {
        self.opened.iter().find_map(|(node, opened)| {
            let found = opened.as_ref().ok()?.containers.iter().find(|c| c.address == Some(address))?;
            Some((node.as_str(), found))
        })
    }

    /// The name of the hop's device, as far as it is known.
    pub fn device<'a>(&'a self, hop: &'a Hop) -> &'a str {
        let container = || hop.container.and_then(|address| self.container(address)).map(|(_, c)| c);
        match hop.place {
            Place::Inside => container().map_or("", |c| &c.device),
            Place::Port => container().map_or("", |c| &c.peer),
            _ => &hop.device,
        }
    }

    /// Why nobody could look at the hop.
    fn blind(&self, hop: &Hop) -> Option<String> {
        match (self.opened.get(&hop.node), self.closed.get(&hop.node)) {
            (Some(Err(why)), _) | (Some(Ok(_)), Some(Err(why))) => return Some(why.clone()),
            (None, _) | (_, None) => return Some(format!("nobody looked at {}", hop.node)),
            (Some(Ok(opened)), Some(Ok(closed))) => {
                if let Some(why) = &opened.blind {
                    return Some(why.clone());
                }
                if closed.lost > 0 {
                    return Some(format!("{} lost {} packets of its captures", hop.node, closed.lost));
                }
            }
        }
        let hidden = (matches!(hop.place, Place::Inside | Place::Port) && self.device(hop).is_empty())
            || (hop.apart && hop.container.is_none_or(|a| self.container(a).is_none()));
        hidden.then(|| {
            format!("no network namespace on {} has the address {}", hop.node, hop.container.map(|a| a.to_string()).unwrap_or_default())
        })
    }

    /// Everything that came by a hop on one of the two ways.
    fn at<'a>(&'a self, hop: &Hop, back: bool) -> impl Iterator<Item = &'a Sighting> + use<'a> {
        let container = hop.container.and_then(|address| self.container(address)).map(|(_, c)| c);
        let device = self.device(hop).to_owned();
        let inside = if hop.place == Place::Inside { hop.container } else { None };
        let apart = container.filter(|_| hop.apart).map_or("", |c| c.peer_namespace.as_str());
        let (out, wrapped) = (hop.out != back, hop.wrapped);
        let sightings = self.closed.get(&hop.node).and_then(|c| c.as_ref().ok()).into_iter().flat_map(|c| &c.sightings);
        sightings.filter(move |s| {
            s.device == device && s.inside == inside && s.namespace == apart && s.out == out && s.outer.is_some() == wrapped
        })
    }

    /// What NAT made of this probe: source ports that tracked connections name, and numbers that TCP connections keep.
    fn same(&self, probe: &Probe) -> Same {
        if probe.kind == Kind::Echo {
            return Same::default();
        }
        let closed = || self.closed.values().filter_map(|c| c.as_ref().ok());
        let lines = closed().flat_map(|c| &c.connections).filter_map(|line| Connection::read(line));
        let ports = lines.filter(|c| c.source_port == probe.source_port).map(|c| c.back_port).collect();
        let own = |s: &&Sighting| s.kind == Some(Kind::Tcp) && s.flags == "S" && s.source_port == probe.source_port;
        Same { ports, numbers: closed().flat_map(|c| &c.sightings).filter(own).filter_map(|s| s.connection).collect() }
    }

    /// Tracked connections of these probes, each once.
    pub fn connections(&self, probes: &[Probe]) -> Vec<Connection> {
        let mut all: Vec<Connection> = Vec::new();
        for line in self.closed.values().filter_map(|c| c.as_ref().ok()).flat_map(|c| &c.connections) {
            let Some(connection) = Connection::read(line) else { continue };
            if probes.iter().any(|p| p.source_port == connection.source_port && p.to == connection.destination)
                && !all.contains(&connection)
            {
                all.push(connection);
            }
        }
        all
    }
}

/// What a TCP or UDP probe is still known by after NAT.
#[derive(Default)]
struct Same {
    ports: Vec<u16>,
    numbers: BTreeSet<u32>,
}

/// Which way a sighted packet of this probe goes; none when it is not of it. `Some(true)` is back.
fn way(sighting: &Sighting, probe: &Probe, same: &Same) -> Option<bool> {
    if sighting.kind != Some(probe.kind) {
        return None;
    }
    // What a router or a packet filter says of a packet is no answer of the target.
    if sighting.error.as_ref().is_some_and(|e| Some(e.from) != sighting.destination) {
        return None;
    }
    let ours = |port: u16| port == probe.source_port || same.ports.contains(&port);
    let numbered = sighting.connection.is_some_and(|number| same.numbers.contains(&number));
    match probe.kind {
        Kind::Tcp if sighting.error.is_some() => (numbered || ours(sighting.source_port)).then_some(true),
        Kind::Tcp if sighting.flags == "S" => (numbered || ours(sighting.source_port)).then_some(false),
        Kind::Tcp => (numbered || ours(sighting.port)).then_some(true),
        Kind::Udp if sighting.number.is_none() => (ours(sighting.port)).then_some(true),
        _ if sighting.number != Some(probe.number) => None,
        _ if sighting.error.is_some() => Some(true),
        Kind::Echo => Some(sighting.reply),
        Kind::Udp => Some(!ours(sighting.source_port)),
    }
}

/// A line of `conntrack -L`: what was asked for, and what answers come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    pub source: Ipv4Addr,
    pub destination: Ipv4Addr,
    pub source_port: u16,
    pub port: u16,
    /// Answers come from here: after translation of the destination, the backend.
    pub back_source: Ipv4Addr,
    pub back_source_port: u16,
    /// And go here: after translation of the source, the node.
    pub back_destination: Ipv4Addr,
    pub back_port: u16,
    pub unreplied: bool,
}

impl Connection {
    /// Reads a line; none when it is of another kind.
    pub fn read(line: &str) -> Option<Self> {
        let all = |key: &str| -> Vec<&str> { line.split_whitespace().filter_map(|w| w.strip_prefix(key)?.strip_prefix('=')).collect() };
        let (src, dst, sport, dport) = (all("src"), all("dst"), all("sport"), all("dport"));
        let address = |list: &[&str], at: usize| list.get(at)?.parse().ok();
        let port = |list: &[&str], at: usize| list.get(at)?.parse().ok();
        Some(Self {
            source: address(&src, 0)?,
            destination: address(&dst, 0)?,
            source_port: port(&sport, 0)?,
            port: port(&dport, 0)?,
            back_source: address(&src, 1)?,
            back_source_port: port(&sport, 1)?,
            back_destination: address(&dst, 1)?,
            back_port: port(&dport, 1)?,
            unreplied: line.contains("[UNREPLIED]"),
        })
    }

    /// `10.254.0.10:53 became 10.100.1.5:53`, and what became of the source.
    pub fn changes(&self) -> Vec<String> {
        let mut all = Vec::new();
        if (self.destination, self.port) != (self.back_source, self.back_source_port) {
            all.push(format!("destination {}:{} becomes {}:{}", self.destination, self.port, self.back_source, self.back_source_port));
        }
        if (self.source, self.source_port) != (self.back_destination, self.back_port) {
            all.push(format!("source {} becomes {}", self.source, self.back_destination));
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tracked_connection_tells_both_translations() {
        let line = "ipv4     2 tcp      6 117 SYN_SENT src=10.100.1.5 dst=10.254.0.20 sport=20001 dport=80 [UNREPLIED] src=10.100.2.6 dst=10.0.0.11 sport=8080 dport=20001 mark=0 use=1";
        let connection = Connection::read(line).unwrap();
        assert!(connection.unreplied);
        assert_eq!(connection.changes(), ["destination 10.254.0.20:80 becomes 10.100.2.6:8080", "source 10.100.1.5 becomes 10.0.0.11"]);
        assert_eq!(Connection::read("ipv4 2 icmp 1 29 src=1.2.3.4 dst=1.2.3.5 type=8 code=0 id=7"), None);
    }
}
