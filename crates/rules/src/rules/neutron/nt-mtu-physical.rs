// SPDX-License-Identifier: Apache-2.0
//! A node's device takes smaller packets than the network promises.
//!
//! ## What you see
//! `ping` and small requests work; large answers to and from one node hang: `kubectl logs`, image pulls, TLS handshakes.
//!
//! ## Why it happens
//! The MTU of one node's device (or of the physical network under it) is lower than that of the others, which send packets as large as
//! the network was said to carry. What does not fit is dropped on the way in, without a word to the sender.
//!
//! ## What to do
//! Give all of them the same MTU: the network's (`global_physnet_mtu`), or a lower one everywhere.

use crate::fixture::{Scene, kubernetes};
use crate::report::{Command, Risk};
use crate::{Act, Finding, Layer, Rule, Stop, Verdict, blind, each_node, fires, need, quiet, when};
use magnum_facts::node::NodeFacts;
use magnum_facts::{Facts, ProbeFacts, SizeProbe};

pub static RULE: Rule = Rule {
    id: "nt-mtu-physical",
    layer: Layer::Neutron,
    guide: "L186-284",
    symptoms: &["S5", "S7", "S16"],
    needs: &[ProbeFacts::SIZES, NodeFacts::LINKS],
    explains: &["int-mtu-pmtud", "fl-*", "kn-*", "kp-*", "dns-*", "sw-*"],
    not_if: &["nv-shutoff"],
    check,
    cases: &[
        fires("one device is smaller", || smaller(0)),
        quiet("it is smaller, and full packets arrive all the same", || smaller(2)),
        quiet("nothing gets through at all", || smaller(0).cut_off("node-1")),
        blind("nothing could be sent", || smaller(0).no_probes()),
    ],
    inject: &[Act::On { node: "node-1", argv: &["ip", "link", "set", "eth0", "mtu", "1400"] }],
    undo: &[Act::On { node: "node-1", argv: &["ip", "link", "set", "eth0", "mtu", "1500"] }],
    ..Rule::BASE
};

fn smaller(large_answered: u32) -> Scene {
    kubernetes(1, 2).with(move |f| {
        let links = f.nodes.get_mut("node-1").and_then(|n| n.links.value_mut()).into_iter().flatten();
        links.filter(|l| l.name == "eth0").for_each(|l| l.mtu = 1400);
        let sizes = f.probes.sizes.value_mut().into_iter().flatten();
        sizes.filter(|p| p.to == "node-1").for_each(|p| p.large_answered = large_answered);
    })
}

fn check(facts: &Facts) -> Verdict {
    each_node(facts, |n| {
        let links = need(&n.node.links, NodeFacts::LINKS)?;
        let address = n.member.address.ok_or(Stop::Quiet)?;
        let device = links.value.iter().find(|l| l.addresses.iter().any(|a| a.addr() == address)).ok_or(Stop::Quiet)?;
        let others = || facts.nodes.iter().filter(|(name, _)| name.as_str() != n.name);
        let peer = others().find_map(|(name, node)| {
            let links = node.links.look().ok()??;
            let other = links.value.iter().find(|l| l.name == device.name && l.mtu > device.mtu)?;
            Some((name.clone(), other.mtu, links.cite(other.name.clone(), format!("mtu {}", other.mtu))))
        });
        let (other, mtu, citation) = peer.ok_or(Stop::Quiet)?;
        let sizes = need(&facts.probes.sizes, ProbeFacts::SIZES)?;
        let lost = |p: &&SizeProbe| p.to == n.name && !p.overlay && p.small_answered > 0 && p.large_answered == 0 && p.bytes > device.mtu;
        let probe = sizes.value.iter().find(lost).ok_or(Stop::Quiet)?;
        when(device.up)?;
        let (name, small) = (n.name, device.mtu);
        let quote = format!("{} small and {} full echo requests answered", probe.small_answered, probe.large_answered);
        Ok(Finding::cause(
            n.subject(),
            format!("{} of {name} takes packets of {small} bytes only; the others send up to {mtu}.", device.name),
        )
        .because(format!("the MTU of {} is {small}", device.name), [links.cite(device.name.clone(), format!("mtu {small}"))])
        .because(format!("that of {other} is {mtu}"), [citation])
        .because(
            format!("packets of {} bytes to {name} are lost", probe.bytes),
            [sizes.cite(format!("{} -> {}", probe.from, probe.address), quote)],
        )
        .fix("Give all nodes the same MTU: the one that the network carries.")
        .run(Command::new(Risk::ChangesNode, n.exec(&format!("ip link set {} mtu {mtu}", device.name)))))
    })
}
