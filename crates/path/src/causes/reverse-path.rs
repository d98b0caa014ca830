// SPDX-License-Identifier: Apache-2.0
//! The node drops packets whose sender it would answer by another device (`rp_filter`).

use crate::cause::{Cause, Found, Look, Scene};
use crate::gap::Stop;

pub static CAUSE: Cause = Cause { id: "reverse-path", rank: 45, look };

fn look(scene: &Scene<'_>) -> Look {
    let Some(last) = scene.gap.last.as_ref().filter(|s| !s.out && s.hop.container.is_none()) else { return Look::Nothing };
    let (node, device) = (&last.hop.node, &last.hop.device);
    let value = |name: &str| scene.sysctl(node, &format!("net.ipv4.conf.{name}.rp_filter")).and_then(|v| v.parse::<u8>().ok());
    let strict = match (value("all"), value(device)) {
        (None, None) => return Look::Nothing,
        (all, own) => all.unwrap_or(0).max(own.unwrap_or(0)),
    };
    if strict != 1 {
        return Look::Fine(format!("rp_filter is {strict} for {device} on {node}"));
    }
    let source = outer_source(scene, last).unwrap_or_else(|| scene.addresses().0);
    let leads = scene.route(node, source);
    let said = scene.round.closed.get(node).and_then(|c| c.as_ref().ok()).into_iter().flat_map(|c| &c.drops);
    let kernel = said.into_iter().find(|d| d.reason == "IP_RPFILTER" && scene.is_ours(u64::from(d.count)));
    match (leads, kernel) {
        (Some(Some(route)), None) if route.dev == *device && route.leads() => {
            Look::Fine(format!("{node} would answer {source} by {device}, as rp_filter wants"))
        }
        (leads, kernel) => {
            let by = leads.flatten().map_or("no device".to_owned(), |r| if r.dev.is_empty() { r.kind.clone() } else { r.dev.clone() });
            let found = Found::new(format!(
                "{node} drops packets from {source} that come in by {device}: rp_filter is 1, and it would answer them by {by}"
            ))
            .fault("fl-rp-filter")
            .seen(scene.on(node, &format!("sysctl net.ipv4.conf.{device}.rp_filter")), "1 (the higher of this and all)")
            .seen(scene.on(node, &format!("ip route get {source}")), by);
            let found = match kernel {
                Some(drop) => {
                    found.seen(format!("the kernel of {node}"), format!("{} {} times at {}", drop.reason, drop.count, drop.location))
                }
                None => found,
            };
            found
                .fix("Set rp_filter to 2 (loose) or 0 for the devices that pods' packets pass, now and in /etc/sysctl.d.")
                .run(scene.on(node, &format!("sysctl -w net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.{device}.rp_filter=0")))
                .guilty()
        }
    }
}

/// On the node's own device the overlay's packets come from the other node.
fn outer_source(scene: &Scene<'_>, last: &Stop) -> Option<std::net::Ipv4Addr> {
    let far = if scene.gap.back() { &scene.to.node } else { &scene.from.node };
    if last.hop.wrapped { scene.facts.cluster.member(far.as_ref()?)?.address } else { None }
}
