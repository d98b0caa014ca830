// SPDX-License-Identifier: Apache-2.0
//! A container uses more memory than its limit and is killed.
//!
//! ## What you see
//! Restarts with `OOMKilled` and exit code 137, often after a while or under load.
//!
//! ## Why it happens
//! The container's memory limit is lower than what the program needs, so the kernel kills it. This is not a lack of memory on the node.
//!
//! ## What to do
//! Raise the container's limit, or make the program use less.

use crate::fixture::{Scene, kubernetes};
use crate::report::{Command, Risk};
use crate::{Act, CoeKind, Finding, Layer, Rule, Stop, Verdict, blind, each_pod, fires, quiet};
use magnum_facts::Facts;
use magnum_facts::coe::{ContainerState, ContainerStatus, KubernetesFacts};

pub static RULE: Rule = Rule {
    id: "wl-oomkilled",
    layer: Layer::Workload,
    coe: CoeKind::Kubernetes,
    guide: "L43-46",
    symptoms: &["S19"],
    needs: &[KubernetesFacts::PODS],
    explains: &["wl-crashloop", "kp-no-endpoints"],
    not_if: &["kn-memory-pressure"],
    check,
    cases: &[
        fires("it is in its pause between two ends", || ended("OOMKilled", 137)),
        fires("it runs again for now", || ended("OOMKilled", 137).state("web-0", "Running", ContainerState::Running { since: None })),
        quiet("it was killed for another reason", || ended("Error", 137)),
        quiet("it was killed once, hours ago", || {
            let scene = ended("OOMKilled", 137).state("web-0", "Running", ContainerState::Running { since: None });
            scene.with(|f| {
                let long_ago = f.taken_at.saturating_sub(jiff::SignedDuration::from_hours(5)).ok();
                for c in f.kubernetes.pods.value_mut().into_iter().flatten().flat_map(|p| &mut p.containers) {
                    if let Some(ContainerState::Terminated { at, .. }) = &mut c.last {
                        *at = long_ago;
                    }
                }
            })
        }),
        blind("the API does not answer", || kubernetes(1, 2).api_dark()),
    ],
    inject: &[Act::Kubectl { argv: &["apply", "-f", "-"], stdin: HUNGRY }],
    undo: &[Act::Kubectl { argv: &["delete", "pod", "hungry", "--force", "--grace-period=0"], stdin: "" }],
    ..Rule::BASE
};

/// dd takes a buffer of the size of one block.
const HUNGRY: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: hungry}\nspec:\n  containers:\n  - {name: hungry, \
image: \"busybox:1.35\", imagePullPolicy: IfNotPresent, command: [dd, if=/dev/zero, of=/dev/null, bs=200M, count=20], \
resources: {limits: {memory: 24Mi}}}\n";

/// An end longer ago than this is history.
const RECENT_SECONDS: i64 = 3600;

fn ended(reason: &'static str, exit_code: i32) -> Scene {
    let scene = kubernetes(1, 2).waiting("web-0", "CrashLoopBackOff", "back-off 40s restarting failed container=web");
    scene.change_pod("web-0", |p| {
        p.phase = "Running".into();
        for c in &mut p.containers {
            c.restarts = 3;
            c.limits = [("memory".to_owned(), "64Mi".to_owned())].into();
            c.last = Some(ContainerState::Terminated { reason: reason.into(), message: String::new(), exit_code, at: p.created });
        }
    })
}

fn check(facts: &Facts) -> Verdict {
    each_pod(facts, |ask| {
        let recent = |c: &&ContainerStatus| killed(c).is_some_and(|at| at.is_none_or(|t| facts.taken_at.as_second() - t < RECENT_SECONDS));
        let container = ask.pod.all_containers().find(recent).ok_or(Stop::Quiet)?;
        let limit = container.limits.get("memory").map_or("no limit of its own", String::as_str);
        let name = &container.name;
        Ok(Finding::cause(
            ask.subject(),
            format!("The container {name} of {} was killed for using more memory than its limit ({limit}).", ask.pod.path()),
        )
        .because("the kernel killed it for lack of memory", [ask.cite(format!("{name}: OOMKilled, {} restarts", container.restarts))])
        .because("its limit decides", [ask.cite(format!("{name}: limits.memory {limit}"))])
        .fix("Raise limits.memory of the container to what the program needs under load, or make it use less.")
        .run(Command::new(Risk::ReadOnly, format!("kubectl -n {} top pod {} --containers", ask.pod.namespace, ask.pod.name)))
        .run(ask.describe()))
    })
}

/// When the kernel killed it for lack of memory, as far as that is known.
fn killed(container: &ContainerStatus) -> Option<Option<i64>> {
    [&container.state, &container.last].into_iter().flatten().find_map(|s| match s {
        ContainerState::Terminated { reason, at, .. } if reason == "OOMKilled" => Some(at.map(|t| t.as_second())),
        _ => None,
    })
}
