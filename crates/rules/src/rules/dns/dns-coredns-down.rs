// SPDX-License-Identifier: Apache-2.0
//! The cluster's DNS is not running.
//!
//! ## What you see
//! Pods reach each other by address, but no name can be resolved: "bad address", "Temporary failure in name resolution".
//!
//! ## Why it happens
//! The DNS server of the cluster was stopped, crashes, or is not ready on any master, so that nothing answers at the DNS service's address.
//!
//! ## What to do
//! Read the last lines of its journal on the master and start it.

use crate::ask::NodeAsk;
use crate::fixture::{crashed, kubernetes, stopped};
use crate::report::{Command, Risk};
use crate::{Act, CoeKind, Finding, Layer, Rule, Verdict, blind, fires, last_words, masters, quiet};
use magnum_facts::node::{NodeFacts, ServerRole};
use magnum_facts::{Citation, Facts};

pub static RULE: Rule = Rule {
    id: "dns-coredns-down",
    layer: Layer::Dns,
    coe: CoeKind::Kubernetes,
    guide: "L321-376",
    symptoms: &["S7"],
    needs: &[NodeFacts::UNITS, NodeFacts::LOOKUPS],
    explains: &["dns-upstream-fail", "dns-udp53-blocked"],
    not_if: &["nv-shutoff"],
    check,
    cases: &[
        fires("stopped", || kubernetes(1, 2).unit("master-0", "kube-dns", stopped()).unanswered("node-1", ServerRole::Cluster, "")),
        fires("cannot start", || kubernetes(1, 2).unit("master-0", "kube-dns", crashed(2, "dnsmasq: failed to create listening socket"))),
        quiet("one of three is stopped", || kubernetes(3, 2).unit("master-1", "kube-dns", stopped())),
        quiet("it runs, one node gets no answer", || kubernetes(1, 2).unanswered("node-1", ServerRole::Cluster, "")),
        blind("the master cannot be read", || kubernetes(1, 2).node_dark("master-0")),
    ],
    inject: &[Act::On { node: "master-0", argv: &["systemctl", "stop", "kube-dns"] }],
    undo: &[Act::On { node: "master-0", argv: &["systemctl", "start", "kube-dns"] }],
    ..Rule::BASE
};

fn check(facts: &Facts) -> Verdict {
    let down = masters(facts, |n| {
        let unit = n.down("kube-dns")?;
        let summary = format!("The cluster's DNS (kube-dns) is {} on {}: no name of the cluster resolves.", unit.state_text(), n.name);
        Ok(Finding::cause(n.subject(), summary)
            .spreads_if(true)
            .spares_api()
            .because("the unit kube-dns is not running", [unit.cite("kube-dns", unit.state_text())])
            .because_if(last_words(&unit, "kube-dns"))
            .because_if(unanswered(facts))
            .fix("Mend what its journal names and start it.")
            .run(Command::new(Risk::ReadOnly, n.exec("journalctl -u kube-dns -n 30")))
            .run(Command::new(Risk::ChangesNode, n.exec("systemctl start kube-dns"))))
    });
    // Every master runs one: as long as one is left, the service leads to it.
    let all = facts.cluster.masters().count();
    match down.findings.len() + down.blind.len() == all {
        true if down.findings.is_empty() || down.blind.is_empty() => down,
        true => Verdict { findings: Vec::new(), blind: down.blind },
        false => Verdict::default(),
    }
}

fn unanswered(facts: &Facts) -> Option<(String, Citation)> {
    facts.cluster.members.iter().filter_map(|m| NodeAsk::of(facts, m)).find_map(|n| {
        let lookups = n.node.lookups.look().ok()??;
        let lost = lookups.value.iter().find(|l| l.role == ServerRole::Cluster && !l.answered())?;
        let text = format!("a question from {} for {} was not answered", n.name, lost.name);
        Some((text, lookups.cite(format!("{} {}", lost.server, lost.protocol), lost.error.clone())))
    })
}
