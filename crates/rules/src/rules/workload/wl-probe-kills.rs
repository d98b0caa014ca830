// SPDX-License-Identifier: Apache-2.0
//! A liveness probe has a container killed again and again.
//!
//! ## What you see
//! The number of restarts grows, with the events "Liveness probe failed" and "will be restarted"; the program itself has no error.
//!
//! ## Why it happens
//! The kubelet asks the container whether it is alive and kills it when it does not answer. The probe asks the wrong port or path,
//! begins before the program has started, or waits too short a time; or the program really hangs.
//!
//! ## What to do
//! Compare the probe's port and times with what the program does; give slow starters a startup probe.

use crate::fixture::{Scene, kubernetes};
use crate::report::{Command, Risk};
use crate::{Act, CoeKind, Finding, Layer, Rule, Stop, Verdict, blind, each_pod, fires, need, quiet, when};
use magnum_facts::Facts;
use magnum_facts::coe::{KubernetesFacts, Probe};

pub static RULE: Rule = Rule {
    id: "wl-probe-kills",
    layer: Layer::Workload,
    coe: CoeKind::Kubernetes,
    guide: "L43-46",
    symptoms: &["S19"],
    needs: &[KubernetesFacts::PODS, KubernetesFacts::EVENTS],
    explains: &["wl-crashloop", "kp-no-endpoints"],
    check,
    cases: &[
        fires("the probe asks a port that nobody listens on", || probed(3)),
        quiet("it failed, and the container was not restarted", || probed(0)),
        quiet("a readiness probe fails", || {
            kubernetes(1, 2).warned("web-0", "Unhealthy", "Readiness probe failed: Get \"http://10.100.0.5:8081/\": connection refused")
        }),
        blind("the API does not answer", || kubernetes(1, 2).api_dark()),
    ],
    inject: &[Act::Kubectl { argv: &["apply", "-f", "-"], stdin: DEAF }],
    undo: &[Act::Kubectl { argv: &["delete", "pod", "deaf", "--force", "--grace-period=0"], stdin: "" }],
    ..Rule::BASE
};

const DEAF: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: deaf}\nspec:\n  terminationGracePeriodSeconds: 1\n  containers:\n  - name: deaf\n    \
image: busybox:1.35\n    imagePullPolicy: IfNotPresent\n    command: [httpd, -f, -p, \"8080\"]\n    ports: [{containerPort: 8080}]\n    \
livenessProbe: {httpGet: {path: /, port: 8081}, periodSeconds: 1, failureThreshold: 1}\n";

fn probed(restarts: u32) -> Scene {
    let scene = kubernetes(1, 2).warned("web-0", "Unhealthy", "Liveness probe failed: Get \"http://10.100.0.5:8081/\": connection refused");
    scene.change_pod("web-0", |p| {
        for c in &mut p.containers {
            c.restarts = restarts;
            c.liveness =
                Some(Probe { what: "GET /".into(), port: "8081".into(), period_seconds: 10, failure_threshold: 3, ..Probe::default() });
        }
    })
}

fn check(facts: &Facts) -> Verdict {
    each_pod(facts, |ask| {
        need(&facts.kubernetes.events, KubernetesFacts::EVENTS)?;
        let container = ask.pod.containers.iter().filter(|c| c.liveness.is_some()).max_by_key(|c| c.restarts).ok_or(Stop::Quiet)?;
        let probe = container.liveness.as_ref().ok_or(Stop::Quiet)?;
        when(container.restarts > 0)?;
        let (text, said) = ask.warned(&["Liveness probe failed", "Startup probe failed"]).ok_or(Stop::Quiet)?;
        let name = &container.name;
        let elsewhere = probe.port.parse::<u16>().is_ok_and(|port| !container.ports.is_empty() && !container.ports.contains(&port));
        let hint = match elsewhere {
            true => format!("; it asks port {}, and the container declares {:?}", probe.port, container.ports),
            false => String::new(),
        };
        let settings = format!(
            "{} {}, first after {} s, every {} s, for at most {} s, {} failures kill",
            probe.what, probe.port, probe.initial_delay_seconds, probe.period_seconds, probe.timeout_seconds, probe.failure_threshold
        );
        Ok(Finding::cause(
            ask.subject(),
            format!("The liveness probe of {name} in {} fails, so it is killed again and again{hint}.", ask.pod.path()),
        )
        .because(format!("the probe fails: {text}"), [said])
        .because("how it asks", [ask.cite(settings)])
        .because("each failure costs a restart", [ask.cite(format!("{name}: {} restarts", container.restarts))])
        .fix("Correct the probe's port, path and times, or mend the program if it really hangs.")
        .run(ask.describe())
        .run(Command::new(Risk::ReadOnly, format!("kubectl -n {} logs {} -c {name} --previous", ask.pod.namespace, ask.pod.name))))
    })
}
