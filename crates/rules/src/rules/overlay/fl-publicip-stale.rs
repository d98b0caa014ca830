// SPDX-License-Identifier: Apache-2.0
//! The overlay's registry has an old address of a node.
//!
//! ## What you see
//! After a node got another address, its pods reach nobody and nobody reaches them; everything else of the node works.
//!
//! ## Why it happens
//! Flannel wrote the node's address to the registry when it started. The others still send to that address.
//!
//! ## What to do
//! Restart flanneld on that node.

use crate::fixture::{kubernetes, stopped};
use crate::overlay::registry;
use crate::report::{Command, Risk};
use crate::{CoeKind, Finding, Layer, Rule, Stop, Verdict, blind, each_node, fires, quiet, when};
use magnum_facts::Facts;
use magnum_facts::node::NodeFacts;
use std::net::Ipv4Addr;

pub static RULE: Rule = Rule {
    id: "fl-publicip-stale",
    layer: Layer::Overlay,
    coe: CoeKind::Kubernetes,
    guide: "L245-284",
    symptoms: &["S7"],
    needs: &[NodeFacts::OVERLAY, NodeFacts::SUBNET_ENV],
    explains: &["fl-fdb-or-neigh-missing"],
    not_if: &["nv-shutoff", "fl-not-running", "fl-duplicate-lease"],
    check,
    cases: &[
        fires("the address of before", || {
            kubernetes(1, 2).overlay_dead("node-1").registry(|r| {
                let own = r.leases.iter_mut().filter(|l| l.public_ip == Ipv4Addr::new(10, 0, 0, 12));
                own.for_each(|l| l.public_ip = Ipv4Addr::new(10, 0, 0, 99));
            })
        }),
        quiet("an entry of a node that is gone", || {
            kubernetes(1, 2).registry(|r| {
                let gone = r.leases.first().cloned().into_iter().map(|mut l| {
                    (l.public_ip, l.subnet) = (Ipv4Addr::new(10, 0, 0, 99), "10.100.99.0/24".parse().unwrap_or(l.subnet));
                    l
                });
                r.leases.extend(gone);
            })
        }),
        quiet("flanneld is stopped", || kubernetes(1, 2).unit("node-1", "flanneld", stopped()).overlay_dead("node-1")),
        blind("the node cannot be read", || kubernetes(1, 2).node_dark("node-1")),
    ],
    not_injected: "the agent's flanneld watches its own entry: when it names another address, it takes a subnet anew within a second",
    ..Rule::BASE
};

fn check(facts: &Facts) -> Verdict {
    each_node(facts, |n| {
        let share = n.share()?;
        let subnet = share.subnet.trunc();
        let registry = registry(facts)?;
        let entry = registry.value.leases.iter().find(|l| l.subnet == subnet).ok_or(Stop::Quiet)?;
        let own = n.member.address.ok_or(Stop::Quiet)?;
        // Another member's address would be a subnet that two nodes use.
        let members_own = facts.cluster.members.iter().any(|m| m.address == Some(entry.public_ip));
        when(!members_own && n.overlay_lost(None))?;
        let old = entry.public_ip;
        let known = facts.cluster.cite(format!("members/{}", n.name), own.to_string());
        Ok(Finding::cause(n.subject(), format!("The other nodes send what is for pods on {} to {old}; its address is {own}.", n.name))
            .because(format!("the registry leads {subnet} to {old}"), [registry.cite("subnets", format!("{subnet} at {old}"))])
            .because(format!("the node that has {subnet} is {own}"), [known, share.cite("FLANNEL_SUBNET", share.subnet.to_string())])
            .fix("Restart flanneld on this node: it writes its entry anew.")
            .run(Command::new(Risk::ReadOnly, "etcdctl get --prefix /coreos.com/network/subnets/".to_owned()))
            .run(Command::new(Risk::ChangesNode, n.exec("systemctl restart flanneld"))))
    })
}
