// SPDX-License-Identifier: Apache-2.0
//! A node's clock is wrong.
//!
//! ## What you see
//! "x509: certificate … is not yet valid" right after a node was made, tokens that are refused, etcd's "clock difference", logs out of order.
//!
//! ## Why it happens
//! The node cannot reach a time server (UDP 123), or none is configured, and its clock drifts or began wrong.
//!
//! ## What to do
//! Let the node reach a time server, and set its clock.

use crate::fixture::{Scene, kubernetes};
use crate::report::{Command, Risk};
use crate::{Finding, Layer, Near, Rule, Verdict, blind, each_node, fires, need, quiet, when};
use magnum_facts::Facts;
use magnum_facts::node::NodeFacts;

pub static RULE: Rule = Rule {
    id: "int-clock-skew",
    layer: Layer::Internet,
    guide: "L119-183",
    symptoms: &["S1", "S5", "S20"],
    needs: &[NodeFacts::CLOCK],
    explains: &["tls-expired", "etcd-*", "kn-*", "kcp-*"],
    not_if: &["nv-shutoff"],
    check,
    near,
    cases: &[
        fires("an hour ahead", || ahead(3_600_000)),
        fires("a minute behind", || ahead(-60_000)),
        quiet("half a second", || ahead(500)),
        blind("the node cannot be read", || kubernetes(1, 2).node_dark("node-1").not_ready("node-1", "")),
    ],
    not_injected: "the local engine's nodes share the clock of the machine: none of them can be set apart from it",
    ..Rule::BASE
};

/// From here on tokens and fresh certificates are refused.
const WRONG_MS: u64 = 5000;

fn ahead(offset_ms: i64) -> Scene {
    kubernetes(1, 2).with(move |f| {
        if let Some(clock) = f.nodes.get_mut("node-1").and_then(|n| n.clock.value_mut()) {
            clock.offset_ms = offset_ms;
        }
    })
}

fn check(facts: &Facts) -> Verdict {
    each_node(facts, |n| {
        let clock = need(&n.node.clock, NodeFacts::CLOCK)?;
        let off = clock.offset_ms.unsigned_abs();
        when(off >= WRONG_MS)?;
        let way = if clock.offset_ms > 0 { "ahead" } else { "behind" };
        let name = n.name;
        Ok(Finding::cause(n.subject(), format!("The clock of {name} is {} s {way}.", off / 1000))
            .because(format!("it is {} s {way} of this machine's", off / 1000), [clock.cite("now", clock.node.to_string())])
            .fix("Let the node reach a time server (UDP 123), and set its clock.")
            .run(Command::new(Risk::ReadOnly, n.exec("timedatectl timesync-status"))))
    })
}

fn near(facts: &Facts) -> Vec<Near> {
    let per_node = facts.nodes.iter().filter_map(|(name, node)| {
        let clock = node.clock.look().ok()??;
        let off = clock.offset_ms.unsigned_abs();
        let percent = u8::try_from((off * 100 / WRONG_MS).min(100)).unwrap_or(100);
        let text = format!("the clock of {name} is {off} ms off");
        (off >= 500).then(|| Near { text, percent, evidence: vec![clock.cite("now", clock.node.to_string())] })
    });
    per_node.max_by_key(|n| n.percent).into_iter().collect()
}
