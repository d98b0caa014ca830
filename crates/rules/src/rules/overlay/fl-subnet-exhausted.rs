// SPDX-License-Identifier: Apache-2.0
//! The overlay has no subnet left for a node.
//!
//! ## What you see
//! The last nodes get no network: flanneld says `out of subnets` or that no subnet is free, and the nodes do not become `Ready`.
//!
//! ## Why it happens
//! The overlay's network, cut into subnets of the configured size, gives fewer subnets than there are nodes, or entries of nodes that are
//! gone still hold theirs.
//!
//! ## What to do
//! Use smaller subnets or a larger network for the next cluster; remove entries of nodes that are gone.

use crate::fixture::{kubernetes, waiting};
use crate::overlay::{CONFIG, CONFIG_KEY, ETCDCTL, registry};
use crate::report::{Command, Risk};
use crate::{Act, CoeKind, Finding, Layer, NodeAsk, Rule, Stop, Subject, Verdict, blind, fires, quiet, when};
use ipnet::Ipv4Net;
use magnum_facts::Facts;
use magnum_facts::node::NodeFacts;
use serde_json::Value;

pub static RULE: Rule = Rule {
    id: "fl-subnet-exhausted",
    layer: Layer::Overlay,
    coe: CoeKind::Kubernetes,
    guide: "L256-284",
    symptoms: &["S7", "S16"],
    needs: &[NodeFacts::OVERLAY, NodeFacts::UNITS],
    explains: &["fl-not-running", "fl-cni-conf-missing", "fl-fdb-or-neigh-missing"],
    not_if: &["fl-config-invalid", "fl-config-mismatch"],
    check,
    cases: &[
        fires("one subnet for three nodes", || {
            kubernetes(1, 2).registry(few).unit("node-1", "flanneld", waiting("no subnet of 10.100.0.0/16 is free"))
        }),
        quiet("flanneld waits for something else", || kubernetes(1, 2).unit("node-1", "flanneld", waiting("etcd: timed out"))),
        quiet("as many as are needed", || kubernetes(3, 2)),
        blind("no node can be read", || kubernetes(1, 2).node_dark("master-0").node_dark("node-0").node_dark("node-1")),
    ],
    inject: &[
        Act::On { node: "master-0", argv: &["sh", "-c", ETCDCTL, "etcdctl", "put", CONFIG_KEY, HALVES] },
        Act::On {
            node: "master-0",
            argv: &[
                "sh",
                "-c",
                ETCDCTL,
                "etcdctl",
                "put",
                TAKEN,
                r#"{"PublicIP":"192.0.2.9","BackendType":"vxlan","BackendData":{"VNI":1,"VtepMAC":"02:00:00:00:00:09"}}"#,
            ],
        },
        Act::On { node: "node-1", argv: &["systemctl", "--no-block", "restart", "flanneld"] },
    ],
    undo: &[
        Act::On { node: "master-0", argv: &["sh", "-c", ETCDCTL, "etcdctl", "put", CONFIG_KEY, CONFIG] },
        Act::On { node: "master-0", argv: &["sh", "-c", ETCDCTL, "etcdctl", "del", TAKEN] },
        Act::On { node: "node-1", argv: &["systemctl", "restart", "flanneld"] },
    ],
    ..Rule::BASE
};

const HALVES: &str = r#"{"Network":"10.100.0.0/16","SubnetLen":17,"Backend":{"Type":"vxlan","VNI":1,"Port":8472}}"#;
const TAKEN: &str = "/coreos.com/network/subnets/10.100.128.0-17";

fn few(registry: &mut magnum_facts::node::OverlayRegistry) {
    registry.config = serde_json::from_str(HALVES).ok();
    registry.leases.clear();
}

fn check(facts: &Facts) -> Verdict {
    Verdict::cluster((|| {
        let registry = registry(facts)?;
        let config = registry.config.as_ref().ok_or(Stop::Quiet)?;
        let network: Ipv4Net = config.get("Network").and_then(Value::as_str).and_then(|t| t.parse().ok()).ok_or(Stop::Quiet)?;
        let length = config.get("SubnetLen").and_then(Value::as_u64).and_then(|n| u8::try_from(n).ok()).unwrap_or(24);
        let bits = length.checked_sub(network.prefix_len()).filter(|bits| (1..=24).contains(bits)).ok_or(Stop::Quiet)?;
        // Flannel leaves the first one out.
        let room = (1usize << bits) - 1;
        let all = facts.cluster.members.len();
        let own = |ip| facts.cluster.members.iter().any(|m| m.address == Some(ip));
        let foreign = registry.leases.iter().filter(|l| !own(l.public_ip)).count();
        when(room < all + foreign)?;
        let waits = facts.cluster.members.iter().filter_map(|m| NodeAsk::of(facts, m)).find_map(|n| {
            let unit = n.unit("flanneld").ok().filter(|u| !u.is_up())?;
            Some((format!("flanneld on {} is {}", n.name, unit.state_text()), unit.cite("flanneld", unit.state_text())))
        });
        let summary =
            format!("The overlay has room for {room} nodes; the cluster has {all}, and {foreign} subnets belong to nobody in it.");
        Ok(Finding::cause(Subject::Cluster, summary)
            .because(format!("{network} cut into /{length} gives {room} subnets"), [registry.cite("config", config.to_string())])
            .because(format!("there are {all} nodes"), [facts.cluster.cite("members", all.to_string())])
            .because_if(waits)
            .spares_api()
            .fix("Remove entries of nodes that are gone; if that is not enough, make the cluster with smaller subnets (flannel_network_subnetlen).")
            .run(Command::new(Risk::ReadOnly, "etcdctl get --prefix /coreos.com/network/subnets/".to_owned())))
    })())
}
