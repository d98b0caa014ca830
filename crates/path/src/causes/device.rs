// SPDX-License-Identifier: Apache-2.0
//! A device of the path is missing or down.

use crate::cause::{Cause, Found, Look, Scene};
use crate::gap::Stop;
use crate::route::Place;

pub static CAUSE: Cause = Cause { id: "device-down", rank: 10, look };

fn look(scene: &Scene<'_>) -> Look {
    let stops = [&scene.gap.next, &scene.gap.last];
    let mut fine = Look::Nothing;
    for stop in stops.into_iter().flatten() {
        match one(scene, stop) {
            Look::Nothing => {}
            Look::Fine(text) => fine = Look::Fine(text),
            guilty @ Look::Guilty(_) => return guilty,
        }
    }
    fine
}

fn one(scene: &Scene<'_>, stop: &Stop) -> Look {
    let (node, device) = (&stop.hop.node, scene.device(stop));
    if stop.hop.place == Place::Inside {
        return inside(scene, stop);
    }
    let Some(links) = scene.links(node).filter(|_| !device.is_empty() && !stop.hop.apart) else { return Look::Nothing };
    let show = scene.on(node, &format!("ip link show {device}"));
    let overlay = stop.hop.place == Place::Overlay;
    let Some(link) = links.iter().find(|l| l.name == device) else {
        let found = Found::new(format!("there is no device {device} on {node}")).seen(show, "does not exist");
        return if overlay { restarted(scene, node, found) } else { found.fix("Make the device again.").guilty() };
    };
    if link.up {
        return Look::Fine(format!("{device} on {node} is up"));
    }
    let found = Found::new(format!("{device} on {node} is down")).seen(show, "not UP");
    let up = scene.on(node, &format!("ip link set {device} up"));
    if overlay {
        return restarted(scene, node, found.run(up));
    }
    found.fix(format!("Put {device} up; then look at who put it down (`journalctl -k`, network managers).")).run(up).guilty()
}

/// Routes and forwarding entries go with the overlay's device, and its daemon makes them.
fn restarted(scene: &Scene<'_>, node: &str, found: Found) -> Look {
    let restart = scene.on(node, "systemctl restart flanneld");
    found.fault("fl-not-running").fix("Restart the overlay's daemon: it makes the device and what leads through it.").run(restart).guilty()
}

fn inside(scene: &Scene<'_>, stop: &Stop) -> Look {
    let Some((node, container)) = scene.container(stop) else { return Look::Nothing };
    let Some(flags) = container.own("flags") else { return Look::Nothing };
    let has = |flag: &str| flags.as_array().is_some_and(|flags| flags.iter().any(|f| f == flag));
    let up = has("UP") && !has("NO-CARRIER");
    let address = stop.hop.container.map(|a| a.to_string()).unwrap_or_default();
    if up {
        return Look::Fine(format!("{} of {address} is up", container.device));
    }
    if has("UP") {
        let up = scene.on(node, &format!("ip link set {} up", container.peer));
        return Found::new(format!("{} on {node}, the other end of {address}'s device, is down", container.peer))
            .seen(scene.on(node, &format!("ip link show {}", container.peer)), "not UP")
            .fix("Put it up, or make the pod anew.")
            .run(up)
            .guilty();
    }
    let show = scene.in_container(node, container, &format!("ip link show {}", container.device));
    Found::new(format!("the device {} of {address} is down, inside the container", container.device))
        .seen(show, "not UP")
        .fix("Make the pod anew: its network is set up once, when it starts.")
        .run(scene.in_container(node, container, &format!("ip link set {} up", container.device)))
        .guilty()
}
