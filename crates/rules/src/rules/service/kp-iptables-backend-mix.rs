// SPDX-License-Identifier: Apache-2.0
//! Service rules stand in both of a node's packet filters.
//!
//! ## What you see
//! Services work, or send to pods that are gone, and `iptables -S` does not show the rule that did it.
//!
//! ## Why it happens
//! The kernel has two packet filters for iptables: the older one (`iptables-legacy`) and nf_tables. Two versions of kube-proxy, or one in an
//! image of its own and one on the host, wrote to one each; nobody renews the rules in the other, and packets pass both.
//!
//! ## What to do
//! Have everything use one of them, and flush the other.

use crate::fixture::{Scene, kubernetes};
use crate::report::{Command, Risk};
use crate::{Act, CoeKind, Finding, Layer, Rule, Stop, Verdict, blind, each_node, fires, need, quiet};
use magnum_facts::Facts;
use magnum_facts::node::{NodeFacts, Ruleset};

pub static RULE: Rule = Rule {
    id: "kp-iptables-backend-mix",
    layer: Layer::Service,
    coe: CoeKind::Kubernetes,
    guide: "L358-376",
    symptoms: &["S7"],
    needs: &[NodeFacts::FIREWALL, NodeFacts::LEGACY_FIREWALL],
    explains: &["kp-stale-rules"],
    set_so: true,
    check,
    cases: &[
        fires("kube-proxy's rules in both", || legacy("*nat\n:KUBE-SERVICES - [0:0]\n[4:240] -A PREROUTING -j KUBE-SERVICES\nCOMMIT\n")),
        quiet("Docker's rules in the older one", || legacy("*nat\n:DOCKER - [0:0]\n[0:0] -A PREROUTING -j DOCKER\nCOMMIT\n")),
        quiet("the older one has tables and no rule", || legacy("*nat\n:PREROUTING ACCEPT [0:0]\nCOMMIT\n")),
        blind("the node cannot be read", || kubernetes(1, 2).node_dark("node-1")),
    ],
    inject: &[Act::On {
        node: "node-1",
        argv: &["sh", "-c", "iptables-legacy -w -t nat -N KUBE-SERVICES && iptables-legacy -w -t nat -A PREROUTING -j KUBE-SERVICES"],
    }],
    undo: &[Act::On {
        node: "node-1",
        argv: &["sh", "-c", "iptables-legacy -w -t nat -D PREROUTING -j KUBE-SERVICES; iptables-legacy -w -t nat -X KUBE-SERVICES"],
    }],
    ..Rule::BASE
};

fn legacy(save: &str) -> Scene {
    kubernetes(1, 2).with(|f| {
        if let Some(rules) = f.nodes.get_mut("node-1").and_then(|n| n.legacy_firewall.value_mut()) {
            *rules = Ruleset::from_iptables_save(save);
        }
    })
}

fn check(facts: &Facts) -> Verdict {
    each_node(facts, |n| {
        let new = need(&n.node.firewall, NodeFacts::FIREWALL)?;
        let old = need(&n.node.legacy_firewall, NodeFacts::LEGACY_FIREWALL)?;
        let in_new = chains(new.value).next().ok_or(Stop::Quiet)?;
        let in_old: Vec<_> = chains(old.value).collect();
        let first = in_old.first().ok_or(Stop::Quiet)?;
        let summary = format!("On {}, rules of services stand in both packet filters; only one of them is kept up to date.", n.name);
        Ok(Finding::cause(n.subject(), summary)
            .because(
                format!("the older packet filter has {} chains of kube-proxy", in_old.len()),
                [old.cite(first.clone(), in_old.join(", "))],
            )
            .because("nf_tables, to which iptables writes, has them, too", [new.cite(in_new.clone(), in_new.clone())])
            .fix("Find out who writes to the older one, have it use nf_tables, and remove the chains.")
            .run(Command::new(Risk::ReadOnly, n.exec("iptables-legacy-save")))
            .run(Command::new(Risk::ChangesNode, n.exec("iptables-legacy -t nat -F"))))
    })
}

/// Chains that kube-proxy makes.
fn chains(rules: &Ruleset) -> impl Iterator<Item = String> {
    const OURS: &[&str] = &["KUBE-SERVICES", "KUBE-NODEPORTS", "KUBE-SVC-", "KUBE-SEP-"];
    let named = rules.tables.iter().flat_map(|t| t.chains.iter().map(move |c| (t, c)));
    named.filter(|(_, c)| OURS.iter().any(|o| c.name.starts_with(o))).map(|(t, c)| format!("{} {}", t.name, c.name))
}
