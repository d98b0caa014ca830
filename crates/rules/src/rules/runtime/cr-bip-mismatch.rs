// SPDX-License-Identifier: Apache-2.0
//! The containers' bridge of a node is not in the node's flannel subnet.
//!
//! ## What you see
//! Pods or containers of that node run but reach nothing beyond it, and nobody reaches them; `ip addr show docker0` shows an address
//! such as 172.17.0.1 that is in no subnet of the overlay.
//!
//! ## Why it happens
//! The bridge was made before flannel had a subnet, without flannel's `--bip`, or somebody changed it. Other nodes send the
//! subnet's packets here, but the bridge does not have them.
//!
//! ## What to do
//! Give the bridge the address in `/run/flannel/subnet.env`: restart what makes it, after flannel.

use crate::fixture::{Scene, kubernetes, stopped};
use crate::report::{Command, Risk};
use crate::{Act, CoeKind, Finding, Layer, Rule, Stop, Verdict, blind, each_node, fires, need, quiet, when};
use ipnet::Ipv4Net;
use magnum_facts::Facts;
use magnum_facts::node::NodeFacts;

pub static RULE: Rule = Rule {
    id: "cr-bip-mismatch",
    layer: Layer::Runtime,
    coe: CoeKind::Kubernetes,
    guide: "L245-284",
    symptoms: &["S7"],
    needs: &[NodeFacts::LINKS, NodeFacts::SUBNET_ENV, NodeFacts::OVERLAY],
    explains: &["fl-*", "kp-*", "dns-*", "wl-*"],
    not_if: &["fl-duplicate-lease", "nv-shutoff"],
    check,
    cases: &[
        fires("the bridge has Docker's own default", || bridge("172.17.0.1/16")),
        quiet("another address of the same subnet", || bridge("10.100.2.7/24")),
        quiet("flannel has no subnet", || bridge("172.17.0.1/16").unit("node-1", "flanneld", stopped()).with(no_subnet)),
        blind("the node cannot be read", || kubernetes(1, 2).node_dark("node-1").not_ready("node-1", "")),
    ],
    inject: &[Act::On {
        node: "node-1",
        argv: &[
            "sh",
            "-c",
            "ip addr show docker0 | awk '/inet /{print $2}' > /root/bip; ip addr flush dev docker0; ip addr add 172.17.0.1/16 dev docker0",
        ],
    }],
    undo: &[Act::On {
        node: "node-1",
        argv: &["sh", "-c", "ip addr flush dev docker0; ip addr add $(cat /root/bip) dev docker0; rm /root/bip"],
    }],
    ..Rule::BASE
};

fn bridge(address: &'static str) -> Scene {
    kubernetes(1, 2).with(move |f| {
        let links = f.nodes.get_mut("node-1").and_then(|n| n.links.value_mut()).into_iter().flatten();
        links.filter(|l| l.kind == "bridge").for_each(|l| l.addresses = address.parse().into_iter().collect());
    })
}

fn no_subnet(facts: &mut Facts) {
    if let Some(node) = facts.nodes.get_mut("node-1")
        && let Some(source) = node.subnet_env.source().cloned()
    {
        node.subnet_env = magnum_facts::Fact::Absent { source };
    }
}

fn check(facts: &Facts) -> Verdict {
    each_node(facts, |n| {
        let links = need(&n.node.links, NodeFacts::LINKS)?;
        let subnet = need(&n.node.subnet_env, NodeFacts::SUBNET_ENV)?;
        let bridge = links.value.iter().find(|l| matches!(l.name.as_str(), "docker0" | "cni0")).ok_or(Stop::Quiet)?;
        let own: Ipv4Net = subnet.value.subnet;
        let first = bridge.addresses.first().ok_or(Stop::Quiet)?;
        when(!bridge.addresses.iter().any(|a| own.contains(&a.addr())))?;
        // Two nodes with one lease look the same from here.
        need(&n.node.overlay, NodeFacts::OVERLAY)?;
        let (name, device) = (n.name, &bridge.name);
        Ok(Finding::cause(n.subject(), format!("{device} on {name} is {first}, outside the node's flannel subnet {}.", own.trunc()))
            .because(format!("{device} has the address {first}"), [links.cite(device.clone(), first.to_string())])
            .because(format!("flannel gave the node {}", own.trunc()), [subnet.cite("FLANNEL_SUBNET", format!("FLANNEL_SUBNET={own}"))])
            .fix(format!("Give {device} the address {own} (and no other): restart flannel, then what makes the bridge."))
            .run(Command::new(Risk::ChangesNode, n.exec(&format!("ip address replace {own} dev {device}"))))
            .run(Command::new(Risk::ChangesNode, n.exec(&format!("ip address delete {first} dev {device}")))))
    })
}
