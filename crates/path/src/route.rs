// SPDX-License-Identifier: Apache-2.0
//! The hops that a packet should take between two ends, from what the cluster was laid out with and what its nodes
//! have; the guide's six among them (L270-281).

use crate::endpoint::{Endpoint, Sort};
use magnum_facts::Facts;
use magnum_facts::node::{Link, NodeFacts};
use serde::{Deserialize, Serialize};
use std::net::Ipv4Addr;

/// What a hop is on its node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Place {
    /// The container's own device.
    Inside,
    /// The other end of it, on the node.
    Port,
    /// The bridge that the node's pods are on.
    Bridge,
    /// The overlay's device.
    Overlay,
    /// The node's own device.
    Wire,
}

/// One device that packets pass.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hop {
    pub node: String,
    pub place: Place,
    /// Empty when nobody knows its name: the other end of a container's device, before the captures began.
    pub device: String,
    /// The container, for [`Place::Inside`] and [`Place::Port`].
    pub container: Option<Ipv4Addr>,
    /// On the way there, packets leave by the device; on the way back they come in.
    pub out: bool,
    /// Packets are in the overlay's packets here.
    pub wrapped: bool,
    /// In the network namespace that docker keeps for the overlay of `container`.
    #[serde(default)]
    pub apart: bool,
    /// Its number among the guide's six.
    pub guide: Option<u8>,
    pub mtu: Option<u32>,
}

/// How nodes carry pods' packets to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carrier {
    /// In UDP packets of a vxlan device.
    Vxlan,
    /// In UDP packets of flannel's own device.
    Udp,
    /// As they are, by routes.
    Plain,
}

/// What the cluster's overlay is, as its registry says or as its devices show.
pub fn carrier(facts: &Facts) -> Carrier {
    let configs = facts.nodes.values().filter_map(|n| n.overlay.value()?.config.as_ref());
    let named = configs.filter_map(|c| c.pointer("/Backend/Type")?.as_str()).next();
    let links = || facts.nodes.values().filter_map(|n| n.links.value()).flatten();
    match named {
        Some("host-gw") => Carrier::Plain,
        Some("udp") => Carrier::Udp,
        Some(_) => Carrier::Vxlan,
        None if links().any(|l| l.name == "flannel0") => Carrier::Udp,
        None => Carrier::Vxlan,
    }
}

/// The way from `from` to `to`; the way back is the same the other way round. `to` has an address of its own: for a
/// service, it is one of its backends.
pub fn route(from: &Endpoint, to: &Endpoint, facts: &Facts) -> Vec<Hop> {
    let mut hops = Vec::new();
    let (Some(source), target) = (&from.node, &to.node) else { return hops };
    let near = Side { node: source, facts };
    if from.sort == Sort::Task && to.sort == Sort::Task {
        return of_tasks((from, source), to, facts);
    }
    if from.container {
        hops.push(near.inside(from.address, true));
        hops.push(near.port(from.address, false));
    }
    let same = target.as_ref() == Some(source);
    if same && from.container && to.container {
        hops.push(near.port(to.address, true));
        hops.push(near.inside(to.address, false));
        return hops;
    }
    let carried = to.container && !same;
    let overlay = carried.then(|| carrier(facts)).filter(|c| *c != Carrier::Plain);
    if from.container {
        hops.push(near.bridge(false).numbered(overlay.map(|_| 1)));
    }
    if same {
        if to.container {
            hops.push(near.bridge(true));
            hops.push(near.port(to.address, true));
            hops.push(near.inside(to.address, false));
        }
        return hops;
    }
    if overlay.is_some() {
        hops.push(near.overlay(true).numbered(Some(2)));
    }
    hops.push(near.wire(true, overlay.is_some()).numbered(overlay.map(|_| 3)));
    if let Some(target) = target {
        let far = Side { node: target, facts };
        hops.push(far.wire(false, overlay.is_some()).numbered(overlay.map(|_| 4)));
        if overlay.is_some() {
            hops.push(far.overlay(false).numbered(Some(5)));
        }
        if to.container {
            hops.push(far.bridge(true).numbered(overlay.map(|_| 6)));
            hops.push(far.port(to.address, true));
            hops.push(far.inside(to.address, false));
        }
    }
    hops
}

/// Docker keeps each overlay network in a namespace of its own: the container's other end, a bridge, a vxlan device.
fn of_tasks((from, source): (&Endpoint, &String), to: &Endpoint, facts: &Facts) -> Vec<Hop> {
    let near = Side { node: source, facts };
    let apart = |hop: Hop, of: Ipv4Addr, guide: Option<u8>| Hop { apart: true, container: Some(of), guide, ..hop };
    let mut hops = vec![near.inside(from.address, true)];
    let Some(target) = to.node.as_ref().filter(|target| *target != source) else {
        hops.push(apart(near.port(from.address, false), from.address, None));
        hops.push(apart(near.port(to.address, true), to.address, None));
        hops.push(near.inside(to.address, false));
        return hops;
    };
    let far = Side { node: target, facts };
    hops.push(apart(near.port(from.address, false), from.address, Some(1)));
    hops.push(apart(near.hop(Place::Overlay, "vxlan0".to_owned(), true), from.address, Some(2)));
    hops.push(near.wire(true, true).numbered(Some(3)));
    hops.push(far.wire(false, true).numbered(Some(4)));
    hops.push(apart(far.hop(Place::Overlay, "vxlan0".to_owned(), false), to.address, Some(5)));
    hops.push(apart(far.port(to.address, true), to.address, Some(6)));
    hops.push(far.inside(to.address, false));
    hops
}

