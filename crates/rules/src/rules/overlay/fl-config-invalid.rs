// SPDX-License-Identifier: Apache-2.0
//! The overlay's settings in etcd make no sense.
//!
//! ## What you see
//! flanneld ends with `error parsing subnet config`, is started again, and ends again.
//!
//! ## Why it happens
//! The value of `<prefix>/config` is not JSON, its network is not a network, its subnets are not smaller than the network, or a number was
//! written as text.
//!
//! ## What to do
//! Correct the value that the evidence names.

use crate::fixture::{Scene, kubernetes, says_and_crashes};
use crate::overlay::{CONFIG, CONFIG_KEY, ETCDCTL, registry};
use crate::report::{Command, Risk};
use crate::{Act, CoeKind, Finding, Layer, Rule, Stop, Subject, Verdict, blind, fires, need, quiet};
use ipnet::Ipv4Net;
use magnum_facts::Facts;
use magnum_facts::node::NodeFacts;
use serde_json::Value;

pub static RULE: Rule = Rule {
    id: "fl-config-invalid",
    layer: Layer::Overlay,
    coe: CoeKind::Kubernetes,
    guide: "L256-268",
    symptoms: &["S7", "S16"],
    needs: &[NodeFacts::OVERLAY],
    explains: &["fl-not-running", "fl-cni-conf-missing", "fl-config-mismatch", "fl-fdb-or-neigh-missing"],
    check,
    cases: &[
        fires("it is not JSON, and flanneld crashes", || {
            says_and_crashes(config("{\"Network\": 10.100.0.0/16"), "node-1", "flanneld", "error parsing subnet config")
        }),
        fires("subnets as large as the network", || config(r#"{"Network":"10.100.0.0/16","SubnetLen":16,"Backend":{"Type":"vxlan"}}"#)),
        fires("a number as text", || config(r#"{"Network":"10.100.0.0/16","SubnetLen":"24","Backend":{"Type":"vxlan"}}"#)),
        quiet("it is right, flanneld crashes over something else", || {
            says_and_crashes(kubernetes(1, 2), "node-1", "flanneld", "failed to create vxlan device: operation not supported")
        }),
        quiet("only what must be there is there", || config(r#"{"Network":"10.100.0.0/16"}"#)),
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
                r#"{"Network":"10.100.0.0/16","SubnetLen":8,"Backend":{"Type":"vxlan","VNI":1,"Port":8472}}"#,
            ],
        },
        Act::On { node: "node-1", argv: &["systemctl", "--no-block", "restart", "flanneld"] },
    ],
    undo: &[
        Act::On { node: "master-0", argv: &["sh", "-c", ETCDCTL, "etcdctl", "put", CONFIG_KEY, CONFIG] },
        Act::Until { node: "node-1", argv: &["systemctl", "is-active", "flanneld"], seconds: 20 },
    ],
    ..Rule::BASE
};

fn config(text: &str) -> Scene {
    let value = serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()));
    kubernetes(1, 2).registry(|r| r.config = Some(value.clone()))
}

fn check(facts: &Facts) -> Verdict {
    Verdict::cluster((|| {
        let registry = registry(facts)?;
        let config = registry.config.as_ref().ok_or(Stop::Quiet)?;
        let wrong = wrong(config).ok_or(Stop::Quiet)?;
        let crashed = facts.nodes.values().find_map(|n| {
            let units = need(&n.units, NodeFacts::UNITS).ok()?.part(|u| u.get("flanneld"))?;
            units.has_crashed().then(|| (format!("flanneld is {}", units.state_text()), units.cite("flanneld", units.state_text())))
        });
        Ok(Finding::cause(
            Subject::Cluster,
            format!("The overlay's settings in etcd make no sense: {wrong}. No flanneld can start with them."),
        )
        .because(wrong, [registry.cite("config", config.to_string())])
        .because_if(crashed)
        .spares_api()
        .fix("Correct the value; flanneld is started again by itself.")
        .run(Command::new(Risk::ChangesCluster, format!("etcdctl put {CONFIG_KEY} '<settings>'"))))
    })())
}

/// What is wrong with these settings.
fn wrong(config: &Value) -> Option<String> {
    let Some(object) = config.as_object() else { return Some("they are not a JSON object".to_owned()) };
    let Some(text) = object.get("Network").and_then(Value::as_str) else { return Some("they name no Network".to_owned()) };
    let Ok(network) = text.parse::<Ipv4Net>() else { return Some(format!("the Network {text} is no network")) };
    let length = match object.get("SubnetLen") {
        None => 24,
        Some(value) => match value.as_u64() {
            Some(length) => length,
            None => return Some(format!("SubnetLen is {value}, which is not a number")),
        },
    };
    if length <= u64::from(network.prefix_len()) || length > 30 {
        return Some(format!("subnets of length {length} do not fit into {network}"));
    }
    let inside = |key: &str| {
        object.get(key).and_then(Value::as_str).and_then(|t| t.parse::<std::net::Ipv4Addr>().ok()).is_none_or(|a| network.contains(&a))
    };
    let outside: Vec<_> = ["SubnetMin", "SubnetMax"].into_iter().filter(|key| !inside(key)).collect();
    outside.first().map(|key| format!("{key} is not in {network}"))
}
