// SPDX-License-Identifier: Apache-2.0
//! A node does not know the way to another node's pods.
//!
//! ## What you see
//! Pods of one node do not reach those of one other node; every other pair works.
//!
//! ## Why it happens
//! Flannel keeps a route, a neighbour and a forwarding entry for each other node. One of them is missing or names an old device: it was
//! removed by hand or by another program, or flanneld missed a change.
//!
//! ## What to do
//! Restart flanneld on the node that lacks the entry: it writes all of them anew.

use crate::ask::NodeAsk;
use crate::fixture::{drop_rule, kubernetes};
use crate::overlay::registry;
use crate::report::{Command, Risk};
use crate::{Act, CoeKind, Finding, Layer, Rule, Stop, Verdict, blind, each_node, fires, need, quiet};
use magnum_facts::node::{NodeFacts, OverlayLease};
use magnum_facts::{Citation, Facts, ProbeFacts};

pub static RULE: Rule = Rule {
    id: "fl-fdb-or-neigh-missing",
    layer: Layer::Overlay,
    coe: CoeKind::Kubernetes,
    guide: "L245-284",
    symptoms: &["S7"],
    needs: &[NodeFacts::FDB, NodeFacts::NEIGHBOURS, NodeFacts::ROUTES, NodeFacts::OVERLAY, ProbeFacts::OVERLAY],
    not_if: &["nv-shutoff", "fl-udp-port-blocked"],
    check,
    cases: &[
        fires("no forwarding entry", || {
            kubernetes(1, 2).overlay_dead("node-1").with(|f| {
                let table = f.nodes.get_mut("node-1").and_then(|n| n.fdb.value_mut());
                table.into_iter().for_each(|all| all.retain(|e| e.mac != "02:00:00:00:00:01"));
            })
        }),
        fires("the neighbour has an old MAC", || {
            kubernetes(1, 2).overlay_dead("node-1").with(|f| {
                let table = f.nodes.get_mut("node-1").and_then(|n| n.neighbours.value_mut()).into_iter().flatten();
                table.for_each(|e| e.mac = Some("02:ff:ff:ff:ff:ff".into()));
            })
        }),
        fires("no route", || {
            kubernetes(1, 2)
                .overlay_dead("node-1")
                .with(|f| f.nodes.get_mut("node-1").and_then(|n| n.routes.value_mut()).into_iter().for_each(Vec::clear))
        }),
        quiet("all entries are there, the port is blocked", || {
            kubernetes(1, 2).input_rules("node-1", &[drop_rule(8472, 20)]).overlay_dead("node-1")
        }),
        blind("the node cannot be read", || kubernetes(1, 2).node_dark("node-1")),
    ],
    inject: &[Act::On {
        node: "node-1",
        argv: &[
            "sh",
            "-c",
            "bridge fdb show dev flannel.1 | head -n 1 | { read mac dst address rest; bridge fdb del $mac dev flannel.1 dst $address self; }",
        ],
    }],
    undo: &[Act::On { node: "node-1", argv: &["systemctl", "restart", "flanneld"] }],
    ..Rule::BASE
};

fn check(facts: &Facts) -> Verdict {
    each_node(facts, |n| {
        let device = n.tunnel()?;
        let registry = registry(facts)?;
        let missing: Vec<(&str, String, Citation)> = registry
            .value
            .leases
            .iter()
            .filter_map(|lease| {
                let peer = facts.cluster.members.iter().find(|m| m.address == Some(lease.public_ip) && m.name != n.name && m.came_up())?;
                if !n.overlay_lost(Some(&peer.name)) {
                    return None;
                }
                missing(&n, &device.name, lease).map(|found| found.map(|(what, cite)| (peer.name.as_str(), what, cite))).transpose()
            })
            .collect::<Result<_, Stop>>()?;
        let (peer, what, _) = missing.first().ok_or(Stop::Quiet)?;
        let summary = format!("{} lacks {what} for {peer}: nothing gets from its pods to those on {peer}.", n.name);
        let finding = missing.iter().fold(Finding::cause(n.subject(), summary), |f, (peer, what, citation)| {
            f.because(format!("{what} for {peer} is not there"), [citation.clone()])
        });
        let lease = registry.value.leases.iter().map(|l| format!("{} is at {} behind {}", l.subnet, l.public_ip, l.vtep_mac));
        Ok(finding
            .because("the overlay's registry names what should be there", [registry.cite("subnets", lease.collect::<Vec<_>>().join("; "))])
            .fix("Restart flanneld on this node: it writes all entries anew.")
            .run(Command::new(Risk::ReadOnly, n.exec(&format!("bridge fdb show dev {}", device.name))))
            .run(Command::new(Risk::ChangesNode, n.exec("systemctl restart flanneld"))))
    })
}

/// What this node should have for a lease of another and has not.
fn missing(n: &NodeAsk<'_>, device: &str, lease: &OverlayLease) -> Result<Option<(String, Citation)>, Stop> {
    let (mac, gateway) = (lease.vtep_mac.as_str(), lease.subnet.network());
    let routes = need(&n.node.routes, NodeFacts::ROUTES)?;
    if !routes.value.iter().any(|r| r.to == Some(lease.subnet) && r.dev == device) {
        return Ok(Some((format!("the route to {}", lease.subnet), routes.cite(lease.subnet.to_string(), "no such route"))));
    }
    let neighbours = need(&n.node.neighbours, NodeFacts::NEIGHBOURS)?;
    let entry = neighbours.value.iter().find(|e| e.dev == device && e.address == std::net::IpAddr::V4(gateway));
    if entry.and_then(|e| e.mac.as_deref()) != Some(mac) {
        let quote = entry.map_or("no such neighbour".to_owned(), |e| format!("{} {}", e.mac.as_deref().unwrap_or("no MAC"), e.state));
        return Ok(Some((format!("the neighbour {gateway} with {mac}"), neighbours.cite(gateway.to_string(), quote))));
    }
    let fdb = need(&n.node.fdb, NodeFacts::FDB)?;
    let entry = fdb.value.iter().find(|e| e.dev == device && e.mac == mac);
    if entry.is_none_or(|e| e.dst != Some(lease.public_ip)) {
        let quote = entry.map_or("no such entry".to_owned(), |e| format!("leads to {:?}", e.dst));
        return Ok(Some((format!("the forwarding entry of {mac} to {}", lease.public_ip), fdb.cite(mac, quote))));
    }
    Ok(None)
}
