// SPDX-License-Identifier: Apache-2.0
//! A node has no way out of its own network.
//!
//! ## What you see
//! `ping 8.8.8.8` on the node fails with "Network is unreachable" or without an answer; images are not pulled, names outside are not
//! found, and services' addresses cannot be reached from the node itself. Other nodes of the same network are reached.
//!
//! ## Why it happens
//! The default route is gone, or the router it leads to does not answer.
//!
//! ## What to do
//! Put the default route back; if it is there, look after the router of the cluster's network.

use crate::fixture::{Scene, kubernetes};
use crate::report::{Command, Risk};
use crate::{Act, Finding, Layer, Rule, Stop, Verdict, blind, each_node, fires, need, quiet, when};
use magnum_facts::Facts;
use magnum_facts::node::{Neighbour, NodeFacts, Route};
use std::net::{IpAddr, Ipv4Addr};

pub static RULE: Rule = Rule {
    id: "int-no-egress",
    layer: Layer::Internet,
    guide: "L119-183",
    symptoms: &["S1", "S6", "S19"],
    needs: &[NodeFacts::ROUTES, NodeFacts::NEIGHBOURS],
    explains: &["int-*", "dns-*", "kp-*", "kn-api-unreachable", "wl-*", "sw-*"],
    not_if: &["nv-shutoff"],
    check,
    cases: &[
        fires("the default route is gone", || routes(|all| all.retain(|r| r.to.is_some()))),
        fires("the router does not answer", || gateway("FAILED")),
        quiet("the router's entry is merely old", || gateway("STALE")),
        quiet("the node cannot be reached from the others", || kubernetes(1, 2).cut_off("node-1")),
        blind("the node cannot be read", || kubernetes(1, 2).node_dark("node-1").not_ready("node-1", "")),
    ],
    inject: &[Act::On { node: "node-1", argv: &["sh", "-c", "ip route show default > /root/default && ip route delete default"] }],
    undo: &[Act::On { node: "node-1", argv: &["sh", "-c", "ip route add $(cat /root/default) && rm /root/default"] }],
    ..Rule::BASE
};

fn routes(change: fn(&mut Vec<Route>)) -> Scene {
    kubernetes(1, 2).with(|f| f.nodes.get_mut("node-1").and_then(|n| n.routes.value_mut()).into_iter().for_each(change))
}

fn gateway(state: &'static str) -> Scene {
    kubernetes(1, 2).with(move |f| {
        let address = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));
        let entry = Neighbour { address, dev: "eth0".into(), mac: None, state: state.into() };
        f.nodes.get_mut("node-1").and_then(|n| n.neighbours.value_mut()).into_iter().for_each(|all| all.push(entry.clone()));
    })
}

fn check(facts: &Facts) -> Verdict {
    each_node(facts, |n| {
        let routes = need(&n.node.routes, NodeFacts::ROUTES)?;
        when(!routes.value.is_empty())?;
        let name = n.name;
        let Some(default) = routes.value.iter().find(|r| r.to.is_none() && r.kind != "unreachable") else {
            let back = facts.cluster.layout.gateway.map_or("default".to_owned(), |g| format!("default via {g}"));
            let seen: Vec<_> = routes.value.iter().filter_map(|r| Some(format!("{} dev {}", r.to?, r.dev))).collect();
            return Ok(Finding::cause(
                n.subject(),
                format!("{name} has no default route: nothing outside its own network can be reached."),
            )
            .because("there is no default route", [routes.cite("main table", seen.join(", "))])
            .fix("Put the route to the network's router back.")
            .run(Command::new(Risk::ChangesNode, n.exec(&format!("ip route add {back}")))));
        };
        let neighbours = need(&n.node.neighbours, NodeFacts::NEIGHBOURS)?;
        let router = default.via.ok_or(Stop::Quiet)?;
        let dead = |e: &&Neighbour| e.address == IpAddr::V4(router) && e.state == "FAILED";
        let entry = neighbours.value.iter().find(dead).ok_or(Stop::Quiet)?;
        Ok(Finding::cause(
            n.subject(),
            format!("The router {router} does not answer {name}: nothing outside its own network can be reached."),
        )
        .because(format!("{router} does not say which hardware address it has"), [neighbours.cite(router.to_string(), entry.state.clone())])
        .because("the default route leads there", [routes.cite("default", format!("via {router} dev {}", default.dev))])
        .fix("Look after the router of the cluster's network.")
        .run(Command::new(Risk::ReadOnly, n.exec(&format!("ping -c 1 {router}")))))
    })
}
