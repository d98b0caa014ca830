// SPDX-License-Identifier: Apache-2.0
//! A pod does not go away though it was deleted.
//!
//! ## What you see
//! The pod stays `Terminating` long after its time to end is over.
//!
//! ## Why it happens
//! A finalizer: some program has asked to be waited for and never says that it is done. Or the pod's node is dead or its kubelet cannot
//! unmount a volume ("device or resource busy"), so nobody confirms the end.
//!
//! ## What to do
//! Bring back the program that owns the finalizer, or take the finalizer off. On a dead node, mend the node first; deleting by force only
//! removes the record.

use crate::ask::need;
use crate::fixture::{Scene, kubernetes};
use crate::report::{Command, Risk};
use crate::{Act, CoeKind, Finding, Layer, Rule, Subject, Verdict, blind, fires, quiet};
use magnum_facts::Facts;
use magnum_facts::coe::{KubernetesFacts, Pod};

pub static RULE: Rule = Rule {
    id: "kn-stuck-terminating",
    layer: Layer::Node,
    coe: CoeKind::Kubernetes,
    guide: "L390",
    symptoms: &["S16"],
    needs: &[KubernetesFacts::PODS, KubernetesFacts::NODES],
    not_if: &["nv-shutoff", "kn-kubelet-down", "kn-api-unreachable", "kn-readonly-fs", "cr-*", "kcp-controller-manager-down"],
    check,
    cases: &[
        fires("a finalizer", || deleted(60, &["example.com/keep"])),
        fires("its node does not confirm the end", || deleted(200, &[])),
        quiet("its time is not over", || deleted(-20, &["example.com/keep"])),
        quiet("it has a finalizer and was not deleted", || {
            kubernetes(1, 2).change_pod("web-1", |p| p.finalizers = vec!["example.com/keep".into()])
        }),
        blind("the API does not answer", || kubernetes(1, 2).api_dark()),
    ],
    inject: &[
        Act::Kubectl { argv: &["apply", "-f", "-"], stdin: KEPT },
        Act::Kubectl { argv: &["delete", "pod", "kept", "--wait=false", "--grace-period=1"], stdin: "" },
    ],
    undo: &[Act::Kubectl { argv: &["patch", "pod", "kept", "--type=merge", "-p", "{\"metadata\":{\"finalizers\":null}}"], stdin: "" }],
    ..Rule::BASE
};

const KEPT: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: kept, finalizers: [example.com/keep]}\nspec:\n  \
terminationGracePeriodSeconds: 1\n  containers: [{name: kept, image: \"busybox:1.35\", imagePullPolicy: IfNotPresent, command: [sleep, \"3600\"]}]\n";

/// How long after its time a pod may linger: with a finalizer nobody but its owner ends it; without, the kubelet needs a moment.
const WITH_FINALIZER: i64 = 5;
const WITHOUT: i64 = 90;

fn deleted(seconds_ago: i64, finalizers: &'static [&'static str]) -> Scene {
    kubernetes(1, 2).with(|f| {
        let since = f.taken_at.saturating_sub(jiff::SignedDuration::from_secs(seconds_ago)).ok();
        for pod in f.kubernetes.pods.value_mut().into_iter().flatten().filter(|p| p.name == "web-1") {
            pod.deleting_since = since;
            pod.finalizers = finalizers.iter().map(|s| (*s).to_owned()).collect();
        }
    })
}

fn check(facts: &Facts) -> Verdict {
    let pods = match need(&facts.kubernetes.pods, KubernetesFacts::PODS) {
        Ok(pods) => pods,
        Err(stop) => return Verdict::cluster(Err(stop)),
    };
    let mut verdict = Verdict::default();
    for pod in pods.value {
        // Kubernetes writes when the pod must have ended, its time to end included.
        let Some(late) = pod.deleting_since.map(|t| facts.taken_at.as_second() - t.as_second()) else { continue };
        let node = pod.node.clone().unwrap_or_default();
        let (why, quote) = match pod.finalizers.is_empty() {
            false if late > WITH_FINALIZER => {
                let all = pod.finalizers.join(", ");
                (format!("it waits for the finalizer {all}, whose owner does not take it off"), format!("finalizers: {all}"))
            }
            true if late > WITHOUT => (format!("{node} does not confirm that it has ended"), format!("on {node}, no finalizer")),
            _ => continue,
        };
        verdict.findings.push(finding(pod, late, &why).because(why, [pods.cite(pod.path(), quote)]).because(
            "its time to end is over",
            [pods.cite(pod.path(), format!("deletionTimestamp {}", pod.deleting_since.unwrap_or_default()))],
        ));
    }
    verdict
}

fn finding(pod: &Pod, late: i64, why: &str) -> Finding {
    let nodes = pod.node.clone().into_iter().collect();
    let subject = Subject::Object { what: "pod".into(), name: pod.path(), nodes };
    let finding = Finding::cause(subject, format!("{} was to be gone {late} s ago and is not: {why}.", pod.path()));
    let (namespace, name) = (&pod.namespace, &pod.name);
    let get = Command::new(Risk::ReadOnly, format!("kubectl -n {namespace} get pod {name} -o yaml"));
    if pod.finalizers.is_empty() {
        return finding
            .fix("Look at the kubelet of its node: a volume that cannot be unmounted, a runtime that hangs. Delete by force only what surely runs no more.")
            .run(get)
            .run(Command::new(Risk::LosesData, format!("kubectl -n {namespace} delete pod {name} --grace-period=0 --force")));
    }
    let patch = "{\"metadata\":{\"finalizers\":null}}";
    finding
        .fix("Bring back the program that owns the finalizer; if it is gone for good, take the finalizer off.")
        .run(get)
        .run(Command::new(Risk::LosesData, format!("kubectl -n {namespace} patch pod {name} --type=merge -p '{patch}'")))
}
