// SPDX-License-Identifier: Apache-2.0
//! A pod asks for more than any node has left.
//!
//! ## What you see
//! The pod stays `Pending`; its events say `FailedScheduling` with "Insufficient cpu" or "Insufficient memory".
//!
//! ## Why it happens
//! The scheduler adds up what pods have asked for (their requests), not what they use. Either no node could hold the pod even if it
//! were empty, or the nodes that could are full.
//!
//! ## What to do
//! If it would fit on an empty node, add nodes or lower what other pods ask for. If not, lower its request or take a larger flavor.

use crate::fixture::{Scene, kubernetes};
use crate::report::{Command, Risk};
use crate::{Act, CoeKind, Finding, Layer, PodAsk, Rule, Stop, Verdict, amount, blind, each_pod, fires, need, quiet, when};
use magnum_facts::Facts;
use magnum_facts::coe::{ContainerStatus, KubeNode, KubernetesFacts, Pod};

pub static RULE: Rule = Rule {
    id: "wl-pending-resources",
    layer: Layer::Workload,
    coe: CoeKind::Kubernetes,
    guide: "L43-46",
    symptoms: &["S6"],
    needs: &[KubernetesFacts::PODS, KubernetesFacts::NODES],
    explains: &["kp-no-endpoints"],
    not_if: &["kcp-scheduler-down"],
    set_so: true,
    check,
    cases: &[
        fires("no node is large enough", || large("64")),
        fires("it would fit on an empty node", || large("3")),
        quiet("a label is missing on every node", || {
            kubernetes(1, 2).pending("web-0", "0/3 nodes are available: 3 node(s) didn't match node selector.")
        }),
        quiet("nobody has looked at it yet", || kubernetes(1, 2).pending("web-0", "")),
        blind("the API does not answer", || kubernetes(1, 2).api_dark()),
    ],
    inject: &[Act::Kubectl {
        argv: &["run", "greedy", "--image=busybox:1.35", "--requests=cpu=900", "--image-pull-policy=IfNotPresent"],
        stdin: "",
    }],
    undo: &[Act::Kubectl { argv: &["delete", "pod", "greedy", "--force", "--grace-period=0"], stdin: "" }],
    ..Rule::BASE
};

fn large(cpu: &'static str) -> Scene {
    let scene = kubernetes(1, 2).pending("web-0", "0/3 nodes are available: 3 Insufficient cpu.");
    let scene = scene.change_pod("web-0", |p| p.containers.iter_mut().for_each(|c| drop(c.requests.insert("cpu".into(), cpu.into()))));
    let scene = scene.change_pod("web-1", |p| p.containers.iter_mut().for_each(|c| drop(c.requests.insert("cpu".into(), "2".into()))));
    scene.with(|f| {
        for node in f.kubernetes.nodes.value_mut().into_iter().flatten() {
            node.allocatable.insert("cpu".into(), if node.name == "node-1" { "4" } else { "2" }.into());
        }
    })
}

fn check(facts: &Facts) -> Verdict {
    each_pod(facts, |ask| {
        let said = ask.unschedulable()?;
        let (_, rest) = said.split_once("Insufficient ").ok_or(Stop::Quiet)?;
        let resource = rest.split([',', '.', ' ']).next().unwrap_or(rest);
        let nodes = need(&facts.kubernetes.nodes, KubernetesFacts::NODES)?;
        let wanted = request(ask.pod, resource);
        when(wanted > 0)?;
        let has = |n: &KubeNode| n.allocatable.get(resource).and_then(|text| amount(text)).unwrap_or(0);
        let largest = nodes.value.iter().max_by_key(|n| has(n)).ok_or(Stop::Quiet)?;
        let left = |n: &KubeNode| has(n).saturating_sub(taken(&ask, &n.name, resource));
        let roomiest = nodes.value.iter().max_by_key(|n| left(n)).ok_or(Stop::Quiet)?;
        let show = |thousandths: u128| show(resource, thousandths);
        let quote = nodes.value.iter().map(|n| format!("{}: {} of {} left", n.name, show(left(n)), show(has(n))));
        let arithmetic = nodes.cite(resource, quote.collect::<Vec<_>>().join("; "));
        let fits = has(largest) >= wanted;
        let verdict = match fits {
            true => format!(
                "the most that is left is {} on {}, though an empty {} could hold it",
                show(left(roomiest)),
                roomiest.name,
                largest.name
            ),
            false => format!("the largest node, {}, has {} even when it is empty", largest.name, show(has(largest))),
        };
        let fix = match fits {
            true => "Add nodes, or lower what other pods ask for.",
            false => "Lower what the pod asks for, or make nodes of a larger flavor: more nodes of this size do not help.",
        };
        Ok(Finding::cause(ask.subject(), format!("{} asks for {} {resource}; {verdict}.", ask.pod.path(), show(wanted)))
            .because("the scheduler finds no node for it", [ask.cite(said)])
            .because(format!("what is left of {resource} on each node"), [arithmetic])
            .fix(fix)
            .run(ask.describe())
            .run(Command::new(Risk::ReadOnly, "kubectl describe nodes")))
    })
}

/// What the whole pod asks for, in thousandths: its containers together, or its largest init container.
fn request(pod: &Pod, resource: &str) -> u128 {
    let of = |c: &ContainerStatus| c.requests.get(resource).and_then(|text| amount(text)).unwrap_or(0);
    let largest = pod.init_containers.iter().map(of).max().unwrap_or(0);
    pod.containers.iter().map(of).sum::<u128>().max(largest)
}

fn taken(ask: &PodAsk<'_>, node: &str, resource: &str) -> u128 {
    let there = |p: &&Pod| p.node.as_deref() == Some(node) && !matches!(p.phase.as_str(), "Succeeded" | "Failed");
    ask.pods.value.iter().filter(there).map(|p| request(p, resource)).sum()
}

fn show(resource: &str, thousandths: u128) -> String {
    match resource {
        "cpu" if !thousandths.is_multiple_of(1000) => format!("{thousandths}m"),
        "memory" | "ephemeral-storage" => format!("{} MiB", thousandths / (1000 << 20)),
        _ => format!("{}", thousandths / 1000),
    }
}
