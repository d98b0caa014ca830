// SPDX-License-Identifier: Apache-2.0
//! A device takes only smaller packets than those it is given.

use crate::cause::{Cause, Found, Look, Scene};
use crate::route::Place;

pub static CAUSE: Cause = Cause { id: "mtu", rank: 12, look };

/// What vxlan adds to an IPv4 packet.
const WRAPPING: u32 = 50;

fn look(scene: &Scene<'_>) -> Look {
    let Some(bytes) = scene.large.map(u32::from) else { return Look::Nothing };
    for stop in [&scene.gap.next, &scene.gap.last].into_iter().flatten() {
        let (node, device) = (&stop.hop.node, scene.device(stop));
        let mtu = match stop.hop.place {
            Place::Inside => scene.container(stop).and_then(|(_, c)| c.mtu()),
            _ => scene.link(node, device).map(|l| l.mtu),
        };
        let size = if stop.hop.wrapped { bytes + WRAPPING } else { bytes };
        if let Some(mtu) = mtu.filter(|mtu| size > *mtu) {
            let inner = if stop.hop.wrapped { format!(" ({bytes} in the overlay's packet)") } else { String::new() };
            let right = if stop.hop.wrapped { size } else { bytes };
            return Found::new(format!("{} takes packets of at most {mtu} bytes, and these have {size}{inner}", named(scene, stop)))
                .fault(if stop.hop.place == Place::Wire { "nt-mtu-physical" } else { "fl-mtu" })
                .seen(scene.on(node, &format!("ip link show {device}")), format!("mtu {mtu}"))
                .fix("Give all devices of the path an MTU that fits: the node's own device 50 bytes more than the overlay and the pods.")
                .run(scene.on(node, &format!("ip link set {device} mtu {right}")))
                .guilty();
        }
    }
    Look::Nothing
}

fn named(scene: &Scene<'_>, stop: &crate::gap::Stop) -> String {
    match stop.hop.place {
        Place::Port => format!("{} on {}", scene.device(stop), stop.hop.node),
        _ => stop.hop.describe(),
    }
}
