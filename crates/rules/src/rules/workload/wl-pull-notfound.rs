// SPDX-License-Identifier: Apache-2.0
//! A pod's image does not exist.
//!
//! ## What you see
//! The pod stays in `ImagePullBackOff`, `ErrImagePull` or `ErrImageNeverPull` and never starts.
//!
//! ## Why it happens
//! The image's name or tag is wrong, or it was never put where the node looks for it: the registry answered "not found", or the pod may
//! only use an image that is already on the node and it is not there.
//!
//! ## What to do
//! Correct the name or tag in the pod's template, or load the image on the node.

use crate::fixture::{Scene, kubernetes};
use crate::report::{Command, Risk};
use crate::{Act, CoeKind, Finding, Layer, Rule, Subject, Verdict, blind, fires, need, quiet};
use magnum_facts::Facts;
use magnum_facts::coe::{ContainerState, ContainerStatus, KubernetesFacts, Pod};
use std::collections::BTreeMap;

pub static RULE: Rule = Rule {
    id: "wl-pull-notfound",
    layer: Layer::Workload,
    coe: CoeKind::Kubernetes,
    guide: "L43-46",
    symptoms: &["S6", "S19"],
    needs: &[KubernetesFacts::PODS, KubernetesFacts::EVENTS],
    explains: &["kp-no-endpoints"],
    not_if: &["nv-shutoff"],
    check,
    cases: &[
        fires("the registry says not found", || {
            waiting(
                "ImagePullBackOff",
                "Back-off pulling image \"busybox:nope\"",
                "rpc error: code = NotFound desc = failed to pull and unpack image: docker.io/library/busybox:nope: not found",
            )
        }),
        fires("manifest unknown", || {
            waiting("ErrImagePull", "manifest for busybox:nope not found: manifest unknown: manifest unknown", "")
        }),
        fires("only images on the node are allowed", || {
            waiting("ErrImageNeverPull", "Container image \"busybox:nope\" is not present with pull policy of Never", "")
        }),
        quiet("the registry cannot be reached", || {
            waiting(
                "ErrImagePull",
                "failed to do request: Head \"https://registry-1.docker.io/v2/\": dial tcp: lookup registry-1.docker.io: no such host",
                "",
            )
        }),
        quiet("the registry wants a login", || {
            waiting("ErrImagePull", "pull access denied, repository does not exist or may require authorization", "")
        }),
        quiet("it is still being pulled", || waiting("ContainerCreating", "", "")),
        blind("the API does not answer", || kubernetes(1, 2).api_dark()),
    ],
    inject: &[Act::Kubectl { argv: &["run", "lost", "--image=magnum-no-such-image:1", "--image-pull-policy=Never"], stdin: "" }],
    undo: &[Act::Kubectl { argv: &["delete", "pod", "lost", "--now"], stdin: "" }],
    ..Rule::BASE
};

fn waiting(reason: &'static str, message: &'static str, event: &'static str) -> Scene {
    kubernetes(1, 2).change_pod("web-0", |p| set_waiting(p, reason, message)).with(|f| {
        let about = magnum_facts::coe::ObjectRef { kind: "Pod".into(), namespace: "default".into(), name: "web-0".into() };
        let last = Some(f.taken_at);
        let event = magnum_facts::coe::Event {
            about,
            kind: "Warning".into(),
            reason: "Failed".into(),
            message: event.into(),
            count: 3,
            last,
            from: "kubelet".into(),
        };
        f.kubernetes.events.value_mut().into_iter().for_each(|events| events.push(event.clone()));
    })
}

fn set_waiting(pod: &mut Pod, reason: &str, message: &str) {
    pod.phase = "Pending".into();
    pod.conditions.iter_mut().filter(|c| c.kind == "Ready").for_each(|c| c.status = "False".into());
    for container in &mut pod.containers {
        container.ready = false;
        container.image = "busybox:nope".into();
        container.state = Some(ContainerState::Waiting { reason: reason.into(), message: message.into() });
    }
}

/// What registries and runtimes say when an image is not there. Docker Hub's "denied" also stands for a missing
/// repository, but then a login could be what is missing: that is another fault.
const NOT_THERE: &[&str] = &["not found", "manifest unknown", "name unknown", "is not present with pull policy of never"];
const ANOTHER: &[&str] = &[
    "no such host",
    "access denied",
    "unauthorized",
    "authorization failed",
    "forbidden",
    "x509",
    "i/o timeout",
    "connection refused",
    "too many requests",
];

fn check(facts: &Facts) -> Verdict {
    let pods = match need(&facts.kubernetes.pods, KubernetesFacts::PODS) {
        Ok(pods) => pods,
        Err(stop) => return Verdict::cluster(Err(stop)),
    };
    // One finding for each image: a deployment of fifty pods has one wrong tag.
    let mut images: BTreeMap<&str, Vec<(&Pod, String)>> = BTreeMap::new();
    for pod in pods.value.iter().filter(|p| p.deleting_since.is_none()) {
        for container in pod.all_containers() {
            if let Some(said) = missing(facts, pod, container) {
                images.entry(&container.image).or_default().push((pod, said));
            }
        }
    }
    let mut verdict = Verdict::default();
    for (image, found) in images {
        let names: Vec<_> = found.iter().map(|(p, _)| p.path()).collect();
        let mut nodes: Vec<_> = found.iter().filter_map(|(p, _)| p.node.clone()).collect();
        nodes.sort();
        nodes.dedup();
        let Some((first, said)) = found.first() else { continue };
        let subject = Subject::Object { what: "image".into(), name: image.to_owned(), nodes };
        verdict.findings.push(
            Finding::cause(
                subject,
                format!("The image {image} does not exist where the nodes look for it; waiting for it: {}.", names.join(", ")),
            )
            .because("its pull was answered with \"not there\"", [pods.cite(first.path(), said.clone())])
            .independent_if(true)
            .fix("Correct the image's name or tag where the pod is defined, or load the image on the nodes.")
            .run(Command::new(Risk::ReadOnly, format!("kubectl -n {} describe pod {}", first.namespace, first.name))),
        );
    }
    verdict
}

fn missing(facts: &Facts, pod: &Pod, container: &ContainerStatus) -> Option<String> {
    let Some(ContainerState::Waiting { reason, message }) = &container.state else { return None };
    if !matches!(reason.as_str(), "ImagePullBackOff" | "ErrImagePull" | "ErrImageNeverPull") {
        return None;
    }
    // While Kubernetes backs off, only the events still have what the registry said.
    let events = facts.kubernetes.events.value().into_iter().flatten();
    let own =
        events.filter(|e| e.about.kind == "Pod" && e.about.namespace == pod.namespace && e.about.name == pod.name && e.kind == "Warning");
    let said: Vec<&str> = std::iter::once(message.as_str()).chain(own.map(|e| e.message.as_str())).collect();
    let has = |words: &[&str]| said.iter().find(|text| words.iter().any(|w| text.to_lowercase().contains(w)));
    match (has(ANOTHER), has(NOT_THERE)) {
        (None, Some(text)) => Some(format!("{reason}: {text}")),
        _ => None,
    }
}
