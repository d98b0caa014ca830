// SPDX-License-Identifier: Apache-2.0
//! A step of a node's boot failed.
//!
//! ## What you see
//! The create or resize ends with `CREATE_FAILED` (or stays in progress), and `status_reason` names a node and a step.
//!
//! ## Why it happens
//! The node's agent carries out named steps (disk, network, runtime, certificates, etcd, …). One of them cannot succeed, and the
//! agent said so at once, with the reason, instead of waiting for the time-out.
//!
//! ## What to do
//! Mend what the reason names. A failed create cannot go on by itself: delete the cluster and create it again.

use crate::fixture::{Scene, kubernetes};
use crate::report::{Command, Confidence, Risk};
use crate::{CoeKind, Finding, Layer, NodeAsk, Rule, Stop, Verdict, blind, each_node, fires, need, quiet, when};
use magnum_facts::{Citation, Facts, HostFacts};
use magnum_types::{Phase, Role, StepState};

pub static RULE: Rule = Rule {
    id: "boot-script-failed",
    layer: Layer::Boot,
    coe: CoeKind::Any,
    guide: "L19-33",
    symptoms: &["S1", "S2", "S3", "S14"],
    needs: &[HostFacts::CONSOLE],
    explains: &["kn-*", "kcp-*", "kp-*", "fl-not-running", "etcd-not-running", "cr-daemon-down", "sw-engine-down"],
    not_if: &["nv-shutoff"],
    check,
    cases: &[
        fires("a step reported its failure", || {
            kubernetes(1, 2).step("node-1", "runtime", StepState::Failed, "containerd exits: bad config")
        }),
        fires("the report never arrived, the console has it", || {
            silent("magnum-agent: step certificates failed (2.1s): 403 from http://10.0.0.1:9511/v1/nodes/self/certificates\n")
        }),
        quiet("all steps are done", || kubernetes(1, 2)),
        quiet("a step is still waiting", || kubernetes(1, 2).step("node-1", "join", StepState::Waiting, "for the API at 10.0.0.10:6443")),
        blind("no report, and no console", || silent("").host_dark("node-1")),
    ],
    not_injected: "it ends a create, so it has a test of its own: real_failing_fast.rs",
    ..Rule::BASE
};

/// A node that never reached Magnum.
fn silent(console: &'static str) -> Scene {
    kubernetes(1, 2).step("node-1", "network", StepState::Started, "").with(move |f| {
        f.cluster.members.iter_mut().filter(|m| m.name == "node-1").for_each(|m| m.steps.clear());
        if let Some(text) = f.hosts.get_mut("node-1").and_then(|h| h.console.value_mut()) {
            *text = console.to_owned();
        }
    })
}

fn check(facts: &Facts) -> Verdict {
    each_node(facts, |n| {
        when(!n.member.came_up())?;
        let (step, reason, citation) = match n.member.failed_step() {
            Some(failed) => {
                let quote = format!("{} failed: {}", failed.step, failed.detail);
                (failed.step.clone(), failed.detail.clone(), facts.cluster.cite(format!("nodes.{}.steps", n.name), quote))
            }
            None => from_console(&n)?,
        };
        let unit = unit_of(&step).filter(|(unit, _)| n.unit(unit).is_ok_and(|u| u.has_crashed()));
        Ok(Finding::cause(n.subject(), format!("The boot of {} failed at the step {step}: {reason}", n.name))
            .confidence(Confidence::Observed)
            .because(format!("{} reported that the step {step} cannot succeed", n.name), [citation])
            .because_if(done_before(&n))
            .follows(unit.map(|(_, fault)| fault))
            .spreads_if(facts.cluster.status.phase() == Phase::Failed)
            .hides_if(n.member.role == Role::Master, None, "kubernetes.")
            .hides_if(n.member.role == Role::Master, None, "swarm.")
            .fix(advice(facts))
            .run(Command::new(Risk::ReadOnly, format!("magnum node console {} {}", facts.cluster.name, n.name)))
            .run(Command::new(Risk::ReadOnly, n.exec("journalctl -u magnum-agent -n 50"))))
    })
}

/// The unit that a step starts, and the fault that its crash is: then that fault says more than "a step failed".
fn unit_of(step: &str) -> Option<(&'static str, &'static str)> {
    Some(match step {
        "runtime" => ("containerd", "cr-daemon-down"),
        "docker" => ("docker", "sw-engine-down"),
        "etcd" => ("etcd", "etcd-not-running"),
        "overlay" => ("flanneld", "fl-not-running"),
        "kube-apiserver" => ("kube-apiserver", "kcp-apiserver-down"),
        "kube-scheduler" => ("kube-scheduler", "kcp-scheduler-down"),
        "kubelet" => ("kubelet", "kn-kubelet-down"),
        "kube-proxy" => ("kube-proxy", "kp-down"),
        _ => return None,
    })
}

/// A node that is not up and has reported nothing may have said why on its console only.
fn from_console(n: &NodeAsk<'_>) -> Result<(String, String, Citation), Stop> {
    when(n.member.steps.is_empty())?;
    let console = need(&n.host.console, HostFacts::CONSOLE)?;
    let line = console.lines().rev().find(|l| l.contains("magnum-agent: step ") && l.contains(" failed")).ok_or(Stop::Quiet)?;
    let rest = line.split_once("magnum-agent: step ").map(|(_, rest)| rest).ok_or(Stop::Quiet)?;
    let (step, _) = rest.split_once(' ').ok_or(Stop::Quiet)?;
    let reason = rest.split_once(": ").map_or("no reason given", |(_, reason)| reason);
    Ok((step.to_owned(), reason.to_owned(), console.cite("", line.trim())))
}

fn done_before(n: &NodeAsk<'_>) -> Option<(String, Citation)> {
    let done: Vec<_> = n.member.steps.iter().filter(|s| s.state == StepState::Done).map(|s| s.step.as_str()).collect();
    let citation = n.all.cluster.cite(format!("nodes.{}.steps", n.name), done.join(" "));
    (!done.is_empty()).then(|| (format!("the steps before it were done: {}", done.join(", ")), citation))
}

fn advice(facts: &Facts) -> &'static str {
    match facts.cluster.status.phase() {
        Phase::Failed => "Mend what the reason names, then delete the cluster and create it again; its nodes are kept until then.",
        _ => "Mend what the reason names; the agent tries the step again when the node restarts.",
    }
}