struct Side<'a> {
    node: &'a str,
    facts: &'a Facts,
}

impl Hop {
    fn numbered(self, guide: Option<u8>) -> Self {
        Self { guide, ..self }
    }

    /// `cni0 on node-0`, `eth0 of 10.100.1.5`.
    pub fn describe(&self) -> String {
        match (self.place, self.container) {
            (Place::Inside, Some(address)) => format!("{} of {address}", if self.device.is_empty() { "eth0" } else { &self.device }),
            _ if self.apart && !self.device.is_empty() => format!("{} of the overlay on {}", self.device, self.node),
            (Place::Port, Some(address)) if self.device.is_empty() => format!("the port of {address} on {}", self.node),
            _ => format!("{} on {}", self.device, self.node),
        }
    }
}

impl Side<'_> {
    fn links(&self) -> impl Iterator<Item = &Link> {
        self.facts.nodes.get(self.node).and_then(|n: &NodeFacts| n.links.value()).into_iter().flatten()
    }

    fn hop(&self, place: Place, device: String, out: bool) -> Hop {
        let mtu = self.links().find(|l| l.name == device).map(|l| l.mtu);
        Hop { node: self.node.to_owned(), place, device, container: None, out, wrapped: false, apart: false, guide: None, mtu }
    }

    fn inside(&self, address: Ipv4Addr, out: bool) -> Hop {
        Hop { container: Some(address), mtu: None, ..self.hop(Place::Inside, String::new(), out) }
    }

    fn port(&self, address: Ipv4Addr, out: bool) -> Hop {
        Hop { container: Some(address), ..self.hop(Place::Port, String::new(), out) }
    }

    fn bridge(&self, out: bool) -> Hop {
        let named = |name: &str| self.links().find(|l| l.name == name).map(|l| l.name.clone());
        self.hop(Place::Bridge, named("cni0").or_else(|| named("docker0")).unwrap_or_else(|| "cni0".to_owned()), out)
    }

    fn overlay(&self, out: bool) -> Hop {
        let there = self.links().find(|l| l.name.starts_with("flannel")).map(|l| l.name.clone());
        let name = there.unwrap_or_else(|| match carrier(self.facts) {
            Carrier::Udp => "flannel0".to_owned(),
            _ => format!("flannel.{}", self.facts.cluster.layout.overlay_vni.unwrap_or(1)),
        });
        self.hop(Place::Overlay, name, out)
    }

    fn wire(&self, out: bool, wrapped: bool) -> Hop {
        let address = self.facts.cluster.member(self.node).and_then(|m| m.address);
        let own = self.links().find(|l| l.addresses.iter().any(|a| Some(a.addr()) == address)).map(|l| l.name.clone());
        Hop { wrapped, ..self.hop(Place::Wire, own.unwrap_or_else(|| "eth0".to_owned()), out) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use magnum_rules::fixture;

    fn pod(node: &str, address: [u8; 4]) -> Endpoint {
        Endpoint { container: true, ..Endpoint::plain(Sort::Pod, "default/p", address.into(), Some(node.to_owned()), None) }
    }

    fn words(from: &Endpoint, to: &Endpoint) -> String {
        let facts = fixture::kubernetes(1, 2).0;
        let one = |h: &Hop| {
            let guide = h.guide.map(|g| format!("{g}:")).unwrap_or_default();
            let way = if h.out { ">" } else { "<" };
            format!(
                "{guide}{}{way}{}",
                if h.device.is_empty() { format!("{:?}", h.place) } else { h.device.clone() },
                if h.wrapped { "*" } else { "" }
            )
        };
        route(from, to, &facts).iter().map(one).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn packets_take_the_guides_six_hops_and_fewer_where_the_ends_are_closer() {
        let (a, b) = (pod("node-0", [10, 100, 1, 5]), pod("node-1", [10, 100, 2, 6]));
        let near = pod("node-0", [10, 100, 1, 9]);
        let node = |name: &str, last: u8| Endpoint::plain(Sort::Node, name, [10, 0, 0, last].into(), Some(name.to_owned()), None);
        let outside = Endpoint::plain(Sort::Address, "198.51.100.7", [198, 51, 100, 7].into(), None, None);
        for (from, to, expected) in [
            (&a, &b, "Inside> Port< 1:docker0< 2:flannel.1> 3:eth0>* 4:eth0<* 5:flannel.1< 6:docker0> Port> Inside<"),
            (&a, &near, "Inside> Port< Port> Inside<"),
            (&node("node-0", 11), &b, "2:flannel.1> 3:eth0>* 4:eth0<* 5:flannel.1< 6:docker0> Port> Inside<"),
            (&node("node-0", 11), &a, "docker0> Port> Inside<"),
            (&node("node-0", 11), &node("node-1", 12), "eth0> eth0<"),
            (&a, &node("node-1", 12), "Inside> Port< docker0< eth0> eth0<"),
            (&a, &node("node-0", 11), "Inside> Port< docker0<"),
            (&a, &outside, "Inside> Port< docker0< eth0>"),
            (&node("node-0", 11), &node("node-0", 11), ""),
        ] {
            assert_eq!(words(from, to), expected);
        }
    }
}
