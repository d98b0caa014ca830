// SPDX-License-Identifier: Apache-2.0
//! A pod waits for storage that nobody provides.
//!
//! ## What you see
//! The pod stays `Pending` with "unbound immediate PersistentVolumeClaims" or "persistentvolumeclaim not found"; the claim itself is
//! `Pending`.
//!
//! ## Why it happens
//! The claim names a class of storage that does not exist, or names none and there is no default class; or the claim itself is missing.
//! A claim of a class that waits for its first consumer is `Pending` by design until a pod uses it.
//!
//! ## What to do
//! Create the class or the claim, or correct the name; a claim's class cannot be changed, so make the claim anew.

use crate::fixture::{Scene, kubernetes};
use crate::report::{Command, Risk};
use crate::{Act, CoeKind, Finding, Layer, Rule, Stop, Subject, Verdict, blind, fires, nearest, need, quiet};
use magnum_facts::coe::{Claim, KubernetesFacts, Pod, Reference, StorageClass};
use magnum_facts::{Facts, Look};

pub static RULE: Rule = Rule {
    id: "wl-pending-pvc",
    layer: Layer::Workload,
    coe: CoeKind::Kubernetes,
    guide: "L43-46",
    symptoms: &["S6", "S18"],
    needs: &[KubernetesFacts::CLAIMS, KubernetesFacts::CLASSES, KubernetesFacts::PODS],
    explains: &["kp-no-endpoints", "wl-pending-constraints"],
    not_if: &["kcp-scheduler-down"],
    check,
    cases: &[
        fires("the class does not exist", || claim(Some("fats"), "fast", "Immediate")),
        fires("no class, and no default", || claim(None, "fast", "Immediate")),
        fires("the claim does not exist", || {
            claim(Some("fast"), "fast", "Immediate").with(|f| f.kubernetes.claims.value_mut().into_iter().for_each(Vec::clear))
        }),
        quiet("it waits for its first consumer", || {
            claim(Some("fast"), "fast", "WaitForFirstConsumer").with(|f| f.kubernetes.pods.value_mut().into_iter().for_each(Vec::clear))
        }),
        quiet("it was made a moment ago", || {
            claim(Some("fats"), "fast", "Immediate").with(|f| {
                let now = f.taken_at;
                f.kubernetes.claims.value_mut().into_iter().flatten().for_each(|c| c.created = Some(now));
            })
        }),
        blind("the API does not answer", || kubernetes(1, 2).api_dark()),
    ],
    inject: &[Act::Kubectl { argv: &["apply", "-f", "-"], stdin: STORE }],
    undo: &[Act::Kubectl { argv: &["delete", "pod/store", "pvc/store", "--force", "--grace-period=0"], stdin: "" }],
    ..Rule::BASE
};

const STORE: &str = "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: store}\nspec:\n  storageClassName: no-such-class\n  \
accessModes: [ReadWriteOnce]\n  resources: {requests: {storage: 1Gi}}\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: store}\nspec:\n  \
volumes: [{name: data, persistentVolumeClaim: {claimName: store}}]\n  containers:\n  - {name: store, image: \"busybox:1.35\", \
imagePullPolicy: IfNotPresent, command: [sleep, \"3600\"], volumeMounts: [{name: data, mountPath: /data}]}\n";

/// Binding takes the controller a moment.
const BINDING_SECONDS: i64 = 5;

fn claim(class: Option<&'static str>, known: &'static str, binding: &'static str) -> Scene {
    let scene = kubernetes(1, 2).pending("web-0", "0/3 nodes are available: 3 pod has unbound immediate PersistentVolumeClaims.");
    let needed =
        Reference { kind: "PersistentVolumeClaim".into(), namespace: "default".into(), name: "data".into(), ..Reference::default() };
    scene.change_pod("web-0", |p| p.references.push(needed.clone())).with(|f| {
        let created = f.taken_at.saturating_sub(jiff::SignedDuration::from_mins(9)).ok();
        let (namespace, name, phase) = ("default".into(), "data".into(), "Pending".into());
        let claim = Claim { namespace, name, phase, class: class.map(str::to_owned), volume: None, created };
        f.kubernetes.claims.value_mut().into_iter().for_each(|all| all.push(claim.clone()));
        let class = StorageClass { name: known.into(), provisioner: "cinder".into(), binding: binding.into(), is_default: false };
        f.kubernetes.classes.value_mut().into_iter().for_each(|all| all.push(class.clone()));
    })
}

