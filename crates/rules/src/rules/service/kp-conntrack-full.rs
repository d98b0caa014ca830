// SPDX-License-Identifier: Apache-2.0
//! A node's table of connections is full.
//!
//! ## What you see
//! Under load, some new connections time out; the kernel says "nf_conntrack: table full, dropping packet".
//!
//! ## Why it happens
//! Every connection to a service has an entry in the kernel's table, for minutes after it ended. With many short connections, or a small
//! table, new ones find no room and their packets are dropped.
//!
//! ## What to do
//! Raise `nf_conntrack_max`, or shorten the time that ended connections are kept.

use crate::fixture::kubernetes;
use crate::report::{Command, Risk};
use crate::{CoeKind, Finding, Layer, Near, Rule, Stop, Verdict, blind, each_node, fires, need, quiet, when};
use magnum_facts::Facts;
use magnum_facts::node::NodeFacts;
use std::collections::BTreeMap;

pub static RULE: Rule = Rule {
    id: "kp-conntrack-full",
    layer: Layer::Service,
    coe: CoeKind::Any,
    guide: "L358-376",
    symptoms: &["S7"],
    needs: &[NodeFacts::SYSCTLS],
    check,
    near,
    cases: &[
        fires("full", || kubernetes(1, 2).sysctl("node-1", COUNT, "262144")),
        fires("almost full", || kubernetes(1, 2).sysctl("node-1", COUNT, "250000")),
        quiet("half full: that is only near", || kubernetes(1, 2).sysctl("node-1", COUNT, "131072")),
        quiet("no limit", || kubernetes(1, 2).sysctl("node-1", MAX, "0")),
        blind("the node cannot be read", || kubernetes(1, 2).node_dark("node-1")),
    ],
    not_injected: "the table's size belongs to the whole machine, not to a node here: making it small would stop everything else on the machine",
    ..Rule::BASE
};

const COUNT: &str = "net.netfilter.nf_conntrack_count";
const MAX: &str = "net.netfilter.nf_conntrack_max";
/// From here on, a burst fills it.
const FULL_PERCENT: u64 = 95;

fn check(facts: &Facts) -> Verdict {
    each_node(facts, |n| {
        let all = need(&n.node.sysctls, NodeFacts::SYSCTLS)?;
        let (count, max) = filled(all.value).ok_or(Stop::Quiet)?;
        when(count * 100 >= max * FULL_PERCENT)?;
        let evidence = [all.cite(COUNT, count.to_string()), all.cite(MAX, max.to_string())];
        Ok(Finding::cause(n.subject(), format!("The table of connections on {} is full: {count} of {max}.", n.name))
            .because(format!("the kernel keeps {count} connections and has room for {max}"), evidence)
            .fix("Raise net.netfilter.nf_conntrack_max, or shorten nf_conntrack_tcp_timeout_time_wait.")
            .run(Command::new(Risk::ReadOnly, n.exec("conntrack -S")))
            .run(Command::new(Risk::ChangesNode, n.exec(&format!("sysctl -w {MAX}={}", max * 2)))))
    })
}

/// Entries and room for them; None where the kernel does not say or sets no limit.
fn filled(all: &BTreeMap<String, String>) -> Option<(u64, u64)> {
    let number = |key: &str| all.get(key)?.parse::<u64>().ok();
    Some((number(COUNT)?, number(MAX).filter(|max| *max > 0)?))
}

fn near(facts: &Facts) -> Vec<Near> {
    let each = facts.nodes.iter().filter_map(|(name, node)| {
        let all = node.sysctls.look().ok()??;
        let (count, max) = filled(all.value)?;
        let percent = u8::try_from(count * 100 / max).unwrap_or(100);
        let evidence = vec![all.cite(COUNT, count.to_string()), all.cite(MAX, max.to_string())];
        Some(Near { text: format!("the table of connections on {name} is {percent} % full"), percent, evidence })
    });
    each.max_by_key(|n| n.percent).filter(|n| n.percent >= 50).into_iter().collect()
}
