// SPDX-License-Identifier: Apache-2.0
//! The security group in front of a node does not let a NodePort in.
//!
//! ## What you see
//! A service of type NodePort or LoadBalancer answers inside the cluster, and hangs from outside.
//!
//! ## Why it happens
//! The ports 30000 to 32767 are missing in the security group of the nodes, so that what comes from outside is dropped in front of them.
//!
//! ## What to do
//! Allow the service's port, or the whole range, in the nodes' security group.

use crate::fixture::{Scene, kubernetes};
use crate::report::{Command, Risk};
use crate::{CoeKind, Finding, Layer, Rule, Stop, Verdict, blind, each_node, fires, need, quiet};
use magnum_facts::coe::{KubernetesFacts, Service};
use magnum_facts::node::{Decision, Packet, Proto};
use magnum_facts::{Facts, HostFacts};
use magnum_types::Role;
use std::net::Ipv4Addr;

pub static RULE: Rule = Rule {
    id: "kp-nodeport-sg",
    layer: Layer::Service,
    coe: CoeKind::Kubernetes,
    guide: "L321-376",
    symptoms: &["S7", "S15"],
    needs: &[HostFacts::PORT, KubernetesFacts::SERVICES],
    not_if: &["nt-sg-port-blocked"],
    set_so: true,
    check,
    cases: &[
        fires("the range is missing", || node_port(&["[9:540] -A port-in -s 10.0.0.0/24 -j ACCEPT", "[3:180] -A port-in -j DROP"])),
        quiet("the range is open", || {
            node_port(&["[9:540] -A port-in -p tcp -m tcp --dport 30000:32767 -j ACCEPT", "[3:180] -A port-in -j DROP"])
        }),
        quiet("no service has a port of the nodes", || kubernetes(1, 2)),
        blind("the engine says nothing of the node's port", || node_port(&[]).host_dark("node-1")),
    ],
    not_injected: "the group is the engine's, in front of the nodes: a test that acts on the nodes cannot take the range out of it",
    ..Rule::BASE
};

/// An address outside of everything (RFC 5737).
const OUTSIDE: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 7);

fn node_port(rules: &[&str]) -> Scene {
    kubernetes(1, 2).port_rules("node-1", rules).port_rules("node-0", &["[0:0] -A port-in -j ACCEPT"]).with(|f| {
        for service in f.kubernetes.services.value_mut().into_iter().flatten() {
            service.kind = "NodePort".into();
            service.ports.iter_mut().for_each(|p| p.node_port = Some(30080));
        }
    })
}

fn check(facts: &Facts) -> Verdict {
    let services = match need(&facts.kubernetes.services, KubernetesFacts::SERVICES) {
        Ok(services) => services,
        Err(stop) => return Verdict::cluster(Err(stop)),
    };
    let open = |s: &&Service| matches!(s.kind.as_str(), "NodePort" | "LoadBalancer");
    let tcp = |s: &Service| s.ports.iter().find(|p| p.protocol == "TCP").and_then(|p| p.node_port);
    let wanted = services.value.iter().filter(open).find_map(|s| Some((format!("{}/{}", s.namespace, s.name), tcp(s)?)));
    let Some((name, port)) = wanted else { return Verdict::default() };
    each_node(facts, |n| {
        let destination = n.member.address.filter(|_| n.member.role == Role::Worker).ok_or(Stop::Quiet)?;
        let filter = need(&n.host.port, HostFacts::PORT)?;
        let packet =
            Packet { protocol: Proto::Tcp, source: OUTSIDE, destination, destination_port: port, in_interface: Some("eth0".into()) };
        let quote = match filter.rules.decide_chain(&filter.ingress_chain, &packet).ok_or(Stop::Quiet)? {
            Decision::DropRule { rule, .. } => rule.text.clone(),
            Decision::DropPolicy { chain, .. } => format!("policy of {}: drop", chain.name),
            Decision::Accept | Decision::Unsure { .. } => return Err(Stop::Quiet),
        };
        Ok(Finding::cause(n.subject(), format!("The service {name} has port {port} on {}, which nobody outside can reach.", n.name))
            .because("no rule of the security group lets it in", [filter.cite(filter.ingress_chain.clone(), quote)])
            .because(format!("{name} is meant to be reached at port {port} of every node"), [services.cite(name.clone(), port.to_string())])
            .fix("Allow TCP 30000 to 32767 in the nodes' security group.")
            .run(Command::new(
                Risk::ChangesCloud,
                "openstack security group rule create --protocol tcp --dst-port 30000:32767 <group>".to_owned(),
            )))
    })
}
