// SPDX-License-Identifier: Apache-2.0
//! Two nodes use the same subnet for their pods.
//!
//! ## What you see
//! Half of the connections to some pods hang or reach the wrong one; two pods have the same address.
//!
//! ## Why it happens
//! A node was cloned together with `/run/flannel/subnet.env`, or the file was copied, and its bridge was made from it. The overlay's registry
//! knows only one owner of the subnet.
//!
//! ## What to do
//! Restart flanneld on the node that is not the owner: it takes its own subnet again. Then make its pods anew.

use crate::fixture::{Scene, kubernetes};
use crate::overlay::registry;
use crate::report::{Command, Risk};
use crate::{Act, CoeKind, Finding, Layer, NodeAsk, Rule, Stop, Verdict, blind, each_node, fires, quiet, when};
use magnum_facts::Facts;
use magnum_facts::node::NodeFacts;

pub static RULE: Rule = Rule {
    id: "fl-duplicate-lease",
    layer: Layer::Overlay,
    coe: CoeKind::Kubernetes,
    guide: "L273-284",
    symptoms: &["S7"],
    needs: &[NodeFacts::SUBNET_ENV, NodeFacts::OVERLAY],
    explains: &["fl-iface-address-wrong", "fl-fdb-or-neigh-missing", "cr-bip-mismatch", "fl-subnet-overlap-node"],
    not_if: &["fl-config-mismatch"],
    check,
    cases: &[
        fires("a copied file", || copied("node-1", "node-0")),
        quiet("each has its own", || kubernetes(1, 2)),
        quiet("a node has another subnet than before, that nobody else has", || {
            kubernetes(1, 2).with(|f| {
                if let Some(env) = f.nodes.get_mut("node-1").and_then(|n| n.subnet_env.value_mut()) {
                    env.subnet = "10.100.77.1/24".parse().unwrap_or(env.subnet);
                }
            })
        }),
        blind("the node cannot be read", || kubernetes(1, 2).node_dark("node-1")),
    ],
    inject: &[Act::On { node: "node-1", argv: &["sh", "-c", COPY] }],
    undo: &[Act::On { node: "node-1", argv: &["systemctl", "restart", "flanneld"] }],
    ..Rule::BASE
};

/// Takes the subnet of the first other node that this one has a route to, in the file and on the bridge.
const COPY: &str = "first=$(ip -4 route show dev flannel.1 | head -n 1 | cut -d/ -f1); gateway=${first%.*}.1/24; \
sed -i \"s,^FLANNEL_SUBNET=.*,FLANNEL_SUBNET=$gateway,\" /run/flannel/subnet.env; ip addr flush dev docker0; ip addr add $gateway dev docker0";

fn copied(to: &str, from: &str) -> Scene {
    kubernetes(1, 2).with(|f| {
        let theirs = f.nodes.get(from).and_then(|n| n.subnet_env.value()).cloned();
        if let (Some(theirs), Some(env)) = (theirs, f.nodes.get_mut(to).and_then(|n| n.subnet_env.value_mut())) {
            *env = theirs;
        }
    })
}

fn check(facts: &Facts) -> Verdict {
    each_node(facts, |n| {
        let share = n.share()?;
        let subnet = share.subnet.trunc();
        let registry = registry(facts)?;
        let owner = registry.value.leases.iter().find(|l| l.subnet == subnet).ok_or(Stop::Quiet)?;
        when(n.member.address.is_some_and(|own| own != owner.public_ip))?;
        let peers = facts.cluster.members.iter().filter(|m| m.name != n.name).filter_map(|m| NodeAsk::of(facts, m));
        let other = peers.into_iter().find_map(|p| Some((p.name, p.share().ok().filter(|s| s.subnet.trunc() == subnet)?)));
        let (other, theirs) = other.ok_or(Stop::Quiet)?;
        let evidence = [share.cite("FLANNEL_SUBNET", share.subnet.to_string()), theirs.cite("FLANNEL_SUBNET", theirs.subnet.to_string())];
        let entry = registry.cite("subnets", format!("{subnet} belongs to {}", owner.public_ip));
        Ok(Finding::cause(n.subject(), format!("{} uses the subnet {subnet}, which belongs to {other}.", n.name))
            .because("both nodes have the same subnet written down", evidence)
            .because(format!("the registry names {} as its owner", owner.public_ip), [entry])
            .fix(format!("Restart flanneld on {}, and make its pods anew.", n.name))
            .run(Command::new(Risk::ReadOnly, n.exec("cat /run/flannel/subnet.env")))
            .run(Command::new(Risk::ChangesNode, n.exec("systemctl restart flanneld"))))
    })
}
