// SPDX-License-Identifier: Apache-2.0
//! A service has no pod that could answer.
//!
//! ## What you see
//! "Connection refused" or "No route to host" at the service's address, while pods answer on their own addresses.
//!
//! ## Why it happens
//! The service's selector matches no pod (often a typing error in a label), or the pods it matches are not ready, so its list of
//! endpoints is empty and every packet is refused.
//!
//! ## What to do
//! Compare the selector with the pods' labels; when they match, find out why the pods are not ready.

use crate::fixture::{kubernetes, stopped};
use crate::report::{Command, Risk};
use crate::{Act, CoeKind, Finding, Layer, Rule, Subject, Verdict, blind, distance, fires, need, quiet};
use magnum_facts::coe::{ContainerState, KubernetesFacts, Pod, Service};
use magnum_facts::{Facts, Look};
use std::collections::BTreeMap;

pub static RULE: Rule = Rule {
    id: "kp-no-endpoints",
    layer: Layer::Service,
    coe: CoeKind::Kubernetes,
    guide: "L321-376",
    symptoms: &["S7"],
    needs: &[KubernetesFacts::SERVICES, KubernetesFacts::ENDPOINTS, KubernetesFacts::PODS],
    not_if: &["nv-shutoff"],
    check,
    cases: &[
        fires("a typing error in the selector", || {
            kubernetes(1, 2).with(empty).with(|f| {
                for s in f.kubernetes.services.value_mut().into_iter().flatten() {
                    s.selector = [("app".to_owned(), "wbe".to_owned())].into();
                }
            })
        }),
        fires("the pods it selects are not ready", || kubernetes(1, 2).with(empty).with(|f| unready(f, 3600))),
        quiet("every service has pods", || kubernetes(1, 2)),
        quiet("the pods were made a moment ago", || kubernetes(1, 2).with(empty).with(|f| unready(f, 5))),
        quiet("a service without a selector", || {
            kubernetes(1, 2).with(empty).with(|f| f.kubernetes.services.value_mut().into_iter().flatten().for_each(|s| s.selector.clear()))
        }),
        quiet("kube-proxy is down", || kubernetes(1, 2).unit("node-1", "kube-proxy", stopped())),
        blind("the API does not answer", || kubernetes(1, 2).api_dark()),
    ],
    inject: &[Act::Kubectl { argv: &["create", "service", "clusterip", "lost", "--tcp=80:80"], stdin: "" }],
    undo: &[Act::Kubectl { argv: &["delete", "service", "lost"], stdin: "" }],
    ..Rule::BASE
};

/// Pods younger than this are still starting.
const START_SECONDS: i64 = 60;

fn empty(facts: &mut Facts) {
    facts.kubernetes.endpoints.value_mut().into_iter().flatten().for_each(|e| e.ready.clear());
}

fn unready(facts: &mut Facts, age: i64) {
    let created = facts.taken_at.saturating_sub(jiff::SignedDuration::from_secs(age)).ok();
    for pod in facts.kubernetes.pods.value_mut().into_iter().flatten() {
        pod.created = created;
        pod.conditions.iter_mut().filter(|c| c.kind == "Ready").for_each(|c| c.status = "False".into());
    }
}

fn check(facts: &Facts) -> Verdict {
    let k = &facts.kubernetes;
    let all = || {
        let services = need(&k.services, KubernetesFacts::SERVICES)?;
        let endpoints = need(&k.endpoints, KubernetesFacts::ENDPOINTS)?;
        Ok((services, endpoints, need(&k.pods, KubernetesFacts::PODS)?))
    };
    let (services, endpoints, pods) = match all() {
        Ok(all) => all,
        Err(stop) => return Verdict::cluster(Err(stop)),
    };
    let mut verdict = Verdict::default();
    for service in services.value.iter().filter(|s| !s.selector.is_empty() && s.kind != "ExternalName") {
        let own = endpoints.value.iter().find(|e| e.namespace == service.namespace && e.name == service.name);
        if own.is_none_or(|e| e.ready.is_empty()) {
            let quote = own.map_or("no endpoints object".to_owned(), |e| format!("0 ready, {} not ready", e.not_ready.len()));
            let evidence = endpoints.cite(format!("{}/{}", service.namespace, service.name), quote);
            verdict.findings.extend(judge(
                facts,
                service,
                services.cite(format!("{}/{}", service.namespace, service.name), selector(&service.selector)),
                evidence,
                pods,
            ));
        }
    }
    verdict
}

