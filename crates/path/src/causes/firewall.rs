// SPDX-License-Identifier: Apache-2.0
//! A packet filter of the node or of the container drops them: the rule whose counter rose by as many as were lost.

use crate::cause::{Cause, Found, Look, Scene};
use crate::route::Place;
use magnum_facts::node::{Rise, Ruleset};

pub static CAUSE: Cause = Cause { id: "firewall", rank: 20, look };

fn look(scene: &Scene<'_>) -> Look {
    let mut looked = Vec::new();
    for node in scene.gap.nodes() {
        let Some(Ok(closed)) = scene.round.closed.get(node) else { continue };
        let inside =
            [&scene.gap.last, &scene.gap.next].into_iter().flatten().filter(|s| s.hop.node == node && s.hop.place == Place::Inside);
        let places = std::iter::once(None).chain(inside.filter_map(|s| s.hop.container).map(Some));
        for place in places {
            let suffix = place.map(|a| format!(" {a}")).unwrap_or_default();
            let read = |from: &std::collections::BTreeMap<String, String>, legacy: bool| -> Option<Ruleset> {
                if legacy {
                    return from.get(&format!("legacy{suffix}")).map(|text| Ruleset::from_iptables_save(text));
                }
                let tables = from.get(&format!("iptables{suffix}")).map(|text| Ruleset::from_iptables_save(text));
                let nft = from.get(&format!("nft{suffix}")).and_then(|t| serde_json::from_str(t).ok()).map(|d| Ruleset::from_nft_json(&d));
                match (tables, nft) {
                    (Some(tables), Some(nft)) => Some(Ruleset::merged(tables, nft)),
                    (tables, nft) => tables.or(nft),
                }
            };
            for legacy in [false, true] {
                let (Some(before), Some(after)) = (read(&closed.before, legacy), read(&closed.after, legacy)) else { continue };
                let found = before.rises(&after).into_iter().filter(|r| scene.is_ours(r.rise)).min_by_key(|r| r.rise);
                match found {
                    Some(rise) => {
                        return guilty(
                            scene,
                            node,
                            place.and_then(|a| scene.round.container(a)).map(|(_, c)| c.namespace.as_str()),
                            &rise,
                            legacy,
                        );
                    }
                    None => looked.push(format!("{node}{suffix}")),
                }
            }
        }
    }
    looked.dedup();
    if looked.is_empty() {
        Look::Nothing
    } else {
        Look::Fine(format!("no drop counter of {} rose by as many as were sent", looked.join(", ")))
    }
}

fn guilty(scene: &Scene<'_>, node: &str, namespace: Option<&str>, rise: &Rise, legacy: bool) -> Look {
    let at = |words: String| match namespace {
        Some(file) => scene.on(node, &format!("nsenter --net={file} {words}")),
        None => scene.on(node, &words),
    };
    let tool = if legacy { "iptables-legacy" } else { "iptables" };
    let is_nft = rise.table.contains(' ');
    let inside = if namespace.is_some() { ", inside the container" } else { "" };
    let what = if rise.policy {
        format!(
            "the packet filter of {node}{inside} drops them: the policy of {} {} is to drop, and no rule lets them pass",
            rise.table, rise.chain
        )
    } else {
        format!("the packet filter of {node}{inside} drops them: {} {}: {}", rise.table, rise.chain, rise.text)
    };
    let save = if is_nft { "nft list ruleset".to_owned() } else { format!("{tool}-save -c") };
    let found =
        Found::new(what).seen(at(save), format!("counter {} -> {} while {} were sent", rise.before, rise.before + rise.rise, scene.sent));
    let found = match scene.facts.cluster.layout.overlay_port {
        Some(port) if namespace.is_none() && rise.text.contains(&port.to_string()) => {
            found.fault(if scene.facts.cluster.coe.is_swarm() { "sw-port-4789" } else { "fl-udp-port-blocked" })
        }
        _ if rise.policy && rise.chain == "FORWARD" => found.fault("cr-forward-drop"),
        _ => found,
    };
    match (rise.policy, is_nft, rise.text.strip_prefix("-A ")) {
        (true, false, _) => {
            found.fix("Let the cluster's packets pass.").run(at(format!("{tool} -t {} -P {} ACCEPT", rise.table, rise.chain)))
        }
        (false, false, Some(rule)) => {
            found.fix("Remove the rule, and look at who made it.").run(at(format!("{tool} -t {} -D {rule}", rise.table)))
        }
        _ => found.fix("Remove the rule, and look at who made it.").run(at(format!("nft -a list chain {} {}", rise.table, rise.chain))),
    }
    .guilty()
}
