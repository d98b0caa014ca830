// SPDX-License-Identifier: Apache-2.0
//! A pod's own conditions leave no node for it.
//!
//! ## What you see
//! The pod stays `Pending`; its events say `FailedScheduling` with "didn't match node selector", "had taint … that the pod didn't
//! tolerate" or "didn't have free ports".
//!
//! ## Why it happens
//! A node selector, a taint that the pod does not tolerate, a port of the node that is taken, or a node that is closed for new pods:
//! together they exclude every node.
//!
//! ## What to do
//! Drop or meet the one condition that is named here: label a node, tolerate the taint, or choose another port.

use crate::fixture::{Scene, kubernetes};
use crate::{Act, CoeKind, Finding, Layer, PodAsk, Rule, Stop, Verdict, blind, each_pod, fires, need, quiet, when};
use magnum_facts::Facts;
use magnum_facts::coe::{KubeNode, KubernetesFacts, Pod, Toleration};
use std::collections::BTreeSet;

pub static RULE: Rule = Rule {
    id: "wl-pending-constraints",
    layer: Layer::Workload,
    coe: CoeKind::Kubernetes,
    guide: "L43-46",
    symptoms: &["S6"],
    needs: &[KubernetesFacts::PODS, KubernetesFacts::NODES],
    explains: &["kp-no-endpoints"],
    not_if: &["kcp-scheduler-down", "kn-ccm-uninitialized", "wl-pending-resources", "wl-pending-pvc"],
    set_so: true,
    check,
    cases: &[
        fires("no node has the label", || selects("disk", "ssd")),
        fires("every node has a taint", || {
            pending("0/3 nodes are available: 3 node(s) had taint {team: blue}, that the pod didn't tolerate.")
                .with(|f| taint(f, "team=blue:NoSchedule"))
        }),
        fires("every node is closed for new pods", || {
            pending("0/3 nodes are available: 3 node(s) were unschedulable.").with(|f| {
                taint(f, "node.kubernetes.io/unschedulable=:NoSchedule");
                f.kubernetes.nodes.value_mut().into_iter().flatten().for_each(|n| n.unschedulable = true);
            })
        }),
        quiet("there is too little memory", || pending("0/3 nodes are available: 3 Insufficient memory.")),
        quiet("the nodes are not ready", || {
            pending("0/3 nodes are available: 3 node(s) had taint {node.kubernetes.io/not-ready: }, that the pod didn't tolerate.")
                .with(|f| taint(f, "node.kubernetes.io/not-ready=:NoSchedule"))
        }),
        blind("the API does not answer", || kubernetes(1, 2).api_dark()),
    ],
    inject: &[Act::Kubectl { argv: &["apply", "-f", "-"], stdin: PICKY }],
    undo: &[Act::Kubectl { argv: &["delete", "pod", "picky", "--force", "--grace-period=0"], stdin: "" }],
    ..Rule::BASE
};

const PICKY: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: picky}\nspec:\n  nodeSelector: {disk: ssd}\n  \
containers: [{name: picky, image: \"busybox:1.35\", imagePullPolicy: IfNotPresent, command: [sleep, \"3600\"]}]\n";

fn pending(message: &'static str) -> Scene {
    kubernetes(1, 2).pending("web-0", message)
}

fn selects(key: &'static str, value: &'static str) -> Scene {
    let scene = pending("0/3 nodes are available: 3 node(s) didn't match Pod's node affinity.");
    scene.change_pod("web-0", |p| drop(p.node_selector.insert(key.into(), value.into())))
}

fn taint(facts: &mut Facts, taint: &str) {
    facts.kubernetes.nodes.value_mut().into_iter().flatten().for_each(|n| n.taints.push(taint.to_owned()));
}

fn check(facts: &Facts) -> Verdict {
    each_pod(facts, |ask| {
        let said = ask.unschedulable()?;
        when(!said.is_empty() && !said.contains("Insufficient") && !said.to_lowercase().contains("persistentvolumeclaim"))?;
        let nodes = need(&facts.kubernetes.nodes, KubernetesFacts::NODES)?;
        let against: Vec<(&KubeNode, BTreeSet<String>)> = nodes.value.iter().map(|n| (n, obstacles(&ask, n))).collect();
        // The node's own trouble is told where it is found, not as the pod's fault.
        when(against.iter().any(|(_, all)| all.iter().all(|o| !o.contains("taint node."))))?;
        let known = against.iter().all(|(_, all)| !all.is_empty());
        when(known || ask.pod.has_affinity)?;
        let (node, least) = against.iter().min_by_key(|(_, all)| all.len()).ok_or(Stop::Quiet)?;
        let least = least.iter().cloned().collect::<Vec<_>>().join(" and ");
        let which = if known { format!("closest is {}: {least}", node.name) } else { "its affinity excludes them".to_owned() };
        let quote = against.iter().map(|(n, all)| format!("{}: {}", n.name, all.iter().cloned().collect::<Vec<_>>().join(", ")));
        let compared = nodes.cite("labels, taints, ports", quote.collect::<Vec<_>>().join("; "));
        Ok(Finding::cause(ask.subject(), format!("No node meets the conditions of {}; {which}.", ask.pod.path()))
            .because("the scheduler finds no node for it", [ask.cite(said)])
            .because("what stands against each node", [compared])
            .fix("Meet the condition on a node (label, free port), or take it out of the pod (selector, toleration).")
            .run(ask.describe())
            .run(crate::report::Command::new(crate::report::Risk::ReadOnly, "kubectl get nodes --show-labels")))
    })
}

/// Kubernetes adds it to a node that is closed for new pods.
const CLOSED: &str = "node.kubernetes.io/unschedulable";

/// Why this pod may not run on that node.
fn obstacles(ask: &PodAsk<'_>, node: &KubeNode) -> BTreeSet<String> {
    let pod = ask.pod;
    let labels = pod.node_selector.iter().filter(|(k, v)| node.labels.get(*k) != Some(v));
    let mut all: BTreeSet<String> = labels.map(|(k, v)| format!("lacks the label {k}={v}")).collect();
    let taints = node
        .taints
        .iter()
        .filter(|t| !t.ends_with(":PreferNoSchedule") && !t.starts_with(CLOSED) && !pod.tolerations.iter().any(|own| tolerates(own, t)));
    all.extend(taints.map(|t| format!("has the taint {t}")));
    if node.unschedulable {
        all.insert("is closed for new pods".to_owned());
    }
    let ports = |p: &Pod| p.containers.iter().flat_map(|c| c.host_ports.clone()).collect::<BTreeSet<u16>>();
    let there =
        ask.pods.value.iter().filter(|p| p.node.as_ref() == Some(&node.name) && !matches!(p.phase.as_str(), "Succeeded" | "Failed"));
    let taken: BTreeSet<u16> = there.flat_map(ports).collect();
    all.extend(ports(pod).intersection(&taken).map(|port| format!("has port {port} taken")));
    all
}

fn tolerates(own: &Toleration, taint: &str) -> bool {
    let (pair, effect) = taint.rsplit_once(':').unwrap_or((taint, ""));
    let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
    let same = if own.operator == "Exists" { own.key.is_empty() || own.key == key } else { own.key == key && own.value == value };
    same && (own.effect.is_empty() || own.effect == effect)
}
