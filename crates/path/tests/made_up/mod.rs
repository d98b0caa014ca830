// SPDX-License-Identifier: Apache-2.0
//! A path between two pods whose captures are made up.

use magnum_facts::Facts;
use magnum_facts::node::Route;
use magnum_path::wire::{Closed, Container, IcmpError, Kind, Opened, Outcome as Ended, Outer, Probe, Sent, Sighting};
use magnum_path::{Endpoint, Hop, Inputs, Place, Round, Sort, Trace, judge, route};
use magnum_rules::fixture;
use serde_json::json;
use std::net::Ipv4Addr;

pub const A: Ipv4Addr = Ipv4Addr::new(10, 100, 1, 5);
pub const B: Ipv4Addr = Ipv4Addr::new(10, 100, 2, 6);

pub struct Scene {
    pub facts: Facts,
    pub from: Endpoint,
    pub to: Endpoint,
    pub first: Round,
}

fn pod(name: &str, node: &str, address: Ipv4Addr) -> Endpoint {
    Endpoint {
        sort: Sort::Pod,
        name: format!("default/{name}"),
        address,
        node: Some(node.into()),
        container: true,
        port: None,
        udp: false,
        backends: Vec::new(),
    }
}

fn container(address: Ipv4Addr) -> Container {
    let links = json!([{"ifname": "eth0", "address": "02:00:00:00:00:01", "mtu": 1450, "flags": ["UP", "LOWER_UP"]}]);
    let routes = json!([{"dst": "default", "gateway": "10.100.1.1", "dev": "eth0"}]);
    Container {
        address: Some(address),
        device: "eth0".into(),
        peer: format!("veth{}", address.octets()[2]),
        links,
        routes,
        ..Container::default()
    }
}

/// The address of node-0, or of node-1.
fn node(far: bool) -> Ipv4Addr {
    Ipv4Addr::new(10, 0, 0, if far { 12 } else { 11 })
}

/// The sighting of one packet at one hop.
fn sighting(hop: &Hop, probe: &Probe, turn: u16, back: bool, round: &Round) -> Sighting {
    let (source, destination) = if back { (B, A) } else { (A, B) };
    Sighting {
        inside: hop.container.filter(|_| hop.place == Place::Inside),
        device: round.device(hop).to_owned(),
        out: hop.out != back,
        outer: hop.wrapped.then(|| Outer { source: node(back), destination: node(!back), port: 8472, vni: 1 }),
        source: Some(source),
        destination: Some(destination),
        kind: Some(probe.kind),
        port: probe.port,
        source_port: probe.source_port,
        bytes: probe.bytes,
        reply: back && probe.kind == Kind::Echo,
        number: Some(probe.number),
        turn: Some(turn),
        ..Sighting::default()
    }
}

/// A round in which each packet is seen at the first `passed` of the devices there and back.
pub fn round(facts: &Facts, from: &Endpoint, to: &Endpoint, probes: Vec<Probe>, passed: impl Fn(&Probe) -> usize) -> Round {
    let opened = |address| Ok(Opened { containers: vec![container(address)], ..Opened::default() });
    let mut round = Round {
        opened: [("node-0".to_owned(), opened(from.address)), ("node-1".to_owned(), opened(to.address))].into(),
        ..Round::default()
    };
    let hops = route(from, to, facts);
    let both: Vec<(&Hop, bool)> = hops.iter().map(|h| (h, false)).chain(hops.iter().rev().map(|h| (h, true))).collect();
    let (mut near, mut far) = (Closed::default(), Closed::default());
    let mut outcomes = Vec::new();
    for probe in &probes {
        for turn in 0..probe.count {
            for (hop, back) in both.iter().take(passed(probe)) {
                let mut seen = sighting(hop, probe, turn, *back, &round);
                if *back && probe.kind == Kind::Udp {
                    seen.error = Some(IcmpError { from: B, to: A, kind: 3, code: 3, mtu: 0 });
                    (seen.source, seen.destination) = (Some(A), Some(B));
                }
                if hop.node == "node-0" { near.sightings.push(seen) } else { far.sightings.push(seen) }
            }
        }
        let answered = if passed(probe) == both.len() { probe.count } else { 0 };
        outcomes.push(Ended {
            number: probe.number,
            sent: probe.count,
            answered,
            rtt_us: (answered > 0).then_some(140),
            errors: Vec::new(),
        });
    }
    round.closed = [("node-0".to_owned(), Ok(near)), ("node-1".to_owned(), Ok(far))].into();
    round.sent = Some(Ok(Sent { outcomes, blind: None }));
    round.probes = probes;
    round
}

pub fn scene(passed: impl Fn(&Probe) -> usize) -> Scene {
    let mut facts = fixture::kubernetes(1, 2).0;
    for (node, name, share) in [("node-0", "veth1", "10.100.1.0/24"), ("node-1", "veth2", "10.100.2.0/24")] {
        let routes = facts.nodes.get_mut(node).unwrap().routes.value_mut().unwrap();
        routes.push(Route { to: share.parse().ok(), via: None, dev: "docker0".into(), kind: String::new() });
        let links = facts.nodes.get_mut(node).unwrap().links.value_mut().unwrap();
        let mut port = links.iter().find(|l| l.kind == "bridge").unwrap().clone();
        (port.name, port.kind, port.master, port.addresses) = (name.into(), "veth".into(), Some("docker0".into()), Vec::new());
        links.push(port);
    }
    let (from, to) = (pod("a", "node-0", A), pod("b", "node-1", B));
    let probes = magnum_path::probes(&from, &to, &facts, 7);
    let first = round(&facts, &from, &to, probes, passed);
    Scene { facts, from, to, first }
}

impl Scene {
    pub fn judge(&self, burst: Option<&Round>) -> Trace {
        judge(&Inputs { facts: &self.facts, from: &self.from, to: &self.to, first: &self.first, burst })
    }
}
