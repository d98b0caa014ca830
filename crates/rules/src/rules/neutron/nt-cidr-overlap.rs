// SPDX-License-Identifier: Apache-2.0
//! Two networks that a node must tell apart have overlapping address ranges.
//!
//! ## What you see
//! Some addresses cannot be reached from some nodes although nothing filters them; `ip route get` shows the wrong device. Or the create
//! fails: "Cidr … of subnet … overlaps".
//!
//! ## Why it happens
//! The nodes' network, the pods', the services', a bridge of Docker or somebody else's on the node were given ranges without looking at
//! each other. The narrower route wins, and takes the other network's addresses with it.
//!
//! ## What to do
//! Give one of them another range: remove the bridge, or create the cluster with other `fixed_subnet_cidr`, `flannel_network_cidr`,
//! `service_cluster_ip_range`.

use crate::fixture::{Scene, kubernetes};
use crate::report::{Command, Risk};
use crate::{Act, CoeKind, Finding, Layer, Rule, Stop, Subject, Verdict, blind, each_node, fires, need, quiet};
use ipnet::Ipv4Net;
use magnum_facts::node::{Link, NodeFacts};
use magnum_facts::{Facts, Layout};

pub static RULE: Rule = Rule {
    id: "nt-cidr-overlap",
    layer: Layer::Neutron,
    coe: CoeKind::Kubernetes,
    guide: "L186-284",
    symptoms: &["S2", "S7", "S16"],
    needs: &[NodeFacts::LINKS],
    explains: &["int-*", "fl-*", "kn-*", "kp-*", "dns-*", "nt-sg-port-blocked", "nt-mtu-physical", "wl-*", "sw-*"],
    not_if: &["nv-shutoff"],
    check,
    cases: &[
        fires("a bridge takes half of the nodes' network", || bridge("10.0.0.2/29")),
        fires("pods and nodes share a range", || kubernetes(1, 2).with(|f| f.cluster.layout.pod_cidr = "10.0.0.0/16".parse().ok())),
        quiet("a bridge with a range of its own", || bridge("192.168.7.1/24")),
        quiet("the pods' own bridge", || bridge("10.100.2.1/24")),
        blind("the node cannot be read", || kubernetes(1, 2).node_dark("node-1").not_ready("node-1", "")),
    ],
    inject: &[Act::On {
        node: "node-1",
        argv: &["sh", "-c", "ip link add br-lab type bridge && ip address add 10.0.0.2/29 dev br-lab && ip link set br-lab up"],
    }],
    undo: &[Act::On { node: "node-1", argv: &["ip", "link", "delete", "br-lab"] }],
    ..Rule::BASE
};

fn bridge(address: &'static str) -> Scene {
    kubernetes(1, 2).with(move |f| {
        if let Some(links) = f.nodes.get_mut("node-1").and_then(|n| n.links.value_mut())
            && let Some(like) = links.first().cloned()
        {
            let addresses = address.parse().into_iter().collect();
            let name = if address.starts_with("10.100") { "docker0" } else { "br-lab" };
            links.push(Link { name: name.into(), kind: "bridge".into(), addresses, ..like });
        }
    })
}

const NODES: &str = "the nodes' network";

fn ranges(layout: &Layout) -> Vec<(&'static str, Ipv4Net)> {
    let all = [(NODES, layout.network_cidr), ("the pods' network", layout.pod_cidr), ("the services' range", layout.service_cidr)];
    all.into_iter().filter_map(|(name, net)| Some((name, net?))).collect()
}

fn overlap(a: &Ipv4Net, b: &Ipv4Net) -> bool {
    a.contains(b) || b.contains(a)
}

fn check(facts: &Facts) -> Verdict {
    let ranges = ranges(&facts.cluster.layout);
    let pairs = ranges.iter().enumerate().flat_map(|(i, a)| ranges.iter().skip(i + 1).map(move |b| (a, b)));
    if let Some(((one, a), (two, b))) = pairs.into_iter().find(|(a, b)| overlap(&a.1, &b.1)) {
        let finding = Finding::cause(Subject::Cluster, format!("{one} ({a}) and {two} ({b}) overlap."))
            .because(format!("{one} is {a}, {two} is {b}"), [facts.cluster.cite("layout", format!("{a} {b}"))])
            .fix("Create the cluster again with ranges that do not overlap.");
        return Verdict::of(Subject::Cluster, Ok(finding));
    }
    each_node(facts, |n| {
        let links = need(&n.node.links, NodeFacts::LINKS)?;
        let own = |l: &Link| matches!(l.name.as_str(), "lo" | "eth0" | "docker0" | "cni0") || l.name.starts_with("flannel");
        // An address alone, as a load balancer's, takes nothing else with it.
        let nets = links.value.iter().filter(|l| l.up && !own(l)).flat_map(|l| l.addresses.iter().map(move |a| (l, a)));
        let hit = |(l, a): (&Link, &Ipv4Net)| {
            // One in the pods' or the services' range is told by fl-subnet-overlap-node and kp-service-cidr-clash.
            let (name, net) =
                ranges.iter().find(|(name, _)| *name == NODES).filter(|(_, net)| overlap(net, &a.trunc()) && a.prefix_len() < 32)?;
            Some((l.name.clone(), *a, *name, *net))
        };
        let (device, net, name, range) = nets.into_iter().find_map(hit).ok_or(Stop::Quiet)?;
        let node = n.name;
        Ok(Finding::cause(n.subject(), format!("{device} on {node} has {}, which overlaps {name}, {range}.", net.trunc()))
            .because(format!("{device} has the address {net}"), [links.cite(device.clone(), net.to_string())])
            .because(format!("{name} is {range}"), [facts.cluster.cite("layout", range.to_string())])
            .fix(format!("Give {device} another range, or remove it."))
            .run(Command::new(Risk::ReadOnly, n.exec(&format!("ip route show dev {device}"))))
            .run(Command::new(Risk::ChangesNode, n.exec(&format!("ip address delete {net} dev {device}")))))
    })
}
