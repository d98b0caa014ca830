// SPDX-License-Identifier: Apache-2.0
//! A container ends again and again.
//!
//! ## What you see
//! The pod is in `CrashLoopBackOff` or `RunContainerError`, its number of restarts grows, and `kubectl logs --previous` shows how it ended.
//!
//! ## Why it happens
//! The program itself ends: it lacks a setting, cannot reach what it needs, its command does not exist, or it is not meant to run for
//! ever. Its exit code tells which.
//!
//! ## What to do
//! Read the log of the container before its last end, and the meaning of its exit code here.

use crate::fixture::{Scene, kubernetes};
use crate::report::{Command, Risk};
use crate::{Act, CoeKind, Finding, Layer, PodAsk, Rule, Stop, Verdict, blind, each_pod, fires, quiet, when};
use magnum_facts::Facts;
use magnum_facts::coe::{ContainerState, ContainerStatus, KubernetesFacts};

pub static RULE: Rule = Rule {
    id: "wl-crashloop",
    layer: Layer::Workload,
    coe: CoeKind::Kubernetes,
    guide: "L43-46",
    symptoms: &["S19"],
    needs: &[KubernetesFacts::PODS, KubernetesFacts::EVENTS],
    explains: &["kp-no-endpoints"],
    not_if: &["wl-oomkilled", "wl-probe-kills", "wl-config-missing"],
    check,
    cases: &[
        fires("it ends with an error", || ended(3, "Error", 4)),
        fires("its command does not exist", || ended(128, "StartError", 2)),
        quiet("it ended once and runs again", || {
            let scene = ended(1, "Error", 1);
            scene.state("web-0", "Running", ContainerState::Running { since: None })
        }),
        quiet("its image is not there", || kubernetes(1, 2).waiting("web-0", "ImagePullBackOff", "not found")),
        blind("the API does not answer", || kubernetes(1, 2).api_dark()),
    ],
    inject: &[Act::Kubectl {
        argv: &["run", "hasty", "--image=busybox:1.35", "--image-pull-policy=IfNotPresent", "--command", "--", "sh", "-c", "exit 3"],
        stdin: "",
    }],
    undo: &[Act::Kubectl { argv: &["delete", "pod", "hasty", "--force", "--grace-period=0"], stdin: "" }],
    ..Rule::BASE
};

fn ended(exit_code: i32, reason: &'static str, restarts: u32) -> Scene {
    let scene = kubernetes(1, 2).waiting("web-0", "CrashLoopBackOff", "back-off 40s restarting failed container=web");
    scene.change_pod("web-0", |p| {
        p.phase = "Running".into();
        for c in &mut p.containers {
            c.restarts = restarts;
            c.last = Some(ContainerState::Terminated { reason: reason.into(), message: String::new(), exit_code, at: None });
        }
    })
}

fn check(facts: &Facts) -> Verdict {
    each_pod(facts, |ask| {
        let container = ask.pod.all_containers().find(|c| loops(c)).ok_or(Stop::Quiet)?;
        let ends = [container.state.as_ref(), container.last.as_ref()].into_iter().flatten();
        let end = ends.filter_map(|s| match s {
            ContainerState::Terminated { reason, message, exit_code, .. } => Some((reason.as_str(), message.as_str(), *exit_code)),
            _ => None,
        });
        let (reason, message, code) = end.into_iter().next().unwrap_or(("", "", -1));
        when(reason != "OOMKilled" && !killed_by_probe(&ask))?;
        let name = &container.name;
        let count = container.restarts;
        let how = if code >= 0 { format!("exit code {code} ({reason})") } else { "an end that is no longer known".to_owned() };
        let finding = Finding::cause(
            ask.subject(),
            format!("The container {name} of {} has ended {count} times, the last time with {how}: {}.", ask.pod.path(), meaning(code)),
        );
        let finding = finding.because("it ends and is started again", [ask.cite(format!("{name}: {count} restarts, {how}"))]);
        let finding = match message.lines().last() {
            Some(line) => finding.because(format!("its last words: {line}"), [ask.cite(line)]),
            None => finding,
        };
        Ok(finding
            .fix("Read what it said before its last end, and mend that: Kubernetes only starts it again.")
            .run(Command::new(Risk::ReadOnly, format!("kubectl -n {} logs {} -c {name} --previous", ask.pod.namespace, ask.pod.name)))
            .run(ask.describe()))
    })
}

fn loops(container: &ContainerStatus) -> bool {
    match &container.state {
        Some(ContainerState::Waiting { reason, .. }) => matches!(reason.as_str(), "CrashLoopBackOff" | "RunContainerError"),
        Some(ContainerState::Terminated { exit_code, .. }) => *exit_code != 0 && container.restarts > 0,
        _ => false,
    }
}

/// The kubelet ended it, for a probe that failed: another fault.
fn killed_by_probe(ask: &PodAsk<'_>) -> bool {
    ask.warned(&["Liveness probe failed", "Startup probe failed"]).is_some()
}

fn meaning(code: i32) -> &'static str {
    match code {
        0 => "it ends well, but something that is to run for ever must not end",
        126 => "its command may not be executed",
        127 | 128 => "its command was not found or could not be started",
        134 => "it aborted itself",
        137 => "it was killed",
        139 => "it broke with a segmentation fault",
        143 => "it was asked to end",
        -1 => "its log says more",
        _ => "the program itself says that it failed",
    }
}
