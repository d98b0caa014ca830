// SPDX-License-Identifier: Apache-2.0
//! Packets of pods are larger than the overlay can carry.
//!
//! ## What you see
//! `ping` works and connections open, but large answers hang: a download, a dump, a replication that never ends.
//!
//! ## Why it happens
//! Each packet between nodes is wrapped, which costs 50 bytes with vxlan. A bridge or tunnel whose MTU does not allow for that sends
//! packets that do not fit, and they get lost.
//!
//! ## What to do
//! Give the tunnel the MTU of the node's interface less 50, the bridge and the pods no more than the tunnel, and make the pods anew.

use crate::ask::NodeAsk;
use crate::fixture::kubernetes;
use crate::report::{Command, Confidence, Risk};
use crate::{Act, CoeKind, Finding, Layer, Rule, Stop, Verdict, blind, each_node, fires, need, quiet};
use magnum_facts::node::NodeFacts;
use magnum_facts::{Citation, Facts, ProbeFacts};

pub static RULE: Rule = Rule {
    id: "fl-mtu",
    layer: Layer::Overlay,
    coe: CoeKind::Kubernetes,
    guide: "L245-284",
    symptoms: &["S7"],
    needs: &[NodeFacts::LINKS, ProbeFacts::SIZES],
    not_if: &["nv-shutoff", "nt-mtu-physical", "int-mtu-pmtud"],
    check,
    cases: &[
        fires("the bridge takes more than the tunnel", || kubernetes(1, 2).link("node-1", "docker0", |l| l.mtu = 1500).with(lost)),
        fires("the tunnel takes more than the interface can carry", || {
            kubernetes(1, 2).link("node-1", "flannel.1", |l| l.mtu = 1500).with(lost)
        }),
        fires("no probe could be sent", || kubernetes(1, 2).link("node-1", "docker0", |l| l.mtu = 1500).no_probes()),
        quiet("all are smaller than they might be", || {
            kubernetes(1, 2).link("node-1", "flannel.1", |l| l.mtu = 1400).link("node-1", "docker0", |l| l.mtu = 1400)
        }),
        quiet("nothing gets through at all", || kubernetes(1, 2).overlay_dead("node-1")),
        blind("the node cannot be read", || kubernetes(1, 2).node_dark("node-1")),
    ],
    inject: &[Act::On {
        node: "node-1",
        argv: &["sh", "-c", "ip link set docker0 mtu 1500; sed -i 's/\"mtu\": 1450/\"mtu\": 1500/' /etc/cni/net.d/10-flannel.conflist"],
    }],
    undo: &[Act::On { node: "node-1", argv: &["systemctl", "restart", "flanneld"] }],
    ..Rule::BASE
};

/// What vxlan adds to a packet.
const OVERHEAD: u32 = 50;

fn lost(facts: &mut Facts) {
    let own = facts.probes.sizes.value_mut().into_iter().flatten().filter(|s| s.overlay && s.from == "node-1");
    own.for_each(|s| s.large_answered = 0);
}

fn check(facts: &Facts) -> Verdict {
    each_node(facts, |n| {
        let tunnel = n.tunnel()?;
        let links = need(&n.node.links, NodeFacts::LINKS)?;
        let own = links.value.iter().find(|l| n.member.address.is_some_and(|a| l.addresses.iter().any(|net| net.addr() == a)));
        let room = own.map(|l| (l, l.mtu.saturating_sub(OVERHEAD))).filter(|(_, room)| tunnel.vxlan.is_some() && tunnel.mtu > *room);
        if room.is_some() {
            // An interface smaller than those of the others is another fault, and the probes tell them apart.
            need(&facts.probes.sizes, ProbeFacts::SIZES)?;
        }
        let bridge = n.bridge().ok().filter(|b| b.mtu > tunnel.mtu);
        let (large, mtu, fits, evidence) = match (room, bridge) {
            (Some((parent, room)), _) => {
                let quote = [
                    tunnel.cite(tunnel.name.clone(), format!("mtu {}", tunnel.mtu)),
                    links.cite(parent.name.clone(), format!("mtu {}", parent.mtu)),
                ];
                (tunnel.name.clone(), tunnel.mtu, room, quote)
            }
            (None, Some(bridge)) => {
                let quote = [
                    bridge.cite(bridge.name.clone(), format!("mtu {}", bridge.mtu)),
                    tunnel.cite(tunnel.name.clone(), format!("mtu {}", tunnel.mtu)),
                ];
                (bridge.name.clone(), bridge.mtu, tunnel.mtu, quote)
            }
            (None, None) => return Err(Stop::Quiet),
        };
        let probed = probed(&n);
        Ok(Finding::cause(
            n.subject(),
            format!("{large} on {} sends packets of {mtu} bytes, but only {fits} fit through the overlay.", n.name),
        )
        .confidence(if probed.is_some() { Confidence::Reproduced } else { Confidence::Observed })
        .because(format!("{large} has MTU {mtu}, and {fits} is the most that can pass"), evidence)
        .because_if(probed)
        .fix("Set it to the smaller value and make the node's pods anew; restarting flanneld does the first.")
        .run(Command::new(Risk::ReadOnly, n.exec("ip link show")))
        .run(Command::new(Risk::ChangesNode, n.exec("systemctl restart flanneld"))))
    })
}

fn probed(n: &NodeAsk<'_>) -> Option<(String, Citation)> {
    let sizes = n.all.probes.sizes.look().ok()??;
    let probe = sizes.value.iter().find(|s| s.overlay && s.from == n.name && s.small_answered > 0 && s.large_answered == 0)?;
    let text = format!("small packets to {} are answered, full ones of {} bytes are not", probe.to, probe.bytes);
    Some((
        text,
        sizes.cite(
            format!("{} -> {}", probe.from, probe.address),
            format!("{} small, 0 full answered {}", probe.small_answered, probe.error),
        ),
    ))
}
