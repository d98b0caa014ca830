// SPDX-License-Identifier: Apache-2.0
//! The overlay's network in etcd is not the one that the cluster was laid out with.
//!
//! ## What you see
//! Nodes that started recently have subnets outside the cluster's range; pods there reach no pods elsewhere, and services do not reach
//! them.
//!
//! ## Why it happens
//! Somebody wrote another network to `<prefix>/config` than the one that the cluster's labels name, and that kube-proxy and the
//! controller-manager were told.
//!
//! ## What to do
//! Write the network that the cluster was made with, and restart flanneld on the nodes that took a subnet of the other one.

use crate::fixture::{Scene, kubernetes};
use crate::overlay::{CONFIG, CONFIG_KEY, ETCDCTL, registry};
use crate::report::{Command, Risk};
use crate::{Act, CoeKind, Finding, Layer, Rule, Stop, Subject, Verdict, blind, fires, quiet, when};
use ipnet::Ipv4Net;
use magnum_facts::node::NodeFacts;
use magnum_facts::{Citation, Facts};
use serde_json::Value;

pub static RULE: Rule = Rule {
    id: "fl-config-mismatch",
    layer: Layer::Overlay,
    coe: CoeKind::Kubernetes,
    guide: "L256-284",
    symptoms: &["S7"],
    needs: &[NodeFacts::OVERLAY, NodeFacts::SUBNET_ENV],
    explains: &[
        "fl-fdb-or-neigh-missing",
        "fl-iface-address-wrong",
        "fl-publicip-stale",
        "fl-subnet-exhausted",
        "cr-bip-mismatch",
        "kp-cluster-cidr",
    ],
    check,
    cases: &[
        fires("etcd holds another network", || config("10.200.0.0/16")),
        fires("a node has already taken a subnet of it", || {
            config("10.200.0.0/16").with(|f| {
                if let Some(env) = f.nodes.get_mut("node-1").and_then(|n| n.subnet_env.value_mut()) {
                    env.network = "10.200.0.0/16".parse().unwrap_or(env.network);
                }
            })
        }),
        quiet("the same network", || kubernetes(1, 2)),
        quiet("there is none: that is another fault", || kubernetes(1, 2).registry(|r| r.config = None)),
        blind("no node can be read", || kubernetes(1, 2).node_dark("master-0").node_dark("node-0").node_dark("node-1")),
    ],
    inject: &[
        Act::On {
            node: "master-0",
            argv: &[
                "sh",
                "-c",
                ETCDCTL,
                "etcdctl",
                "put",
                CONFIG_KEY,
                r#"{"Network":"10.201.0.0/16","SubnetLen":24,"Backend":{"Type":"vxlan","VNI":1,"Port":8472}}"#,
            ],
        },
        Act::On { node: "node-1", argv: &["systemctl", "restart", "flanneld"] },
    ],
    undo: &[
        Act::On { node: "master-0", argv: &["sh", "-c", ETCDCTL, "etcdctl", "put", CONFIG_KEY, CONFIG] },
        Act::On { node: "master-0", argv: &["sh", "-c", ETCDCTL, "etcdctl", "del", "--prefix", "/coreos.com/network/subnets/10.201."] },
        Act::On { node: "node-1", argv: &["systemctl", "restart", "flanneld"] },
    ],
    ..Rule::BASE
};

fn config(network: &str) -> Scene {
    let value: Option<Value> = serde_json::from_str(&CONFIG.replace("10.100.0.0/16", network)).ok();
    kubernetes(1, 2).registry(|r| r.config = value.clone())
}

fn check(facts: &Facts) -> Verdict {
    Verdict::cluster((|| {
        let registry = registry(facts)?;
        let config = registry.config.as_ref().ok_or(Stop::Quiet)?;
        let told = config.get("Network").and_then(Value::as_str).and_then(|t| t.parse::<Ipv4Net>().ok()).ok_or(Stop::Quiet)?.trunc();
        let wanted = facts.cluster.layout.pod_cidr.ok_or(Stop::Quiet)?.trunc();
        when(told != wanted)?;
        let taken: Vec<(String, Citation)> = facts
            .nodes
            .iter()
            .filter_map(|(name, node)| {
                let env = node.subnet_env.look().ok()??;
                (env.network.trunc() == told).then(|| (name.clone(), env.cite("FLANNEL_NETWORK", env.network.to_string())))
            })
            .collect();
        let names = taken.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ");
        let text = format!("{names} has already taken a subnet of it");
        let finding =
            Finding::cause(Subject::Cluster, format!("The overlay's network in etcd is {told}, but the cluster was made with {wanted}."))
                .because(format!("the key <prefix>/config names {told}"), [registry.cite("config", config.to_string())])
                .because(format!("the cluster's pods belong in {wanted}"), [facts.cluster.cite("layout", format!("pods {wanted}"))]);
        let finding = if taken.is_empty() { finding } else { finding.because(text, taken.into_iter().map(|(_, c)| c)) };
        Ok(finding
            .spares_api()
            .fix(format!("Write {wanted} to <prefix>/config, and restart flanneld where the other network was taken."))
            .run(Command::new(Risk::ChangesCluster, format!("etcdctl put {CONFIG_KEY} '<settings with {wanted}>'")))
            .run(Command::new(Risk::ChangesNode, format!("magnum node exec {} <node> -- systemctl restart flanneld", facts.cluster.name))))
    })())
}
