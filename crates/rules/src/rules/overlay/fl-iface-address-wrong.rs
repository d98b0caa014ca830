// SPDX-License-Identifier: Apache-2.0
//! The overlay's device or bridge has not the address of the node's subnet.
//!
//! ## What you see
//! Pods on the node lose their gateway, or no pod of another node gets an answer from here.
//!
//! ## Why it happens
//! The device `flannel.1` should have the subnet's `.0` address, the bridge its `.1`, and both should be up. Docker started before flannel,
//! or something else changed an address or set the device down.
//!
//! ## What to do
//! Start the two again in the right order: first flanneld, then Docker.

use crate::fixture::{kubernetes, stopped};
use crate::report::{Command, Risk};
use crate::{Act, CoeKind, Finding, Layer, Rule, Stop, Verdict, blind, each_node, fires, need, quiet, when};
use ipnet::Ipv4Net;
use magnum_facts::node::{Link, NodeFacts};
use magnum_facts::{Facts, Look};
use std::net::Ipv4Addr;

pub static RULE: Rule = Rule {
    id: "fl-iface-address-wrong",
    layer: Layer::Overlay,
    coe: CoeKind::Kubernetes,
    guide: "L273-284",
    symptoms: &["S7"],
    needs: &[NodeFacts::LINKS, NodeFacts::SUBNET_ENV, NodeFacts::OVERLAY],
    explains: &["fl-fdb-or-neigh-missing", "kp-no-endpoints"],
    not_if: &["nv-shutoff", "fl-not-running", "fl-duplicate-lease"],
    check,
    cases: &[
        fires("the bridge has another address", || kubernetes(1, 2).link("node-1", "docker0", |l| l.addresses = net("10.100.2.9/24"))),
        quiet("the bridge has another network, which is Docker's fault", || {
            kubernetes(1, 2).link("node-1", "docker0", |l| l.addresses = net("172.17.0.1/16"))
        }),
        fires("the tunnel has no address", || kubernetes(1, 2).overlay_dead("node-1").link("node-1", "flannel.1", |l| l.addresses.clear())),
        fires("the tunnel is down", || kubernetes(1, 2).overlay_dead("node-1").link("node-1", "flannel.1", |l| l.up = false)),
        quiet("the bridge has no pod and is down", || kubernetes(1, 2).link("node-1", "docker0", |l| l.up = false)),
        quiet("flanneld is stopped", || kubernetes(1, 2).unit("node-1", "flanneld", stopped())),
        blind("the node cannot be read", || kubernetes(1, 2).node_dark("node-1")),
    ],
    inject: &[Act::On {
        node: "node-1",
        argv: &[
            "sh",
            "-c",
            "a=$(ip -4 -o addr show docker0 | awk '{print $4}'); ip addr flush dev docker0; ip addr add ${a%.*}.9/24 dev docker0",
        ],
    }],
    undo: &[Act::On { node: "node-1", argv: &["systemctl", "restart", "flanneld"] }],
    ..Rule::BASE
};

fn net(text: &str) -> Vec<Ipv4Net> {
    text.parse().into_iter().collect()
}

fn check(facts: &Facts) -> Verdict {
    each_node(facts, |n| {
        when(n.member.came_up())?;
        let share = n.share()?;
        let subnet = share.subnet.trunc();
        let first = Ipv4Addr::from(u32::from(subnet.network()) + 1);
        let tunnel = n.tunnel().and_then(|t| wrong(&t, subnet.network(), true));
        let (device, is, should) = match tunnel {
            // A bridge of another network was set up by Docker, whatever the tunnel has: cr-bip-mismatch.
            Err(Stop::Quiet) => {
                let bridge = n.bridge()?;
                when(bridge.addresses.is_empty() || bridge.addresses.iter().any(|net| subnet.contains(&net.addr())))?;
                wrong(&bridge, first, false)?
            }
            other => other?,
        };
        // Two nodes with one lease look the same from here.
        need(&n.node.overlay, NodeFacts::OVERLAY)?;
        let evidence = [device.cite(device.name.clone(), is.clone()), share.cite("FLANNEL_SUBNET", share.subnet.to_string())];
        Ok(Finding::cause(
            n.subject(),
            format!("{} on {} {is}; with the node's subnet {subnet} it should have {should}.", device.name, n.name),
        )
        .because(format!("{} {is}", device.name), evidence)
        .fix("Restart flanneld, then Docker if it runs.")
        .run(Command::new(Risk::ReadOnly, n.exec(&format!("ip -4 address show {}", device.name))))
        .run(Command::new(Risk::ChangesNode, n.exec("systemctl restart flanneld"))))
    })
}

/// The device, what is wrong with it, and the address it should have.
fn wrong<'a>(device: &Look<'a, Link>, should: Ipv4Addr, must_be_up: bool) -> Result<(Look<'a, Link>, String, Ipv4Addr), Stop> {
    let is = device.addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    if !device.addresses.iter().any(|net| net.addr() == should) {
        return Ok((*device, if is.is_empty() { "has no address".to_owned() } else { format!("has {is}") }, should));
    }
    when(must_be_up && !device.up)?;
    Ok((*device, "is down".to_owned(), should))
}
