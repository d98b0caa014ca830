// SPDX-License-Identifier: Apache-2.0
//! The other end of a container's device is not on the bridge.

use crate::cause::{Cause, Found, Look, Scene};
use crate::route::Place;

pub static CAUSE: Cause = Cause { id: "port-detached", rank: 8, look };

fn look(scene: &Scene<'_>) -> Look {
    let (last, next) = (&scene.gap.last, &scene.gap.next);
    let Some(port) = [last, next].into_iter().flatten().find(|s| s.hop.place == Place::Port && !s.hop.apart) else { return Look::Nothing };
    let (node, device) = (&port.hop.node, scene.device(port));
    let Some(link) = scene.link(node, device) else { return Look::Nothing };
    if let Some(bridge) = &link.master {
        return Look::Fine(format!("{device} on {node} is a port of {bridge}"));
    }
    let address = port.hop.container.map(|a| a.to_string()).unwrap_or_default();
    let bridge = scene.links(node).into_iter().flatten().find(|l| l.kind == "bridge" && l.name == "cni0").map_or("cni0", |l| &l.name);
    Found::new(format!("{device} on {node}, the other end of {address}'s device, is on no bridge"))
        .seen(scene.on(node, &format!("ip link show {device}")), "no master")
        .fix("Put it back on the bridge, or make the pod anew.")
        .run(scene.on(node, &format!("ip link set {device} master {bridge}")))
        .guilty()
}
