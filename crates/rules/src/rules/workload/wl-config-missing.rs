// SPDX-License-Identifier: Apache-2.0
//! A pod needs a ConfigMap or Secret that does not exist.
//!
//! ## What you see
//! The pod stays in `CreateContainerConfigError`, or in `ContainerCreating` with the event `FailedMount`.
//!
//! ## Why it happens
//! Its volumes or environment name a ConfigMap, a Secret, or a key of one that is not there: a typing error, another namespace, or
//! an object that was never created.
//!
//! ## What to do
//! Create the object in the pod's namespace, or correct the name where the pod is defined.

use crate::fixture::{Scene, kubernetes};
use crate::report::{Command, Risk};
use crate::{Act, CoeKind, Finding, Layer, PodAsk, Rule, Stop, Verdict, blind, each_pod, fires, nearest, need, quiet, when};
use magnum_facts::coe::{KubernetesFacts, ObjectRef, Reference};
use magnum_facts::{Citation, Facts};

pub static RULE: Rule = Rule {
    id: "wl-config-missing",
    layer: Layer::Workload,
    coe: CoeKind::Kubernetes,
    guide: "L43-46",
    symptoms: &["S6", "S19"],
    needs: &[KubernetesFacts::PODS, KubernetesFacts::CONFIG_MAPS, KubernetesFacts::SECRETS, KubernetesFacts::EVENTS],
    explains: &["kp-no-endpoints"],
    set_so: true,
    check,
    cases: &[
        fires("a name with a typing error", || waits("CreateContainerConfigError", "configmap \"shop-setings\" not found", "shop-setings")),
        fires("a volume: nothing but an event says so", || {
            waits("ContainerCreating", "", "shop-setings").warned("web-0", "FailedMount", "configmap \"shop-setings\" not found")
        }),
        fires("the object is there, the key is not", || {
            waits("CreateContainerConfigError", "couldn't find key colour in ConfigMap default/shop-settings", "shop-settings")
        }),
        quiet("it is there, the image is still being pulled", || waits("ContainerCreating", "", "shop-settings")),
        quiet("the image is missing", || kubernetes(1, 2).waiting("web-0", "ErrImagePull", "docker.io/library/nope: not found")),
        blind("the API does not answer", || kubernetes(1, 2).api_dark()),
    ],
    inject: &[
        Act::Kubectl { argv: &["create", "configmap", "shop-settings", "--from-literal=colour=blue"], stdin: "" },
        Act::Kubectl { argv: &["apply", "-f", "-"], stdin: SHOP },
    ],
    undo: &[Act::Kubectl { argv: &["delete", "pod/shop", "configmap/shop-settings", "--force", "--grace-period=0"], stdin: "" }],
    ..Rule::BASE
};

const SHOP: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: shop}\nspec:\n  containers:\n  - {name: shop, image: \"busybox:1.35\", \
imagePullPolicy: IfNotPresent, command: [sleep, \"3600\"], envFrom: [{configMapRef: {name: shop-setings}}]}\n";

fn waits(reason: &'static str, message: &'static str, name: &'static str) -> Scene {
    let (namespace, kind) = ("default".to_owned(), "ConfigMap".to_owned());
    let reference = Reference { kind: kind.clone(), namespace: namespace.clone(), name: name.into(), ..Reference::default() };
    kubernetes(1, 2).waiting("web-0", reason, message).change_pod("web-0", |p| p.references.push(reference.clone())).with(|f| {
        let there = ObjectRef { kind, namespace, name: "shop-settings".into() };
        f.kubernetes.config_maps.value_mut().into_iter().for_each(|all| all.push(there.clone()));
    })
}

fn check(facts: &Facts) -> Verdict {
    each_pod(facts, |ask| {
        when(ask.pod.phase == "Pending" && ask.pod.node.is_some())?;
        let said = words(&ask);
        let mut stop = Stop::Quiet;
        for reference in ask.pod.references.iter().filter(|r| !r.optional && matches!(r.kind.as_str(), "ConfigMap" | "Secret")) {
            match missing(facts, reference) {
                Ok((name, hint, cited)) => {
                    let summary = format!("{} cannot start: there is no {name} in its namespace{hint}.", ask.pod.path());
                    let finding = Finding::cause(ask.subject(), summary).because(format!("{name} does not exist"), [cited]);
                    return Ok(remedy(finding.because_if(said), &ask, reference));
                }
                Err(Stop::Quiet) => {}
                Err(other) => stop = other,
            }
        }
        let (text, cited) =
            said.filter(|(text, _)| text.contains("couldn't find key") || text.contains("non-existent config key")).ok_or(stop)?;
        let reference = ask.pod.references.iter().find(|r| text.contains(&r.name)).ok_or(Stop::Quiet)?;
        let finding = Finding::cause(ask.subject(), format!("{} cannot start: {text}.", ask.pod.path()));
        Ok(remedy(finding.because("the kubelet does not find the key", [cited]), &ask, reference))
    })
}

/// The object's name, a hint at the one that is meant, and the proof; quiet when the object is there.
fn missing(facts: &Facts, reference: &Reference) -> Result<(String, String, Citation), Stop> {
    let k = &facts.kubernetes;
    let all = match reference.kind.as_str() {
        "Secret" => need(&k.secrets, KubernetesFacts::SECRETS)?,
        _ => need(&k.config_maps, KubernetesFacts::CONFIG_MAPS)?,
    };
    let own = || all.value.iter().filter(|o| o.namespace == reference.namespace).map(|o: &ObjectRef| o.name.as_str());
    when(own().all(|name| name != reference.name))?;
    let hint = nearest(&reference.name, own()).map(|n| format!(" (did you mean {n}?)")).unwrap_or_default();
    let quote = own().take(10).collect::<Vec<_>>().join(", ");
    let cited = all.cite(reference.namespace.clone(), format!("there are: {quote}"));
    Ok((format!("{} {}", reference.kind, reference.name), hint, cited))
}

/// What the kubelet says of it.
fn words(ask: &PodAsk<'_>) -> Option<(String, Citation)> {
    let waiting = ask.pod.all_containers().find_map(|c| match &c.state {
        Some(magnum_facts::coe::ContainerState::Waiting { reason, message }) if reason == "CreateContainerConfigError" => Some(message),
        _ => None,
    });
    let waiting = waiting.map(|message| (message.clone(), ask.cite(message)));
    waiting.or_else(|| ask.warned(&["not found", "couldn't find key", "non-existent config key"]))
}

fn remedy(finding: Finding, ask: &PodAsk<'_>, reference: &Reference) -> Finding {
    let plural = reference.kind.to_lowercase();
    finding
        .fix("Create it, or correct the name where the pod is defined; the kubelet tries again by itself.")
        .run(Command::new(Risk::ReadOnly, format!("kubectl -n {} get {plural}s", reference.namespace)))
        .run(ask.describe())
}