fn check(facts: &Facts) -> Verdict {
    let k = &facts.kubernetes;
    let all = || -> Result<_, Stop> {
        let claims = need(&k.claims, KubernetesFacts::CLAIMS)?;
        Ok((claims, need(&k.classes, KubernetesFacts::CLASSES)?, need(&k.pods, KubernetesFacts::PODS)?))
    };
    let (claims, classes, pods) = match all() {
        Ok(all) => all,
        Err(stop) => return Verdict::cluster(Err(stop)),
    };
    let mut verdict = Verdict::default();
    let old = |c: &Claim| c.created.is_some_and(|t| facts.taken_at.as_second() - t.as_second() >= BINDING_SECONDS);
    for claim in claims.value.iter().filter(|c| c.phase == "Pending" && c.volume.is_none() && old(c)) {
        if let Some(why) = wrong(claim, classes) {
            let quote = format!("Pending, class {}", claim.class.as_deref().unwrap_or("not set"));
            let cited = claims.cite(format!("{}/{}", claim.namespace, claim.name), quote);
            let finding = found(&claim.namespace, &claim.name, pods, &why).because("the claim has no volume", [cited]);
            let names = classes.value.iter().map(|c| c.name.as_str()).collect::<Vec<_>>().join(", ");
            let names = if names.is_empty() { "none".to_owned() } else { names };
            verdict.findings.push(finding.because(why, [classes.cite("classes", names)]));
        }
    }
    for reference in pods.value.iter().filter(|p| p.phase == "Pending").flat_map(|p| &p.references) {
        let is_it = |c: &Claim| c.namespace == reference.namespace && c.name == reference.name;
        if reference.kind == "PersistentVolumeClaim" && !claims.value.iter().any(is_it) {
            let own = claims.value.iter().filter(|c| c.namespace == reference.namespace).map(|c| c.name.as_str());
            let hint = nearest(&reference.name, own).map(|n| format!(" (did you mean {n}?)")).unwrap_or_default();
            let cited = claims.cite(format!("{}/{}", reference.namespace, reference.name), "no such claim");
            let why = format!("there is no such claim{hint}");
            verdict.findings.push(found(&reference.namespace, &reference.name, pods, &why).because(why.clone(), [cited]));
        }
    }
    verdict
}

/// What is wrong with the claim's class.
fn wrong(claim: &Claim, classes: Look<'_, Vec<StorageClass>>) -> Option<String> {
    let names = || classes.value.iter().map(|c| c.name.as_str());
    match claim.class.as_deref() {
        Some("") => None,
        Some(class) if names().any(|n| n == class) => None,
        Some(class) => {
            let hint = nearest(class, names()).map(|n| format!(" (did you mean {n}?)")).unwrap_or_default();
            Some(format!("there is no storage class {class}{hint}"))
        }
        None if classes.value.iter().any(|c| c.is_default) => None,
        None => Some("it names no storage class, and none is the default".to_owned()),
    }
}

fn found(namespace: &str, name: &str, pods: Look<'_, Vec<Pod>>, why: &str) -> Finding {
    let uses = |p: &&Pod| p.references.iter().any(|r| r.kind == "PersistentVolumeClaim" && r.namespace == namespace && r.name == name);
    let waiting: Vec<String> = pods.value.iter().filter(uses).map(Pod::path).collect();
    let who = if waiting.is_empty() { String::new() } else { format!("; waiting for it: {}", waiting.join(", ")) };
    let subject = Subject::Object { what: "claim".into(), name: format!("{namespace}/{name}"), nodes: Vec::new() };
    let covered = waiting.into_iter().map(|name| Subject::Object { what: "pod".into(), name, nodes: Vec::new() });
    Finding::cause(subject, format!("The claim {namespace}/{name} gets no storage: {why}{who}."))
        .covers(covered)
        .fix("Create what is missing, or make the claim anew with a class that exists.")
        .run(Command::new(Risk::ReadOnly, format!("kubectl -n {namespace} describe pvc {name}")))
        .run(Command::new(Risk::ReadOnly, "kubectl get storageclasses"))
}
