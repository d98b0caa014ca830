// SPDX-License-Identifier: Apache-2.0
//! A quota or a limit range forbids the pods of a workload.
//!
//! ## What you see
//! The Deployment has too few pods and says nothing of it; its ReplicaSet has `FailedCreate` events: "exceeded quota", "must specify
//! limits", "maximum memory usage".
//!
//! ## Why it happens
//! The namespace's ResourceQuota is used up, or it asks for requests and limits that the pods do not state, or a LimitRange forbids
//! what they state. The API server then refuses each pod before it exists, so there is no pod that could say why.
//!
//! ## What to do
//! Raise the quota, state requests and limits in the pod's template, or run fewer pods.

use crate::fixture::{Scene, kubernetes};
use crate::report::{Command, Risk};
use crate::{Act, CoeKind, Finding, Layer, Rule, Subject, Verdict, blind, fires, need, quiet};
use magnum_facts::Facts;
use magnum_facts::coe::{Condition, KubernetesFacts, ReplicaSet};

pub static RULE: Rule = Rule {
    id: "wl-quota-limitrange",
    layer: Layer::Workload,
    coe: CoeKind::Kubernetes,
    guide: "L43-46",
    symptoms: &["S6"],
    needs: &[KubernetesFacts::REPLICA_SETS],
    explains: &["kp-no-endpoints"],
    set_so: true,
    check,
    cases: &[
        fires("the quota is used up", || {
            refused("pods \"web-7d-x\" is forbidden: exceeded quota: small, requested: pods=1, used: pods=2, limited: pods=2")
        }),
        fires("the quota wants limits", || refused("pods \"web-7d-x\" is forbidden: failed quota: small: must specify limits.memory")),
        fires("a limit range forbids it", || {
            refused("pods \"web-7d-x\" is forbidden: maximum memory usage per Container is 64Mi, but limit is 1Gi")
        }),
        quiet("a webhook refuses it", || refused("Internal error occurred: failed calling webhook \"check.example.com\"")),
        quiet("all pods are there", || kubernetes(1, 2)),
        blind("the API does not answer", || kubernetes(1, 2).api_dark()),
    ],
    inject: &[Act::Kubectl { argv: &["apply", "-f", "-"], stdin: TIGHT }],
    undo: &[Act::Kubectl { argv: &["delete", "namespace", "tight"], stdin: "" }],
    ..Rule::BASE
};

const TIGHT: &str = "apiVersion: v1\nkind: Namespace\nmetadata: {name: tight}\n---\napiVersion: v1\nkind: ResourceQuota\nmetadata: \
{name: small, namespace: tight}\nspec: {hard: {pods: \"0\"}}\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: shop, \
namespace: tight}\nspec:\n  selector: {matchLabels: {app: shop}}\n  template:\n    metadata: {labels: {app: shop}}\n    spec: \
{containers: [{name: shop, image: \"busybox:1.35\", imagePullPolicy: IfNotPresent, command: [sleep, \"3600\"]}]}\n";

/// How the API server words a refusal by quota or limit range.
const REFUSALS: &[&str] =
    &["exceeded quota", "failed quota", "must specify", "usage per Container is", "usage per Pod is", "limit to request ratio"];

fn refused(message: &'static str) -> Scene {
    kubernetes(1, 2).with(|f| {
        let condition = Condition {
            kind: "ReplicaFailure".into(),
            status: "True".into(),
            reason: "FailedCreate".into(),
            message: message.into(),
            since: None,
        };
        let set = ReplicaSet {
            namespace: "default".into(),
            name: "web-7d".into(),
            desired: 3,
            replicas: 2,
            ready: 2,
            conditions: vec![condition],
            owner: None,
        };
        f.kubernetes.replica_sets.value_mut().into_iter().for_each(|all| all.push(set.clone()));
    })
}

fn check(facts: &Facts) -> Verdict {
    let sets = match need(&facts.kubernetes.replica_sets, KubernetesFacts::REPLICA_SETS) {
        Ok(sets) => sets,
        Err(stop) => return Verdict::cluster(Err(stop)),
    };
    let mut verdict = Verdict::default();
    for set in sets.value.iter().filter(|s| s.replicas < s.desired) {
        let failure = set.conditions.iter().find(|c| c.kind == "ReplicaFailure" && c.status == "True");
        let Some(failure) = failure.filter(|c| REFUSALS.iter().any(|words| c.message.contains(words))) else { continue };
        let owner = set.owner.as_ref().map_or(set.name.as_str(), |o| o.name.as_str());
        let path = format!("{}/{owner}", set.namespace);
        let why = failure.message.split_once("is forbidden: ").map_or(failure.message.as_str(), |(_, rest)| rest);
        let subject = Subject::Object { what: "workload".into(), name: path.clone(), nodes: Vec::new() };
        let count = format!("{} of {} pods", set.replicas, set.desired);
        verdict.findings.push(
            Finding::cause(subject, format!("{path} has {count}: its namespace does not allow more ({why})."))
                .because("the API server refuses its pods", [sets.cite(format!("{}/{}", set.namespace, set.name), &failure.message)])
                .because("pods are missing", [sets.cite(format!("{}/{}", set.namespace, set.name), count)])
                .fix("Raise the quota or the limit range, state requests and limits in the pod's template, or ask for fewer pods.")
                .run(Command::new(Risk::ReadOnly, format!("kubectl -n {} describe resourcequota,limitrange", set.namespace))),
        );
    }
    verdict
}
