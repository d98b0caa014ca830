// SPDX-License-Identifier: Apache-2.0
//! What is sent to see how far it comes.

use crate::endpoint::{Endpoint, Sort};
use crate::gap::Gap;
use crate::route::{Hop, Place};
use crate::wire::{Kind, Probe};
use magnum_facts::Facts;
use std::net::Ipv4Addr;

/// Packets of the second round: so many that nothing else can raise a counter by the same number.
const BURST: u16 = 100;
/// Connections of the second round; each needs a source port.
const BURST_TCP: u16 = 20;
/// Probes with numbers from here on are TCP connections, or datagrams to a service.
const CALLS: u16 = 10;
/// The large echo requests.
pub(crate) const LARGE: u16 = 2;
const SMALL_BYTES: u16 = 84;
/// How long a lost packet is waited for, in milliseconds.
const WAIT: u16 = 350;
/// A port nobody listens at: the target says so itself.
const CLOSED: u16 = 33_434;

/// The first source port of a trace; others follow it. Below those that the kernel gives out by itself.
pub fn source_port(nonce: u32) -> u16 {
    20_000 + u16::try_from(nonce % 10_000).unwrap_or_default()
}

/// All source ports that the probes of a trace may have.
pub fn source_ports(nonce: u32) -> Vec<u16> {
    let first = source_port(nonce);
    (0..BURST_TCP * 2 + 4).map(|n| first + n).collect()
}

/// The first round.
pub fn probes(from: &Endpoint, to: &Endpoint, facts: &Facts, nonce: u32) -> Vec<Probe> {
    let first = source_port(nonce);
    let echo = |number, bytes, count| Probe {
        number,
        kind: Kind::Echo,
        to: to.address,
        port: 0,
        source_port: 0,
        bytes,
        count,
        gap_ms: 4,
        wait_ms: WAIT,
    };
    let call = |index: u16, kind: Kind, port: u16| Probe {
        number: CALLS + index,
        kind,
        to: to.address,
        port,
        source_port: first + index,
        bytes: SMALL_BYTES,
        count: 1,
        gap_ms: 0,
        wait_ms: WAIT,
    };
    let kind = if to.udp { Kind::Udp } else { Kind::Tcp };
    if to.sort == Sort::Service {
        // Each connection is given to a backend at random: of so many, each backend gets one most of the time.
        let calls = u16::try_from(to.backends.len() * 4).unwrap_or(u16::MAX).clamp(4, 16);
        return (0..calls).map(|n| call(n, kind, to.port.unwrap_or(80))).collect();
    }
    let mut all = vec![echo(1, SMALL_BYTES, 3), echo(LARGE, size(from, to, facts), 2)];
    match to.port {
        Some(port) => all.extend((0..3).map(|n| call(n, kind, port))),
        None => all.push(Probe { number: 3, count: 2, gap_ms: 4, source_port: first + BURST_TCP * 2 + 1, ..call(0, Kind::Udp, CLOSED) }),
    }
    all
}

/// The second round: many packets of the kind that gets lost, to the address that they get lost on the way to.
pub fn burst(lost: &Probe, to: Ipv4Addr, port: u16, nonce: u32) -> Vec<Probe> {
    let first = source_port(nonce) + BURST_TCP;
    match lost.kind {
        Kind::Tcp => (0..BURST_TCP)
            .map(|n| Probe { number: CALLS + n, source_port: first + n, to, port, gap_ms: 0, wait_ms: 200, ..lost.clone() })
            .collect(),
        Kind::Udp => vec![Probe { count: BURST, gap_ms: 2, wait_ms: 50, to, port, source_port: first, ..lost.clone() }],
        Kind::Echo => vec![Probe { count: BURST, gap_ms: 2, wait_ms: 150, to, ..lost.clone() }],
    }
}

/// What a full packet is on this path: the overlay's or, between nodes, the node's own device.
fn size(from: &Endpoint, to: &Endpoint, facts: &Facts) -> u16 {
    let links = || from.node.as_ref().and_then(|n| facts.nodes.get(n)).and_then(|n| n.links.value()).into_iter().flatten();
    let overlay = links().find(|l| l.name.starts_with("flannel")).map(|l| l.mtu);
    let share = from.node.as_ref().and_then(|n| facts.nodes.get(n)).and_then(|n| n.subnet_env.value()).map(|e| e.mtu);
    let own =
        links().find(|l| l.addresses.iter().any(|a| facts.cluster.members.iter().any(|m| m.address == Some(a.addr())))).map(|l| l.mtu);
    if from.sort == Sort::Task {
        let own = facts.swarm.networks.value().into_iter().flatten().find(|n| n.subnets.iter().any(|s| s.contains(&to.address)));
        return u16::try_from(own.and_then(|n| n.mtu).unwrap_or(1450)).unwrap_or(1450);
    }
    let through = from.container || to.container;
    // What pods were given is what they send, whatever the device says now.
    let bytes = if through { share.or(overlay) } else { own };
    u16::try_from(bytes.unwrap_or(1450)).unwrap_or(1450)
}

/// What is asked of the nodes at a gap before it is judged: (node, program and arguments).
pub fn questions(gap: &Gap) -> Vec<(String, Vec<&'static str>)> {
    let routed = |hop: &Hop| hop.place != Place::Inside;
    let mut nodes: Vec<&str> =
        [&gap.last, &gap.next].into_iter().flatten().filter(|s| routed(&s.hop)).map(|s| s.hop.node.as_str()).collect();
    nodes.dedup();
    let of = |node: &str| {
        [vec!["sysctl", "-a", "-r", r"^net\.ipv4\.conf\..*\.(rp_filter|forwarding)$"], vec!["ip", "neigh", "show"]]
            .map(|argv| (node.to_owned(), argv))
    };
    nodes.into_iter().flat_map(of).collect()
}
