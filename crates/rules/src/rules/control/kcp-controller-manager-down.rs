// SPDX-License-Identifier: Apache-2.0
//! The Kubernetes controller manager is not running, or follows nothing.
//!
//! ## What you see
//! Everything is accepted and nothing follows: Deployments make no pods, services get no endpoints, dead nodes stay `Ready`, deleted
//! namespaces stay.
//!
//! ## Why it happens
//! No kube-controller-manager is running on any master: stopped, crashed (a flag, the CA's key, a broken cloud configuration), or
//! without a certificate the API accepts. Or it runs, but a watch hangs that it opened at the API server just when etcd was restarted: of
//! what it watches there, services for instance, it hears nothing new for up to ten minutes.
//!
//! ## What to do
//! Read the last lines of its journal on a master and start it; restart it when it runs and follows nothing. When pods are refused with an event, it runs: that is another fault.

use crate::ask::NodeAsk;
use crate::fixture::{crashed, kubernetes, stopped};
use crate::journal::fresh_line;
use crate::report::{Command, Risk};
use crate::{Act, CoeKind, Finding, Layer, Rule, Subject, Verdict, blind, fires, last_words, masters, quiet, symptom};
use magnum_facts::coe::KubernetesFacts;
use magnum_facts::node::{NodeFacts, Unit};
use magnum_facts::{Citation, Facts, Look};

pub static RULE: Rule = Rule {
    id: "kcp-controller-manager-down",
    layer: Layer::Control,
    coe: CoeKind::Kubernetes,
    guide: "L43, L390",
    symptoms: &["S6", "S16"],
    needs: &[NodeFacts::UNITS, KubernetesFacts::LEASES],
    explains: &["kp-no-endpoints"],
    not_if: &["nv-shutoff"],
    check,
    cases: &[
        fires("stopped", || kubernetes(1, 2).unit("master-0", "kube-controller-manager", stopped())),
        fires("it cannot read the key of the CA", || {
            kubernetes(1, 2).unit(
                "master-0",
                "kube-controller-manager",
                crashed(1, "error reading CA key file \"/etc/kubernetes/pki/ca.key\""),
            )
        }),
        fires("it runs, and a service gets no endpoints", || {
            kubernetes(1, 2).with(|f| f.kubernetes.endpoints.value_mut().into_iter().for_each(Vec::clear))
        }),
        quiet("one of three: another one leads", || kubernetes(3, 1).unit("master-1", "kube-controller-manager", stopped())),
        quiet("the scheduler is down", || kubernetes(1, 2).unit("master-0", "kube-scheduler", stopped())),
        blind("the only master cannot be read", || kubernetes(1, 2).node_dark("master-0")),
    ],
    inject: &[Act::On { node: "master-0", argv: &["systemctl", "stop", "kube-controller-manager"] }],
    undo: &[Act::On { node: "master-0", argv: &["systemctl", "start", "kube-controller-manager"] }],
    ..Rule::BASE
};

const UNIT: &str = "kube-controller-manager";

fn check(facts: &Facts) -> Verdict {
    let down = masters(facts, |n| {
        let unit = n.down(UNIT)?;
        Ok(on_one(&n, &unit))
    });
    let all = facts.cluster.masters().count();
    // One leads and the others wait: only when none is left does anybody notice.
    if down.findings.len() + down.blind.len() < all {
        return Verdict { findings: deaf(facts).into_iter().collect(), blind: Vec::new() };
    }
    match (down.findings.is_empty(), down.blind.is_empty()) {
        (false, true) => Verdict { findings: vec![one_for_all(facts, down.findings)], blind: Vec::new() },
        _ => Verdict { findings: Vec::new(), blind: down.blind },
    }
}

/// It runs, and what it should do at once is not done.
fn deaf(facts: &Facts) -> Option<Finding> {
    let services = symptom::unserved(facts);
    let first = services.first()?;
    let mut all = facts.cluster.masters().filter_map(|m| NodeAsk::of(facts, m));
    let (n, unit) = all.find_map(|n| n.unit(UNIT).ok().filter(|unit| unit.is_up()).map(|unit| (n, unit)))?;
    let names: Vec<&str> = services.iter().map(|s| s.name.as_str()).collect();
    let summary = format!("{UNIT} runs, but does not follow what is new: services get no endpoints ({}).", names.join(", "));
    let finding =
        Finding::suspect(Subject::Cluster, summary).because(format!("it runs on {}", n.name), [unit.cite(UNIT, unit.state_text())]);
    let finding = finding.because(first.text.clone(), first.evidence.clone());
    let said = fresh_line(&unit, |line| line.contains("endpoint") || line.contains("Failed to watch"));
    let said =
        said.map(|line| (format!("it says: {}", line.chars().take(160).collect::<String>()), unit.cite(format!("{UNIT}.log"), line)));
    let fix = "Restart it: a watch of its may hang at the API server, as happens when etcd was restarted.";
    Some(finding.because_if(said).fix(fix).run(Command::new(Risk::ChangesNode, n.exec(&format!("systemctl restart {UNIT}")))))
}

fn on_one(n: &NodeAsk<'_>, unit: &Look<'_, Unit>) -> Finding {
    let name = n.name;
    Finding::cause(n.subject(), "")
        .because(format!("the unit {UNIT} is not running on {name}"), [unit.cite(UNIT, unit.state_text())])
        .because_if(last_words(unit, UNIT))
        .run(Command::new(Risk::ReadOnly, n.exec(&format!("journalctl -u {UNIT} -n 30"))))
        .run(Command::new(Risk::ChangesNode, n.exec(&format!("systemctl start {UNIT}"))))
}

fn one_for_all(facts: &Facts, each: Vec<Finding>) -> Finding {
    let subject = match each.as_slice() {
        [one] => one.subject.clone(),
        _ => Subject::Cluster,
    };
    let summary = format!("{UNIT} is not running on any master: nothing that is asked for is made.");
    let mut finding = Finding::cause(subject, summary).fix("Mend what its journal names and start it.").spreads_if(true).spares_api();
    for one in each {
        finding.claims.extend(one.claims);
        finding.remedy.commands.extend(one.remedy.commands);
    }
    finding.because_if(lease(facts))
}

/// It says every few seconds that it leads.
fn lease(facts: &Facts) -> Option<(String, Citation)> {
    let leases = facts.kubernetes.leases.look().ok()??;
    let own = leases.value.iter().find(|l| l.name == UNIT)?;
    let age = facts.taken_at.as_second() - own.renewed?.as_second();
    let late = age > i64::from(own.duration_seconds.unwrap_or(15));
    late.then(|| {
        (format!("it last said {age} s ago that it leads"), leases.cite(UNIT, format!("renewed {}", own.renewed.unwrap_or_default())))
    })
}
