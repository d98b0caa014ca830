// SPDX-License-Identifier: Apache-2.0
//! A security group keeps the cluster's nodes from a port they need.
//!
//! ## What you see
//! One function is broken while the rest works: `kubectl logs` and `exec` (10250), the API from workers (6443), etcd among
//! masters (2380), joining a swarm (2377). Connections are not refused; they time out.
//!
//! ## Why it happens
//! The group at the node's port has no rule for it, or lost it: a template that is too old, a rule deleted by hand.
//!
//! ## What to do
//! Allow the port from the nodes' own network in that security group.

use crate::fixture::kubernetes;
use crate::report::{Command, Risk};
use crate::{Act, CoeKind, Finding, Layer, NodeAsk, Rule, Stop, Verdict, blind, each_node, fires, need, quiet};
use magnum_facts::node::{Decision, Packet, Proto};
use magnum_facts::{Facts, HostFacts, PortProbe, ProbeFacts, Reach};
use magnum_types::Role;

pub static RULE: Rule = Rule {
    id: "nt-sg-port-blocked",
    layer: Layer::Neutron,
    coe: CoeKind::Kubernetes,
    guide: "L186-284",
    symptoms: &["S5", "S7", "S16", "S20"],
    needs: &[ProbeFacts::PORTS, HostFacts::PORT],
    explains: &["kn-*", "kp-*", "kcp-*", "etcd-*", "fl-etcd-unreachable", "dns-*", "sw-*"],
    not_if: &["nv-shutoff"],
    check,
    cases: &[
        fires("the kubelet's port", || {
            kubernetes(1, 2).port_rules("node-1", &[DROP, ALL]).port("master-0", "node-1", 10250, Reach::TimedOut)
        }),
        fires("etcd's port, which every node's overlay needs", || {
            let scene = kubernetes(1, 2).port_rules("master-0", &[DROP_ETCD, ALL]);
            ["node-0", "node-1"].into_iter().fold(scene, |scene, node| scene.port(node, "master-0", 2379, Reach::TimedOut))
        }),
        quiet("it is dropped, and nobody needs it", || kubernetes(1, 2).port_rules("node-1", &[OTHER, ALL])),
        quiet("the group allows it, the node does not answer", || kubernetes(1, 2).port("master-0", "node-1", 10250, Reach::TimedOut)),
        quiet("nothing listens there", || kubernetes(1, 2).port("master-0", "node-1", 10250, Reach::Refused)),
        blind("it times out, and the group cannot be read", || {
            kubernetes(1, 2).port("master-0", "node-1", 10250, Reach::TimedOut).host_dark("node-1")
        }),
    ],
    inject: &[Act::PortDrop { node: "node-1", protocol: "tcp", port: 10250 }],
    undo: &[Act::Converge],
    ..Rule::BASE
};

/// What every node needs of a master: etcd and the API.
const SHARED: [u16; 2] = [2379, 6443];

const DROP: &str = "[9:540] -A port-in -p tcp -m tcp --dport 10250 -j DROP";
const DROP_ETCD: &str = "[9:540] -A port-in -p tcp -m tcp --dport 2379 -j DROP";
const OTHER: &str = "[9:540] -A port-in -p tcp -m tcp --dport 9999 -j DROP";
const ALL: &str = "[4:400] -A port-in -s 10.0.0.0/24 -j ACCEPT";

fn check(facts: &Facts) -> Verdict {
    each_node(facts, |n| {
        let probes = need(&facts.probes.ports, ProbeFacts::PORTS)?;
        let lost: Vec<&PortProbe> = probes.value.iter().filter(|p| p.to == n.name && p.reach == Reach::TimedOut).collect();
        if lost.is_empty() {
            return Err(Stop::Quiet);
        }
        let filter = need(&n.host.port, HostFacts::PORT)?;
        let blocked = |p: &&&PortProbe| {
            packet(&n, p).and_then(|packet| filter.rules.decide_chain(&filter.ingress_chain, &packet)).and_then(|d| match d {
                Decision::DropRule { rule, .. } => Some((rule.text.clone(), rule.packets)),
                Decision::DropPolicy { chain, .. } => Some((format!("policy of {}", chain.name), chain.policy_packets)),
                Decision::Accept | Decision::Unsure { .. } => None,
            })
        };
        let (probe, (rule, packets)) = lost.iter().find_map(|p| Some((p, blocked(&p)?))).ok_or(Stop::Quiet)?;
        let count = packets.map(|p| format!(" ({p} packets so far)")).unwrap_or_default();
        let (name, port, what) = (n.name, probe.port, &probe.what);
        let nodes = facts.cluster.layout.network_cidr.map_or("the nodes' network".to_owned(), |net| net.to_string());
        let quotes =
            lost.iter().filter(|p| p.port == port).map(|p| probes.cite(format!("{} -> {}:{port}", p.from, p.address), "timed out"));
        let open = probes.value.iter().find(|p| p.to == name && p.port != port && p.reach.path_works());
        let other = open.map(|p| {
            (format!("port {} of {name} is reached", p.port), probes.cite(format!("{} -> {}:{}", p.from, p.address, p.port), "connected"))
        });
        Ok(Finding::cause(n.subject(), format!("The security group of {name} does not let the nodes reach TCP {port} ({what})."))
            .because(format!("nobody gets a connection to {name}:{port}"), quotes)
            .because("the security group at its port drops it", [filter.cite(filter.ingress_chain.clone(), format!("{rule}{count}"))])
            .because_if(other)
            .spreads_if(SHARED.contains(&port) && is_only_master(&n))
            .fix(format!("Allow TCP {port} from {nodes} in the security group of {name}."))
            .run(Command::new(
                Risk::ChangesCloud,
                format!("openstack security group rule create --protocol tcp --dst-port {port} --remote-ip {nodes} GROUP"),
            )))
    })
}

fn is_only_master(n: &NodeAsk<'_>) -> bool {
    let masters = n.all.cluster.masters();
    n.member.role == Role::Master && masters.count() == 1
}

fn packet(n: &NodeAsk<'_>, probe: &PortProbe) -> Option<Packet> {
    let source = n.all.cluster.member(&probe.from)?.address?;
    let destination = n.member.address?;
    Some(Packet { protocol: Proto::Tcp, source, destination, destination_port: probe.port, in_interface: None })
}