fn judge(
    facts: &Facts,
    service: &Service,
    asked: magnum_facts::Citation,
    empty: magnum_facts::Citation,
    pods: Look<'_, Vec<Pod>>,
) -> Option<Finding> {
    let name = format!("{}/{}", service.namespace, service.name);
    let matching: Vec<&Pod> = pods.value.iter().filter(|p| service.selects(p)).collect();
    let nodes = matching.iter().filter_map(|p| p.node.clone()).collect();
    let subject = Subject::Object { what: "service".into(), name: name.clone(), nodes };
    let get = Command::new(Risk::ReadOnly, format!("kubectl -n {} get pods --show-labels", service.namespace));
    if matching.is_empty() {
        let near = nearest(service, pods.value);
        let hint = near.as_ref().map(|(label, pod)| format!("; the nearest label is {label} on pod {pod}")).unwrap_or_default();
        let fix = near.map_or("Correct the selector, or start the pods it is meant for.".to_owned(), |(label, _)| {
            format!("Correct the selector or the labels (did you mean {label}?).")
        });
        let finding =
            Finding::cause(subject, format!("The service {name} selects {}, which no pod has{hint}.", selector(&service.selector)))
                .because("its list of endpoints is empty", [empty])
                .because("its selector matches no pod", [asked, pods.cite(service.namespace.clone(), labels(service, pods.value))]);
        return Some(finding.independent_if(true).fix(fix).run(get));
    }
    let now = facts.taken_at.as_second();
    if matching.iter().any(|p| p.is_ready() || p.created.is_some_and(|t| now - t.as_second() < START_SECONDS)) {
        return None;
    }
    let why = matching.iter().map(|p| format!("{}: {}", p.path(), reason(p))).collect::<Vec<_>>().join("; ");
    let quoted = matching.iter().map(|p| pods.cite(p.path(), reason(p)));
    let finding = Finding::cause(subject, format!("None of the {} pods of the service {name} is ready ({why}).", matching.len()));
    let finding = finding.because("its list of endpoints is empty", [empty]).because("the pods it selects are not ready", quoted);
    Some(
        finding.fix("Find out why the pods are not ready: their events and logs say.").run(Command::new(
            Risk::ReadOnly,
            format!("kubectl -n {} describe pods -l {}", service.namespace, selector(&service.selector)),
        )),
    )
}

fn selector(labels: &BTreeMap<String, String>) -> String {
    labels.iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>().join(",")
}

fn labels(service: &Service, pods: &[Pod]) -> String {
    let own: Vec<_> =
        pods.iter().filter(|p| p.namespace == service.namespace).take(5).map(|p| format!("{}: {}", p.name, selector(&p.labels))).collect();
    if own.is_empty() { "no pods in this namespace".to_owned() } else { own.join("; ") }
}

fn reason(pod: &Pod) -> String {
    let waiting = pod.all_containers().find_map(|c| match &c.state {
        Some(ContainerState::Waiting { reason, .. }) => Some(format!("{} waits: {reason}", c.name)),
        Some(ContainerState::Terminated { reason, exit_code, .. }) => Some(format!("{} ended: {reason}, exit {exit_code}", c.name)),
        _ => None,
    });
    waiting.unwrap_or_else(|| format!("{}, not ready", pod.phase))
}

/// The label of a pod in the same namespace that differs least from the selector.
fn nearest(service: &Service, pods: &[Pod]) -> Option<(String, String)> {
    let wanted = service.selector.iter();
    let pairs = wanted.flat_map(|(k, v)| {
        let own = pods.iter().filter(|p| p.namespace == service.namespace);
        own.flat_map(move |p| {
            p.labels.iter().map(move |(pk, pv)| (distance(k, pk) + distance(v, pv), format!("{pk}={pv}"), p.name.clone()))
        })
    });
    pairs.filter(|(d, ..)| (1..=3).contains(d)).min().map(|(_, label, pod)| (label, pod))
}
