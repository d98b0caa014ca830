// SPDX-License-Identifier: Apache-2.0
//! Too few members of etcd are left to decide anything.
//!
//! ## What you see
//! `kubectl` waits and fails, "etcdserver: request timed out" or "no leader". etcd still runs on some masters, but their
//! `etcdctl endpoint health` says unhealthy. What runs goes on running, nothing new is started.
//!
//! ## Why it happens
//! etcd answers only while more than half of its members run: two of three, three of five. The others were stopped, crashed, or lost.
//!
//! ## What to do
//! Bring the missing members back; one may be enough. Only when they are lost for good: restore a snapshot, or start the one that is left
//! with `--force-new-cluster`.

use crate::fixture::{Scene, kubernetes, stopped};
use crate::report::{Command, Risk};
use crate::{Act, CoeKind, Finding, Layer, NodeAsk, Rule, Stop, Subject, Verdict, Ward, blind, fires, need, quiet, when};
use magnum_facts::node::NodeFacts;
use magnum_facts::{Citation, Facts};
use magnum_types::Role;

pub static RULE: Rule = Rule {
    id: "etcd-quorum-lost",
    layer: Layer::Etcd,
    coe: CoeKind::Kubernetes,
    guide: "L39, L380",
    symptoms: &["S5", "S17", "S20"],
    needs: &[NodeFacts::UNITS, NodeFacts::ETCD],
    explains: &["etcd-not-running", "kcp-*", "fl-*", "kn-*", "kp-*", "dns-*"],
    not_if: &["etcd-peer-blocked"],
    check,
    cases: &[
        fires("two of three are stopped", two_stopped),
        quiet("one of three is stopped", || kubernetes(3, 1).unit("master-1", "etcd", stopped())),
        quiet("the only member is stopped: that is all there is to say", || {
            kubernetes(1, 2).unit("master-0", "etcd", stopped()).api_dark()
        }),
        blind("one is stopped and another cannot be read", || kubernetes(3, 1).unit("master-1", "etcd", stopped()).node_dark("master-2")),
    ],
    inject: &[
        Act::On { node: "master-1", argv: &["systemctl", "stop", "etcd"] },
        Act::On { node: "master-2", argv: &["systemctl", "stop", "etcd"] },
    ],
    undo: &[
        Act::On { node: "master-1", argv: &["systemctl", "start", "--no-block", "etcd"] },
        Act::On { node: "master-2", argv: &["systemctl", "start", "etcd"] },
    ],
    ward: Ward::Masters,
    ..Rule::BASE
};

fn two_stopped() -> Scene {
    kubernetes(3, 1).unit("master-1", "etcd", stopped()).unit("master-2", "etcd", stopped()).api_dark().with(|f| {
        if let Some(etcd) = f.nodes.get_mut("master-0").and_then(|n| n.etcd.value_mut()) {
            etcd.healthy = false;
            etcd.reason = "etcdserver: no leader".into();
        }
    })
}

fn check(facts: &Facts) -> Verdict {
    let masters: Vec<NodeAsk<'_>> =
        facts.cluster.members.iter().filter(|m| m.role == Role::Master).filter_map(|m| NodeAsk::of(facts, m)).collect();
    Verdict::cluster(lost(facts, &masters))
}

fn lost(facts: &Facts, masters: &[NodeAsk<'_>]) -> crate::Answer {
    when(masters.len() > 1 && masters.iter().all(|n| n.member.came_up()))?;
    let (mut down, mut unseen): (Vec<(&str, Citation)>, Vec<Stop>) = (Vec::new(), Vec::new());
    for n in masters {
        match need(&n.node.units, NodeFacts::UNITS) {
            Ok(units) => {
                if let Some(unit) = units.get("etcd").filter(|u| u.is_down()) {
                    down.push((n.name, units.cite("etcd", unit.state_text())));
                }
            }
            Err(stop) => unseen.push(stop),
        }
    }
    let (needed, left) = (masters.len() / 2 + 1, masters.len() - down.len());
    if left >= needed {
        // Whoever cannot be seen may be the one that is missing.
        return Err(unseen.pop().filter(|_| left <= needed).unwrap_or(Stop::Quiet));
    }
    let names: Vec<&str> = down.iter().map(|(name, _)| *name).collect();
    let summary = format!("etcd has lost its majority: it runs on {left} of {} masters, {needed} are needed.", masters.len());
    let mut finding = Finding::cause(Subject::Cluster, summary)
        .because(format!("etcd does not run on {}", names.join(", ")), down.iter().map(|(_, c)| c.clone()))
        .hides(None, "kubernetes.")
        .fix("Start the missing members, mending what their journals name; the cluster answers again with the first that comes back.");
    for n in masters.iter().filter(|n| !names.contains(&n.name)) {
        if let Ok(Some(etcd)) = n.node.etcd.look()
            && !etcd.healthy
        {
            finding = finding.because(format!("the member on {} finds no leader", n.name), [etcd.cite("health", etcd.reason.clone())]);
        }
    }
    for name in names {
        let start = format!("magnum node exec {} {name} -- systemctl start etcd", facts.cluster.name);
        finding = finding.run(Command::new(Risk::ChangesNode, start));
    }
    Ok(finding)
}
