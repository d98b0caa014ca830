// SPDX-License-Identifier: Apache-2.0
//! Flannel tunnels over the wrong interface of a node.
//!
//! ## What you see
//! Nodes reach each other, pods of this node reach none elsewhere. flannel's device sends from an address that is not the node's.
//!
//! ## Why it happens
//! The node has more than one interface or address, and flannel took another one than that which the cluster knows the node by.
//!
//! ## What to do
//! Tell flanneld which interface to use, or restart it once the node's addresses are right.

use crate::fixture::{drop_rule, kubernetes};
use crate::report::{Command, Risk};
use crate::{Act, CoeKind, Finding, Layer, Rule, Stop, Verdict, blind, each_node, fires, quiet, when};
use magnum_facts::Facts;
use magnum_facts::node::NodeFacts;
use std::net::Ipv4Addr;

pub static RULE: Rule = Rule {
    id: "fl-wrong-iface",
    layer: Layer::Overlay,
    coe: CoeKind::Kubernetes,
    guide: "L250-284",
    symptoms: &["S7"],
    needs: &[NodeFacts::LINKS],
    explains: &["fl-fdb-or-neigh-missing", "fl-publicip-stale"],
    not_if: &["nv-shutoff"],
    check,
    cases: &[
        fires("an address that the cluster does not know", || {
            kubernetes(1, 2).overlay_dead("node-1").link("node-1", "flannel.1", |l| {
                l.vxlan.iter_mut().for_each(|v| v.local = Some(Ipv4Addr::new(192, 168, 9, 9)));
            })
        }),
        quiet("its port is blocked", || kubernetes(1, 2).input_rules("node-1", &[drop_rule(8472, 20)]).overlay_dead("node-1")),
        quiet("a device that says nothing of its address", || {
            kubernetes(1, 2).link("node-1", "flannel.1", |l| l.vxlan.iter_mut().for_each(|v| v.local = None))
        }),
        blind("the node cannot be read", || kubernetes(1, 2).node_dark("node-1")),
    ],
    inject: &[Act::On { node: "node-1", argv: &["ip", "link", "set", "flannel.1", "type", "vxlan", "id", "1", "local", "192.168.9.9"] }],
    undo: &[Act::On {
        node: "node-1",
        argv: &[
            "sh",
            "-c",
            "ip link set flannel.1 type vxlan id 1 local $(ip -4 -br addr show dev eth0 | awk '{sub(\"/.*\",\"\",$3); print $3}')",
        ],
    }],
    ..Rule::BASE
};

fn check(facts: &Facts) -> Verdict {
    each_node(facts, |n| {
        let device = n.tunnel()?;
        let local = device.vxlan.as_ref().and_then(|v| v.local).ok_or(Stop::Quiet)?;
        let own = n.member.address.ok_or(Stop::Quiet)?;
        when(local != own)?;
        let name = &device.name;
        let known = facts.cluster.cite(format!("members/{}", n.name), own.to_string());
        Ok(Finding::cause(n.subject(), format!("{name} on {} sends from {local}, not from the node's address {own}.", n.name))
            .because(format!("the device {name} was made for {local}"), [device.cite(name.clone(), format!("vxlan local {local}"))])
            .because(format!("the other nodes know this one as {own}"), [known])
            .fix("Restart flanneld; when it chooses wrongly again, name the interface (--iface).")
            .run(Command::new(Risk::ReadOnly, n.exec(&format!("ip -d link show {name}"))))
            .run(Command::new(Risk::ChangesNode, n.exec("systemctl restart flanneld"))))
    })
}
