// SPDX-License-Identifier: Apache-2.0
//! A node does not know the hardware address of the next one, or knows a wrong one.

use crate::cause::{Cause, Found, Look, Scene};
use crate::route::Place;
use std::net::{IpAddr, Ipv4Addr};

pub static CAUSE: Cause = Cause { id: "neighbour", rank: 55, look };

fn look(scene: &Scene<'_>) -> Look {
    let (_, to) = scene.addresses();
    // Without the entry a packet does not even get to the overlay's device.
    let into = scene.handing_on().filter(|(_, next)| next.hop.place == Place::Overlay).map(|(last, next)| (last.hop.node.as_str(), next));
    if let Some((node, overlay)) = into.or_else(|| scene.wrapping().map(|(node, overlay, _)| (node, overlay))) {
        let far = if scene.gap.back() { &scene.from.node } else { &scene.to.node };
        let far = far.clone().unwrap_or_default();
        let Some(Some(route)) = scene.route(node, to) else { return Look::Nothing };
        let device = &overlay.hop.device;
        let mac = scene.link(&far, device).map(|l| l.mac.clone());
        let through = route.via.map_or(Look::Nothing, |via| entry(scene, node, device, via, mac.as_deref(), true));
        let peer = scene.facts.cluster.member(&far).and_then(|m| m.address);
        return match (through, peer, scene.wrapping()) {
            (fine @ (Look::Fine(_) | Look::Nothing), Some(peer), Some((_, _, wire))) => {
                match entry(scene, node, &wire.hop.device, peer, None, false) {
                    guilty @ Look::Guilty(_) => guilty,
                    _ => fine,
                }
            }
            (through, ..) => through,
        };
    }
    if let Some(device) = delivering(scene) {
        let Some(stop) = scene.gap.last.as_ref() else { return Look::Nothing };
        let to = stop.hop.container.filter(|_| stop.hop.place == Place::Inside).unwrap_or(to);
        let mac = scene.round.container(to).and_then(|(_, c)| c.mac());
        return entry(scene, &stop.hop.node, &device, to, mac, false);
    }
    // To another node, not in the overlay.
    match scene.handing_on().map(|(_, next)| next) {
        Some(next) if next.hop.place == Place::Wire && !next.hop.wrapped => {
            let via = scene.route(&next.hop.node, to).flatten().and_then(|r| r.via).unwrap_or(to);
            entry(scene, &next.hop.node, &next.hop.device, via, None, false)
        }
        _ => Look::Nothing,
    }
}

/// The bridge over which the packet should get to the container. A packet with a wrong hardware address gets all the way
/// into it, by a bridge that does not know better, and is not taken.
fn delivering(scene: &Scene<'_>) -> Option<String> {
    let last = scene.gap.last.as_ref()?;
    let bridge = |stop: &crate::gap::Stop| (stop.hop.place == Place::Bridge && stop.out).then(|| stop.hop.device.clone());
    if last.hop.place == Place::Inside && !last.out {
        let links = scene.links(&last.hop.node)?;
        let port = scene.container(last).map(|(_, c)| c.peer.clone())?;
        return links.iter().find(|l| l.name == port)?.master.clone();
    }
    let next = scene.gap.next.as_ref().filter(|next| next.hop.node == last.hop.node);
    next.and_then(bridge).or_else(|| bridge(last))
}

/// Judges the entry of `address` on `device`; `fixed` entries are not learnt by asking, somebody has to write them.
fn entry(scene: &Scene<'_>, node: &str, device: &str, address: Ipv4Addr, mac: Option<&str>, fixed: bool) -> Look {
    let Some(all) = scene.node(node).and_then(|n| n.neighbours.value()) else { return Look::Nothing };
    let show = scene.on(node, &format!("ip neigh show {address} dev {device}"));
    let own = all.iter().find(|n| n.address == IpAddr::V4(address) && n.dev == device);
    let asked = scene.round.asked.iter().find(|((on, what), _)| on == node && what.starts_with("ip neigh")).map(|(_, text)| text);
    // While the probes waited for it, the entry may have changed; newer is better.
    let fresh = asked.and_then(|text| {
        text.lines().find(|l| l.split_whitespace().next() == Some(&address.to_string()) && l.contains(&format!("dev {device} ")))
    });
    let (state, known) = match (fresh, own) {
        (Some(line), _) => {
            let words: Vec<&str> = line.split_whitespace().collect();
            let mac = words.iter().position(|w| *w == "lladdr").and_then(|at| words.get(at + 1)).map(|w| (*w).to_owned());
            (words.last().map(|w| (*w).to_owned()).unwrap_or_default(), mac)
        }
        (None, Some(entry)) => (entry.state.clone(), entry.mac.clone()),
        (None, None) => (String::new(), None),
    };
    let broken = state.contains("FAILED") || state.contains("INCOMPLETE");
    let wrong = known.as_deref().zip(mac).filter(|(known, mac)| !known.eq_ignore_ascii_case(mac));
    let text = match wrong {
        Some((known, mac)) => format!("{node} takes {known} for the hardware address of {address} on {device}, and it is {mac}"),
        None if broken => format!("{node} does not learn the hardware address of {address} on {device}: nobody answers"),
        None if state.is_empty() && fixed => format!("{node} has no hardware address for {address} on {device}"),
        None if state.is_empty() => return Look::Nothing,
        None => return Look::Fine(format!("{node} knows the hardware address of {address} on {device} ({state})")),
    };
    let said = if state.is_empty() { "no entry".to_owned() } else { format!("{} {state}", known.clone().unwrap_or_default()) };
    let found = Found::new(text).seen(show, said.trim().to_owned());
    if fixed {
        let restart = scene.on(node, "systemctl restart flanneld");
        return found
            .fault("fl-fdb-or-neigh-missing")
            .fix("Restart the overlay's daemon: it writes the entries of all other nodes.")
            .run(restart)
            .guilty();
    }
    let delete = scene.on(node, &format!("ip neigh del {address} dev {device}"));
    found
        .fix("Remove the entry, so that it is asked for again; when nobody answers, look at the device on the other side.")
        .run(delete)
        .guilty()
}
