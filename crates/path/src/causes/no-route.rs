// SPDX-License-Identifier: Apache-2.0
//! A node, or the container that sends, has no route for them, or one that leads elsewhere.

use crate::cause::{Cause, Found, Look, Scene};
use crate::gap::Stop;
use crate::route::Place;
use magnum_facts::node::{Route, ip};
use std::net::Ipv4Addr;

pub static CAUSE: Cause = Cause { id: "no-route", rank: 40, look };

fn look(scene: &Scene<'_>) -> Look {
    let (_, to) = scene.addresses();
    if let Some((_, next)) = scene.handing_on() {
        return on_node(scene, next, to);
    }
    if let Some((node, overlay, wire)) = scene.wrapping() {
        return around_overlay(scene, node, overlay, wire, to);
    }
    match (&scene.gap.last, &scene.gap.next) {
        // The container's own answer, or its first packet, never left it.
        (_, Some(next)) if next.hop.place == Place::Inside && next.out => in_container(scene, next, to),
        // The node's own packet never left it.
        (None, Some(next)) if next.out => on_node(scene, next, to),
        (Some(last), Some(next)) if !last.out && next.out && last.hop == next.hop && last.hop.container.is_none() => {
            on_node(scene, next, to)
        }
        _ => Look::Nothing,
    }
}

fn on_node(scene: &Scene<'_>, next: &Stop, to: Ipv4Addr) -> Look {
    let (node, device) = (&next.hop.node, &next.hop.device);
    let Some(route) = scene.route(node, to) else { return Look::Nothing };
    let ask = scene.on(node, &format!("ip route get {to}"));
    let overlay = next.hop.place == Place::Overlay;
    let found = match route {
        None => Found::new(format!("{node} has no route to {to}")).seen(ask, "no route"),
        Some(r) if !r.leads() => {
            let net = r.destination();
            let remove = scene.on(node, &format!("ip route del {} {net}", r.kind));
            return Found::new(format!("{node} has a route that refuses packets to {to}: {} {net}", r.kind))
                .seen(scene.on(node, "ip route show"), format!("{} {net}", r.kind))
                .fix("Remove the route, and look at who made it.")
                .run(remove)
                .guilty();
        }
        Some(r) if r.dev != *device && !r.dev.is_empty() => {
            let net = r.destination();
            Found::new(format!("{node} sends packets to {to} out by {} ({net}) and not by {device}", r.dev))
                .seen(ask, format!("{net} dev {}", r.dev))
        }
        Some(r) => {
            let net = r.destination();
            return Look::Fine(format!("{node} has the route {net} dev {device}"));
        }
    };
    if overlay {
        let restart = scene.on(node, "systemctl restart flanneld");
        return found
            .fault("fl-not-running")
            .fix("Restart the overlay's daemon: it makes the routes to other nodes' pods.")
            .run(restart)
            .guilty();
    }
    found.fix(format!("Give {node} a route to {to} by {device}.")).run(scene.on(node, "ip route show")).guilty()
}

/// The pods' route leads to another node's part of the overlay, or the node cannot reach the other node itself.
fn around_overlay(scene: &Scene<'_>, node: &str, overlay: &Stop, wire: &Stop, to: Ipv4Addr) -> Look {
    let back = scene.gap.back();
    let far = if back { &scene.from.node } else { &scene.to.node };
    let Some(peer) = far.as_ref().and_then(|n| scene.facts.cluster.member(n)).and_then(|m| m.address) else { return Look::Nothing };
    match on_node(scene, wire, peer) {
        guilty @ Look::Guilty(_) => return guilty,
        Look::Fine(_) | Look::Nothing => {}
    }
    let Some(Some(route)) = scene.route(node, to) else { return Look::Nothing };
    let own = |l: &&magnum_facts::node::Link| l.name == overlay.hop.device;
    let right =
        far.as_ref().and_then(|n| scene.links(n)).into_iter().flatten().find(own).and_then(|l| l.addresses.first()).map(|a| a.addr());
    match (route.via, right) {
        (Some(via), Some(right)) if via != right => {
            let net = route.destination();
            let peer = far.clone().unwrap_or_default();
            Found::new(format!("the route of {node} to {net} leads to {via}, and the overlay's address of {peer} is {right}"))
                .seen(scene.on(node, &format!("ip route get {to}")), format!("{net} via {via} dev {}", route.dev))
                .fault("fl-duplicate-lease")
                .fix("Restart the overlay's daemon: it makes the routes from the registry.")
                .run(scene.on(node, "systemctl restart flanneld"))
                .guilty()
        }
        (Some(via), Some(_)) => Look::Fine(format!("the route of {node} leads to the right node's overlay address, {via}")),
        _ => Look::Nothing,
    }
}

fn in_container(scene: &Scene<'_>, stop: &Stop, to: Ipv4Addr) -> Look {
    let Some((node, container)) = scene.container(stop) else { return Look::Nothing };
    let address = stop.hop.container.map(|a| a.to_string()).unwrap_or_default();
    if !container.routes.is_array() {
        return Look::Nothing;
    }
    let text = match Route::best(&ip::routes(&container.routes), to) {
        Some(route) if route.leads() => {
            return Look::Fine(format!("{address} has a route to {to} by {}", route.dev));
        }
        Some(route) => format!("{address} has a route that refuses packets to {to}: {} {}", route.kind, route.destination()),
        None => format!("{address} has no route to {to}, inside the container"),
    };
    Found::new(text)
        .seen(scene.in_container(node, container, "ip route show"), container.routes.to_string())
        .fix("Make the pod anew: its network is set up once, when it starts.")
        .guilty()
}
