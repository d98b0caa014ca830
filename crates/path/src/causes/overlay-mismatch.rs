// SPDX-License-Identifier: Apache-2.0
//! Both nodes have an overlay, and not the same: another port, another network number.

use crate::cause::{Cause, Found, Look, Scene};
use crate::round::Group;

pub static CAUSE: Cause = Cause { id: "overlay-mismatch", rank: 65, look };

fn look(scene: &Scene<'_>) -> Look {
    let Some((node, wire, overlay)) = scene.unwrapping().filter(|(_, _, overlay)| !overlay.hop.apart) else { return Look::Nothing };
    let sighting = Group::new(scene.round, |_| true).outer(&wire.hop, wire.back);
    let own = scene.link(node, &overlay.hop.device).and_then(|l| l.vxlan.as_ref());
    let (Some(outer), Some(own)) = (sighting, own) else { return Look::Nothing };
    if (outer.vni, outer.port) == (own.vni, own.port) {
        return Look::Fine(format!(
            "{} on {node} has the network number {} and port {} of what arrives",
            overlay.hop.device, own.vni, own.port
        ));
    }
    Found::new(format!(
        "packets arrive at {node} for the overlay's network {} at port {}, and {} has network {} at port {}",
        outer.vni, outer.port, overlay.hop.device, own.vni, own.port
    ))
    .fault("fl-backend-mismatch")
    .seen(scene.on(node, &format!("ip -d link show {}", overlay.hop.device)), format!("vxlan id {} dstport {}", own.vni, own.port))
    .fix("Write one configuration for all nodes into the overlay's registry and restart its daemon on each.")
    .run(scene.on(node, "systemctl restart flanneld"))
    .guilty()
}
