// SPDX-License-Identifier: Apache-2.0
//! The pods' network overlaps a network that a node is in.
//!
//! ## What you see
//! When pods start, nodes lose a name server, each other, or machines that they could reach before.
//!
//! ## Why it happens
//! The overlay's network was chosen so that it contains addresses of the nodes' own network, or of another one that a node has an interface
//! in. One of the two routes then wins over the other.
//!
//! ## What to do
//! Make the cluster with another `flannel_network_cidr`, or take the node out of the other network.

use crate::fixture::{Scene, kubernetes};
use crate::report::{Command, Risk};
use crate::{Act, CoeKind, Finding, Layer, Rule, Stop, Verdict, blind, each_node, fires, need, quiet};
use ipnet::Ipv4Net;
use magnum_facts::Facts;
use magnum_facts::node::{NodeFacts, Route};

pub static RULE: Rule = Rule {
    id: "fl-subnet-overlap-node",
    layer: Layer::Overlay,
    coe: CoeKind::Kubernetes,
    guide: "L245-284",
    symptoms: &["S7"],
    needs: &[NodeFacts::ROUTES],
    not_if: &["fl-duplicate-lease", "fl-iface-address-wrong"],
    set_so: true,
    check,
    cases: &[
        fires("a second interface in the pods' network", || route("10.100.130.0/24", "eth1")),
        fires("exactly the pods' network", || route("10.100.0.0/16", "eth1")),
        quiet("a wide route around it: the overlay's own are narrower", || route("10.0.0.0/8", "eth0")),
        quiet("a second interface elsewhere", || route("10.230.0.0/16", "eth1")),
        quiet("the bridge of the pods", || route("10.100.1.0/24", "docker0")),
        blind("the node cannot be read", || kubernetes(1, 2).node_dark("node-1")),
    ],
    inject: &[Act::On {
        node: "node-1",
        argv: &["sh", "-c", "ip link add other0 type bridge && ip link set other0 up && ip addr add 10.100.130.1/24 dev other0"],
    }],
    undo: &[Act::On { node: "node-1", argv: &["ip", "link", "del", "other0"] }],
    ..Rule::BASE
};

/// Devices of the overlay and of pods begin like this.
const OURS: &[&str] = &["flannel", "docker0", "cni", "veth"];

fn route(to: &str, dev: &str) -> Scene {
    kubernetes(1, 2).with(|f| {
        let route = Route { to: to.parse().ok(), via: None, dev: dev.into(), kind: "unicast".into() };
        f.nodes.get_mut("node-1").and_then(|n| n.routes.value_mut()).into_iter().for_each(|all| all.push(route.clone()));
    })
}

fn check(facts: &Facts) -> Verdict {
    each_node(facts, |n| {
        let pods = facts.cluster.layout.pod_cidr.ok_or(Stop::Quiet)?.trunc();
        let routes = need(&n.node.routes, NodeFacts::ROUTES)?;
        // A wider route does no harm: the narrower ones of the overlay win.
        let overlaps = |net: &Ipv4Net| net.prefix_len() >= pods.prefix_len() && pods.contains(&net.network());
        let foreign = |r: &&Route| r.kind == "unicast" && r.to.as_ref().is_some_and(overlaps) && !OURS.iter().any(|o| r.dev.starts_with(o));
        let route = routes.value.iter().find(foreign).ok_or(Stop::Quiet)?;
        let to = route.to.map(|net| net.to_string()).unwrap_or_default();
        Ok(Finding::cause(n.subject(), format!("{} is in the network {to} ({}), which overlaps the pods' {pods}.", n.name, route.dev))
            .because(
                "the node has a route to that network that is not the overlay's",
                [routes.cite(to.clone(), format!("dev {}", route.dev))],
            )
            .because(format!("pods have {pods}"), [facts.cluster.cite("layout", format!("pods {pods}"))])
            .fix("Take the node out of that network, or make the cluster with another flannel_network_cidr.")
            .run(Command::new(Risk::ReadOnly, n.exec("ip route show"))))
    })
}
