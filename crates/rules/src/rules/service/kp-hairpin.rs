// SPDX-License-Identifier: Apache-2.0
//! A pod cannot reach itself through its own service.
//!
//! ## What you see
//! A program that calls its own service works when another pod answers, and hangs when the service leads back to the pod itself.
//!
//! ## Why it happens
//! The answer must leave the bridge by the port it came in. The CNI configuration of this node does not allow that (`hairpinMode`).
//!
//! ## What to do
//! Set `hairpinMode` to true and make the pods anew.

use crate::fixture::{Scene, kubernetes};
use crate::report::{Command, Risk};
use crate::{Act, CoeKind, Finding, Layer, Rule, Stop, Verdict, blind, each_node, fires, need, quiet, when};
use magnum_facts::Facts;
use magnum_facts::node::NodeFacts;
use serde_json::Value;

pub static RULE: Rule = Rule {
    id: "kp-hairpin",
    layer: Layer::Service,
    coe: CoeKind::Kubernetes,
    guide: "L358-376",
    symptoms: &["S7"],
    needs: &[NodeFacts::CONFIGS],
    set_so: true,
    check,
    cases: &[
        fires("switched off", || configured(r#"{"type":"bridge","bridge":"docker0","hairpinMode":false}"#)),
        fires("not mentioned, which is off", || configured(r#"{"type":"bridge","bridge":"docker0"}"#)),
        quiet("another plugin, which knows no bridge", || configured(r#"{"type":"ptp"}"#)),
        quiet("the bridge hears everything anyway", || configured(r#"{"type":"bridge","promiscMode":true}"#)),
        blind("the node cannot be read", || kubernetes(1, 2).node_dark("node-1")),
    ],
    inject: &[Act::On { node: "node-1", argv: &["sed", "-i", "s/\"hairpinMode\": true/\"hairpinMode\": false/", FILE] }],
    undo: &[Act::On { node: "node-1", argv: &["sed", "-i", "s/\"hairpinMode\": false/\"hairpinMode\": true/", FILE] }],
    ..Rule::BASE
};

const FILE: &str = "/etc/cni/net.d/10-flannel.conflist";

fn configured(plugin: &str) -> Scene {
    kubernetes(1, 2).file("node-1", FILE, Some(&format!("{{\"cniVersion\":\"0.4.0\",\"name\":\"flannel\",\"plugins\":[{plugin}]}}")))
}

fn check(facts: &Facts) -> Verdict {
    each_node(facts, |n| {
        let configs = need(&n.node.configs, NodeFacts::CONFIGS)?;
        let parsed: Value = configs.text(FILE).and_then(|text| serde_json::from_str(text).ok()).ok_or(Stop::Quiet)?;
        let plugins = parsed.get("plugins").and_then(Value::as_array).ok_or(Stop::Quiet)?;
        let bridge = plugins.iter().find(|p| p.get("type").and_then(Value::as_str) == Some("bridge")).ok_or(Stop::Quiet)?;
        let on = |key: &str| bridge.get(key).and_then(Value::as_bool) == Some(true);
        when(!on("hairpinMode") && !on("promiscMode"))?;
        let quote = bridge.get("hairpinMode").map_or("hairpinMode is not set".to_owned(), |v| format!("hairpinMode: {v}"));
        Ok(Finding::cause(n.subject(), format!("Pods made on {} cannot reach themselves through their service.", n.name))
            .because("the bridge sends nothing back by the port it came from", [configs.cite(FILE, quote)])
            .fix("Set hairpinMode to true in that file (restarting flanneld does it), and make the pods anew.")
            .run(Command::new(Risk::ReadOnly, n.exec(&format!("grep hairpinMode {FILE}"))))
            .run(Command::new(Risk::ChangesNode, n.exec("systemctl restart flanneld"))))
    })
}
