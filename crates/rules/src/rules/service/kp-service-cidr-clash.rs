// SPDX-License-Identifier: Apache-2.0
//! The addresses of services are also in use by something else.
//!
//! ## What you see
//! Machines of another network cannot be reached from a node or its pods, or some service addresses lead to them.
//!
//! ## Why it happens
//! The range of service addresses is meant for nobody but kube-proxy. A node has a route into that range, because it overlaps a network
//! that really exists.
//!
//! ## What to do
//! Give the other network, or the next cluster (`service_cluster_ip_range`), another range.

use crate::fixture::{Scene, kubernetes};
use crate::report::{Command, Risk};
use crate::{Act, CoeKind, Finding, Layer, Rule, Stop, Verdict, blind, each_node, fires, need, quiet};
use ipnet::Ipv4Net;
use magnum_facts::Facts;
use magnum_facts::node::{NodeFacts, Route};

pub static RULE: Rule = Rule {
    id: "kp-service-cidr-clash",
    layer: Layer::Service,
    coe: CoeKind::Kubernetes,
    guide: "L358-376",
    symptoms: &["S7"],
    needs: &[NodeFacts::ROUTES],
    set_so: true,
    check,
    cases: &[
        fires("a network of another interface", || route("10.254.128.0/24", "eth1")),
        fires("exactly the services' network", || route("10.254.0.0/16", "eth1")),
        quiet("a wide route around it", || route("10.0.0.0/8", "eth0")),
        quiet("a network elsewhere", || route("10.230.0.0/16", "eth1")),
        quiet("the route that leads everywhere", || route("0.0.0.0/0", "eth0")),
        blind("the node cannot be read", || kubernetes(1, 2).node_dark("node-1")),
    ],
    inject: &[Act::On {
        node: "node-1",
        argv: &["sh", "-c", "ip link add clash0 type bridge && ip link set clash0 up && ip route add 10.254.128.0/24 dev clash0"],
    }],
    undo: &[Act::On { node: "node-1", argv: &["ip", "link", "del", "clash0"] }],
    ..Rule::BASE
};

fn route(to: &str, dev: &str) -> Scene {
    kubernetes(1, 2).with(|f| {
        let route = Route { to: to.parse().ok(), via: None, dev: dev.into(), kind: "unicast".into() };
        f.nodes.get_mut("node-1").and_then(|n| n.routes.value_mut()).into_iter().for_each(|all| all.push(route.clone()));
    })
}

fn check(facts: &Facts) -> Verdict {
    each_node(facts, |n| {
        let range = facts.cluster.layout.service_cidr.ok_or(Stop::Quiet)?.trunc();
        let routes = need(&n.node.routes, NodeFacts::ROUTES)?;
        // A wider route is a default route of its kind, and leads nowhere in particular.
        let clashes = |net: &Ipv4Net| net.prefix_len() >= range.prefix_len() && range.contains(&net.network());
        let real = |r: &&Route| r.kind == "unicast" && r.to.as_ref().is_some_and(clashes);
        let route = routes.value.iter().find(real).ok_or(Stop::Quiet)?;
        let to = route.to.map(|net| net.to_string()).unwrap_or_default();
        let summary = format!("{} has a route to {to} by {}, which is within the services' addresses {range}.", n.name, route.dev);
        Ok(Finding::cause(n.subject(), summary)
            .because("a network that really exists has addresses of services", [routes.cite(to.clone(), format!("dev {}", route.dev))])
            .because(format!("services have {range}"), [facts.cluster.cite("layout", format!("services {range}"))])
            .fix("Remove the route if nobody needs it; else give one of the two another range.")
            .run(Command::new(Risk::ReadOnly, n.exec("ip route show")))
            .run(Command::new(Risk::ChangesNode, n.exec(&format!("ip route del {to} dev {}", route.dev)))))
    })
}
