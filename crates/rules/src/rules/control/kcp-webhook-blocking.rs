// SPDX-License-Identifier: Apache-2.0
//! A webhook that nobody answers keeps objects from being made.
//!
//! ## What you see
//! Creating or changing some kinds of objects fails with "failed calling webhook" or takes ten seconds and more; other kinds are not
//! affected.
//!
//! ## Why it happens
//! The API server asks the webhook's service before it accepts an object. The service does not exist or has no pod that is ready, and
//! the webhook's failure policy is `Fail`. Often its program was removed and its configuration was not.
//!
//! ## What to do
//! Bring the program behind it back, or delete the configuration; exclude `kube-system` so that it can never lock itself out.

use crate::fixture::{Scene, kubernetes};
use crate::report::{Command, Risk};
use crate::{Act, CoeKind, Finding, Layer, Rule, Stop, Subject, Verdict, blind, fires, need, quiet};
use magnum_facts::coe::{KubernetesFacts, ObjectRef, Webhook};
use magnum_facts::{Citation, Facts, Look};

pub static RULE: Rule = Rule {
    id: "kcp-webhook-blocking",
    layer: Layer::Control,
    coe: CoeKind::Kubernetes,
    guide: "L43, L390",
    symptoms: &["S5", "S6"],
    needs: &[KubernetesFacts::VALIDATING, KubernetesFacts::MUTATING, KubernetesFacts::SERVICES, KubernetesFacts::ENDPOINTS],
    set_so: true,
    check,
    cases: &[
        fires("its service does not exist", || hook("guard", "Fail")),
        fires("its service has no pod that is ready", || {
            hook("web", "Fail").with(|f| f.kubernetes.endpoints.value_mut().into_iter().for_each(Vec::clear)).with(|f| {
                f.kubernetes.services.value_mut().into_iter().flatten().for_each(|s| s.selector.clear());
            })
        }),
        quiet("its service answers", || hook("web", "Fail")),
        quiet("nobody answers, and it may be ignored", || hook("guard", "Ignore")),
        blind("the API does not answer", || kubernetes(1, 2).api_dark()),
    ],
    inject: &[Act::Kubectl { argv: &["apply", "-f", "-"], stdin: GUARD }],
    undo: &[Act::Kubectl { argv: &["delete", "validatingwebhookconfiguration", "guard"], stdin: "" }],
    ..Rule::BASE
};

const GUARD: &str = "apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingWebhookConfiguration\nmetadata: {name: guard}\nwebhooks:\n\
- name: guard.example.com\n  clientConfig: {service: {namespace: default, name: guard, path: /}}\n  failurePolicy: Fail\n  sideEffects: None\n  \
admissionReviewVersions: [v1]\n  rules: [{apiGroups: [\"\"], apiVersions: [v1], operations: [CREATE], resources: [pods]}]\n";

fn hook(service: &'static str, policy: &'static str) -> Scene {
    kubernetes(1, 2).with(|f| {
        let hook = Webhook {
            configuration: "guard".into(),
            name: "guard.example.com".into(),
            service: Some(ObjectRef { kind: "Service".into(), namespace: "default".into(), name: service.into() }),
            failure_policy: policy.into(),
            timeout_seconds: 10,
            resources: vec!["pods".into()],
            ..Webhook::default()
        };
        f.kubernetes.validating.value_mut().into_iter().for_each(|all| all.push(hook.clone()));
    })
}

fn check(facts: &Facts) -> Verdict {
    let k = &facts.kubernetes;
    let mut verdict = Verdict::default();
    for (kind, fact, topic) in
        [("validating", &k.validating, KubernetesFacts::VALIDATING), ("mutating", &k.mutating, KubernetesFacts::MUTATING)]
    {
        let hooks = match need(fact, topic) {
            Ok(hooks) => hooks,
            Err(stop) => {
                verdict.add(Subject::Cluster, Err(stop));
                continue;
            }
        };
        for hook in hooks.value.iter().filter(|h| h.failure_policy == "Fail") {
            let subject = Subject::Object { what: format!("{kind} webhook"), name: hook.name.clone(), nodes: Vec::new() };
            verdict.add(subject.clone(), one(facts, kind, hook, hooks, subject));
        }
    }
    verdict
}

fn one(facts: &Facts, kind: &str, hook: &Webhook, hooks: Look<'_, Vec<Webhook>>, subject: Subject) -> Result<Finding, Stop> {
    let service = hook.service.as_ref().ok_or(Stop::Quiet)?;
    let (why, proof) = unanswered(facts, service)?;
    let what = if hook.resources.is_empty() { "objects".to_owned() } else { hook.resources.join(", ") };
    let path = format!("{}/{}", service.namespace, service.name);
    let settings = format!("failurePolicy Fail, service {path}, resources {what}, timeout {} s", hook.timeout_seconds);
    let object = format!("{kind}webhookconfiguration {}", hook.configuration);
    Ok(Finding::cause(subject, format!("No {what} can be made or changed where the webhook {} is asked: {why}.", hook.name))
        .because("the API server must ask it and may not go on without it", [hooks.cite(hook.configuration.clone(), settings)])
        .because(why, [proof])
        .spreads_if(true)
        .spares_api()
        .fix(format!("Bring back the pods behind {path}, or delete the configuration {}.", hook.configuration))
        .run(Command::new(Risk::ReadOnly, format!("kubectl get {object} -o yaml")))
        .run(Command::new(Risk::ChangesCluster, format!("kubectl delete {object}"))))
}

/// Why nobody answers at the service.
fn unanswered(facts: &Facts, service: &ObjectRef) -> Result<(String, Citation), Stop> {
    let services = need(&facts.kubernetes.services, KubernetesFacts::SERVICES)?;
    let path = format!("{}/{}", service.namespace, service.name);
    let Some(own) = services.value.iter().find(|s| s.namespace == service.namespace && s.name == service.name) else {
        return Ok((format!("its service {path} does not exist"), services.cite(path, "no such service")));
    };
    let endpoints = need(&facts.kubernetes.endpoints, KubernetesFacts::ENDPOINTS)?;
    let ready = endpoints.value.iter().any(|e| e.namespace == own.namespace && e.name == own.name && !e.ready.is_empty());
    if ready || own.kind == "ExternalName" {
        return Err(Stop::Quiet);
    }
    Ok((format!("its service {path} has no pod that is ready"), endpoints.cite(path, "0 ready")))
}
