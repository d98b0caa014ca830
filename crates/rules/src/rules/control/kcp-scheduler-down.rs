// SPDX-License-Identifier: Apache-2.0
//! The Kubernetes scheduler is not running.
//!
//! ## What you see
//! New pods stay `Pending`, and `kubectl describe` shows no event at all: not even why they are not scheduled.
//!
//! ## Why it happens
//! No kube-scheduler is running on any master: stopped, crashed, or without a certificate the API accepts. Pods that already have a
//! node are not affected.
//!
//! ## What to do
//! Read the last lines of its journal on a master and start it. A pod that is pending *with* a `FailedScheduling` event is another fault.

use crate::ask::NodeAsk;
use crate::fixture::{crashed, kubernetes, stopped};
use crate::report::{Command, Risk};
use crate::{Act, CoeKind, Finding, Layer, Rule, Subject, Verdict, blind, fires, last_words, masters, quiet};
use magnum_facts::Facts;
use magnum_facts::coe::{KubernetesFacts, Pod};
use magnum_facts::node::NodeFacts;

pub static RULE: Rule = Rule {
    id: "kcp-scheduler-down",
    layer: Layer::Control,
    coe: CoeKind::Kubernetes,
    guide: "L43, L390",
    symptoms: &["S6"],
    needs: &[NodeFacts::UNITS, KubernetesFacts::PODS],
    explains: &["kp-no-endpoints"],
    not_if: &["nv-shutoff"],
    check,
    cases: &[
        fires("stopped, and a pod waits unseen", || {
            kubernetes(1, 2).unit("master-0", "kube-scheduler", stopped()).pod(Pod {
                namespace: "default".into(),
                name: "new".into(),
                phase: "Pending".into(),
                ..Pod::default()
            })
        }),
        fires("crashes again and again", || {
            let mut unit = crashed(1, "invalid configuration: unable to read client-cert");
            unit.active = magnum_facts::node::Activity::Activating;
            unit.sub = "auto-restart".into();
            kubernetes(1, 2).unit("master-0", "kube-scheduler", unit)
        }),
        fires("all of three", || {
            let three = kubernetes(3, 1).unit("master-0", "kube-scheduler", stopped());
            three.unit("master-1", "kube-scheduler", stopped()).unit("master-2", "kube-scheduler", stopped())
        }),
        quiet("one of three: another one leads", || kubernetes(3, 1).unit("master-1", "kube-scheduler", stopped())),
        quiet("a pod is pending with a reason", || {
            kubernetes(1, 2).change_pod("web-0", |p| {
                p.phase = "Pending".into();
                p.node = None;
                p.conditions.iter_mut().for_each(|c| c.status = "False".into());
            })
        }),
        blind("the only master cannot be read", || kubernetes(1, 2).node_dark("master-0")),
    ],
    inject: &[Act::On { node: "master-0", argv: &["systemctl", "stop", "kube-scheduler"] }],
    undo: &[Act::On { node: "master-0", argv: &["systemctl", "start", "kube-scheduler"] }],
    ..Rule::BASE
};

fn check(facts: &Facts) -> Verdict {
    let down = masters(facts, |n| {
        let unit = n.down("kube-scheduler")?;
        Ok(on_one(&n, &unit))
    });
    let all = facts.cluster.masters().count();
    // One scheduler leads, the others wait: only when none is left does anybody notice.
    match down.findings.len() + down.blind.len() == all {
        true if down.findings.is_empty() => down,
        true if down.blind.is_empty() => Verdict { findings: one_for_all(facts, down.findings), blind: Vec::new() },
        true => Verdict { findings: Vec::new(), blind: down.blind },
        false => Verdict::default(),
    }
}

fn on_one(n: &NodeAsk<'_>, unit: &magnum_facts::Look<'_, magnum_facts::node::Unit>) -> Finding {
    let name = n.name;
    let last = last_words(unit, "kube-scheduler");
    Finding::cause(n.subject(), "")
        .because(format!("the unit kube-scheduler is not running on {name}"), [unit.cite("kube-scheduler", unit.state_text())])
        .because_if(last)
        .run(Command::new(Risk::ReadOnly, n.exec("journalctl -u kube-scheduler -n 30")))
        .run(Command::new(Risk::ChangesNode, n.exec("systemctl start kube-scheduler")))
}

fn one_for_all(facts: &Facts, each: Vec<Finding>) -> Vec<Finding> {
    let single = match each.as_slice() {
        [one] => Some(one.subject.clone()),
        _ => None,
    };
    let mut finding =
        Finding::cause(single.unwrap_or(Subject::Cluster), "kube-scheduler is not running on any master: new pods stay Pending.")
            .fix("Mend what its journal names and start it.")
            .spreads_if(true)
            .spares_api();
    for one in each {
        finding.claims.extend(one.claims);
        finding.remedy.commands.extend(one.remedy.commands);
    }
    vec![match waiting_pods(facts) {
        Some((text, citation)) => finding.because(text, [citation]),
        None => finding,
    }]
}

fn waiting_pods(facts: &Facts) -> Option<(String, magnum_facts::Citation)> {
    let pods = facts.kubernetes.pods.look().ok()??;
    let names: Vec<_> = pods.value.iter().filter(|p| p.is_unseen_by_scheduler()).map(Pod::path).collect();
    let first = names.first()?.clone();
    let text = format!("{} pods are Pending and nobody has said why", names.len());
    Some((text, pods.cite(first, "phase Pending, no condition PodScheduled")))
}
