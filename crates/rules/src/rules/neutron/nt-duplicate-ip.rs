// SPDX-License-Identifier: Apache-2.0
//! Two nodes have the same address.
//!
//! ## What you see
//! One node is reached now and then, or by some nodes only; connections to it end up at another machine: wrong host keys, wrong
//! certificates, pods of one node that reach no pod of the other.
//!
//! ## Why it happens
//! An address was put on a device by hand, or a copied machine kept the address of its original, beside the node that Neutron gave it to.
//!
//! ## What to do
//! Take the address away from the node that it does not belong to.

use crate::fixture::{Scene, kubernetes};
use crate::report::{Command, Risk};
use crate::{Act, Finding, Layer, Rule, Stop, Verdict, blind, each_node, fires, need, quiet};
use ipnet::Ipv4Net;
use magnum_facts::Facts;
use magnum_facts::node::NodeFacts;

pub static RULE: Rule = Rule {
    id: "nt-duplicate-ip",
    layer: Layer::Neutron,
    guide: "L186-284",
    symptoms: &["S7", "S16"],
    needs: &[NodeFacts::LINKS],
    explains: &["fl-*", "kn-*", "kp-*", "dns-*", "int-mtu-pmtud", "nt-mtu-physical", "nt-sg-port-blocked", "sw-*"],
    not_if: &["nv-shutoff"],
    check,
    cases: &[
        fires("node-0 has node-1's address too", || second("10.0.0.12/32")),
        quiet("a second address that nobody else has", || second("10.0.0.77/24")),
        quiet("only on its loopback", || kubernetes(1, 2)),
        blind("a node cannot be read", || kubernetes(1, 2).node_dark("node-0").not_ready("node-0", "")),
    ],
    inject: &[Act::On { node: "node-0", argv: &["sh", "-c", "ip address add $(getent hosts node-1 | awk '{print $1}')/32 dev eth0"] }],
    undo: &[Act::On {
        node: "node-0",
        argv: &["sh", "-c", "ip address delete $(ip -o address show dev eth0 | awk '$4 ~ /\\/32$/ {print $4}') dev eth0"],
    }],
    ..Rule::BASE
};

fn second(address: &'static str) -> Scene {
    kubernetes(1, 2).with(move |f| {
        let links = f.nodes.get_mut("node-0").and_then(|n| n.links.value_mut()).into_iter().flatten();
        links.filter(|l| l.name == "eth0").for_each(|l| l.addresses.extend(address.parse::<Ipv4Net>().ok()));
    })
}

fn check(facts: &Facts) -> Verdict {
    each_node(facts, |n| {
        let links = need(&n.node.links, NodeFacts::LINKS)?;
        let owner = |net: &Ipv4Net| facts.cluster.members.iter().find(|m| m.name != n.name && m.address == Some(net.addr()));
        let devices = links.value.iter().filter(|l| l.up).flat_map(|l| l.addresses.iter().map(move |a| (l, a)));
        let (link, net, member) = devices.into_iter().find_map(|(l, a)| Some((l, a, owner(a)?))).ok_or(Stop::Quiet)?;
        let (name, other) = (n.name, &member.name);
        Ok(Finding::cause(n.subject(), format!("{name} has the address of {other}, {}, too.", net.addr()))
            .because(format!("{} of {name} has {net}", link.name), [links.cite(link.name.clone(), net.to_string())])
            .because(
                format!("{} is the address of {other}", net.addr()),
                [facts.cluster.cite(format!("nodes.{other}.address"), net.addr().to_string())],
            )
            .spreads_if(true)
            .fix(format!("Take {} away from {name}.", net.addr()))
            .run(Command::new(Risk::ChangesNode, n.exec(&format!("ip address delete {net} dev {}", link.name)))))
    })
}
