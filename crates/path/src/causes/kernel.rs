// SPDX-License-Identifier: Apache-2.0
//! The kernel dropped as many packets as were sent at one place for one reason (doctor.md 1.1), and nothing says more.

use crate::cause::{Cause, Found, Look, Scene};

pub static CAUSE: Cause = Cause { id: "kernel", rank: 90, look };

const WORDS: &[(&str, &str)] = &[
    ("NETFILTER_DROP", "a packet filter's rule, one without a counter"),
    ("IP_RPFILTER", "the reverse path filter (rp_filter)"),
    ("IP_INADDRERRORS", "the node does not forward, or the address is not its own"),
    ("IP_INNOROUTES", "no route leads on"),
    ("IP_OUTNOROUTES", "no route leads on"),
    ("VXLAN_VNI_NOT_FOUND", "no overlay of that network number here"),
    ("NO_TX_TARGET", "the overlay has no forwarding entry for the other node"),
    ("NEIGH_FAILED", "nobody answers for the next hop's address"),
    ("OTHERHOST", "the hardware address is another's"),
    ("TC_INGRESS", "a traffic control filter on the way in"),
    ("TC_EGRESS", "a traffic control filter on the way out"),
    ("XDP", "an XDP program"),
    ("PKT_TOO_BIG", "too large for the next device"),
    ("LOCAL_MAC", "the packet carries the device's own hardware address"),
];

fn look(scene: &Scene<'_>) -> Look {
    if !scene.burst {
        return Look::Nothing;
    }
    for node in scene.gap.nodes() {
        let Some(Ok(closed)) = scene.round.closed.get(node) else { continue };
        let full = |d: &&crate::wire::Drop| {
            scene.is_ours(u64::from(d.count)) && u64::from(d.count) <= u64::from(scene.sent) * 21 / 10 && !consumed(d)
        };
        if let Some(drop) = closed.drops.iter().find(full) {
            let words = WORDS.iter().find(|(reason, _)| *reason == drop.reason).map_or(String::new(), |(_, words)| format!(": {words}"));
            return Found::new(format!("the kernel drops them at {} ({}){words}", drop.location, drop.reason))
                .seen(
                    format!("the kernel's reasons on the machine of {node}"),
                    format!("{} {} {} times while {} were sent", drop.location, drop.reason, drop.count, scene.sent),
                )
                .fix("Follow the reason: the counters of all filters, traffic control and XDP programs of that node.")
                .run(scene.on(node, "nft list ruleset"))
                .guilty();
        }
    }
    Look::Nothing
}

/// Packets that arrived and were used up, which the kernel counts, too.
fn consumed(drop: &crate::wire::Drop) -> bool {
    drop.reason == "NO_SOCKET" && matches!(drop.location.as_str(), "ping_rcv" | "icmp_rcv" | "raw_rcv" | "__udp4_lib_rcv")
        || drop.reason == "NOT_SPECIFIED"
}
