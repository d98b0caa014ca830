// SPDX-License-Identifier: Apache-2.0
//! The overlay's device does not know on which node a hardware address is, or thinks of a wrong node.

use crate::cause::{Cause, Found, Look, Scene};
use crate::gap::Stop;
use crate::round::Group;
use std::net::Ipv4Addr;

pub static CAUSE: Cause = Cause { id: "forwarding-entry", rank: 60, look };

fn look(scene: &Scene<'_>) -> Look {
    let far = if scene.gap.back() { &scene.from.node } else { &scene.to.node };
    let Some(far) = far.as_deref() else { return Look::Nothing };
    let Some(peer) = scene.facts.cluster.member(far).and_then(|m| m.address) else { return Look::Nothing };
    if let Some((node, overlay, _)) = scene.wrapping().filter(|(_, overlay, _)| !overlay.hop.apart) {
        return missing(scene, node, far, peer, &overlay.hop.device);
    }
    match scene.crossing() {
        Some((last, _)) if last.hop.wrapped => astray(scene, last, far, peer),
        _ => Look::Nothing,
    }
}

fn missing(scene: &Scene<'_>, node: &str, far: &str, peer: Ipv4Addr, device: &str) -> Look {
    let (Some(fdb), Some(mac)) = (scene.node(node).and_then(|n| n.fdb.value()), scene.link(far, device).map(|l| l.mac.as_str())) else {
        return Look::Nothing;
    };
    let show = scene.on(node, &format!("bridge fdb show dev {device}"));
    let entry = fdb.iter().find(|e| e.dev == device && e.mac.eq_ignore_ascii_case(mac) && e.dst.is_some());
    let restart = scene.on(node, "systemctl restart flanneld");
    match entry {
        Some(entry) if entry.dst == Some(peer) => Look::Fine(format!("{device} on {node} has {far}'s forwarding entry {mac} dst {peer}")),
        Some(entry) => wrong(scene, node, far, peer, (mac, entry.dst), device),
        None => Found::new(format!("{device} on {node} has no forwarding entry for {far} ({mac}): it does not know where to send packets"))
            .fault("fl-fdb-or-neigh-missing")
            .seen(show, format!("no line with {mac}"))
            .fix("Restart the overlay's daemon: it writes the entries of all other nodes.")
            .run(restart)
            .guilty(),
    }
}

/// The overlay's packets left, but for another address.
fn astray(scene: &Scene<'_>, last: &Stop, far: &str, peer: Ipv4Addr) -> Look {
    let node = &last.hop.node;
    let sighting = Group::new(scene.round, |_| true).outer(&last.hop, last.back);
    let Some(outer) = sighting else { return Look::Nothing };
    if outer.destination == peer {
        return Look::Fine(format!("the overlay's packets leave {node} for the right address, {peer}"));
    }
    let device = scene.links(node).into_iter().flatten().find(|l| l.vxlan.is_some()).map_or("flannel.1", |l| &l.name);
    let mac = scene.link(far, device).map_or("", |l| l.mac.as_str());
    wrong(scene, node, far, peer, (mac, Some(outer.destination)), device)
}

fn wrong(scene: &Scene<'_>, node: &str, far: &str, peer: Ipv4Addr, (mac, dst): (&str, Option<Ipv4Addr>), device: &str) -> Look {
    let to = dst.map(|d| d.to_string()).unwrap_or_default();
    Found::new(format!("{device} on {node} sends what is for {far} to {to}, and {far} is {peer}"))
        .fault("fl-fdb-or-neigh-missing")
        .seen(scene.on(node, &format!("bridge fdb show dev {device}")), format!("{mac} dst {to}"))
        .fix("Restart the overlay's daemon: it writes the entries of all other nodes.")
        .run(scene.on(node, "systemctl restart flanneld"))
        .guilty()
}
