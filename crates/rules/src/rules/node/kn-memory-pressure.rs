// SPDX-License-Identifier: Apache-2.0
//! A node is under memory pressure.
//!
//! ## What you see
//! Pods are `Evicted` from one node, and new ones that state no request avoid it (taint `node.kubernetes.io/memory-pressure`).
//!
//! ## Why it happens
//! Less memory is left on the node than the kubelet wants (`evictionHard`). Pods use more than they asked for, the flavor is small,
//! or the threshold is set too high.
//!
//! ## What to do
//! State requests and limits for what uses the memory, take a larger flavor, or correct the threshold.

use crate::fixture::{Scene, kubernetes};
use crate::report::{Command, Risk};
use crate::{Act, CoeKind, Layer, Pressure, Rule, Verdict, blind, each_node, fires, pressed, quiet};
use magnum_facts::Facts;
use magnum_facts::coe::{Condition, KubernetesFacts};
use magnum_facts::node::NodeFacts;

pub static RULE: Rule = Rule {
    id: "kn-memory-pressure",
    layer: Layer::Node,
    coe: CoeKind::Kubernetes,
    guide: "L43-46, L390",
    symptoms: &["S6", "S19"],
    needs: &[KubernetesFacts::NODES, NodeFacts::CONFIGS, NodeFacts::MEMORY],
    explains: &["kp-no-endpoints"],
    not_if: &["nv-shutoff"],
    check,
    cases: &[
        fires("the kubelet says so", || condition("MemoryPressure", "kubelet has insufficient memory available")),
        quiet("another pressure", || condition("DiskPressure", "something else")),
        quiet("the kubelet is stopped", || kubernetes(1, 2).unit("node-1", "kubelet", crate::fixture::stopped())),
        blind("the API does not answer", || kubernetes(1, 2).api_dark()),
    ],
    inject: &[Act::On { node: "node-1", argv: &["sh", "-c", RAISE] }],
    undo: &[
        Act::On { node: "node-1", argv: &["sh", "-c", LOWER] },
        Act::KubectlUntil {
            argv: &[
                "get",
                "node",
                "node-1",
                "-o",
                "jsonpath={.status.conditions[?(@.type==\"MemoryPressure\")].status} {.spec.taints} end",
            ],
            contains: "False  end",
            seconds: 60,
        },
        // Pods that were thrown out stay as records, and the others are spread over the nodes again.
        Act::Kubectl { argv: &["delete", "pods", "--all", "--force", "--grace-period=0"], stdin: "" },
    ],
    ..Rule::BASE
};

const RAISE: &str = "cp -p /etc/kubernetes/kubelet.yaml /etc/kubernetes/kubelet.yaml.was && \
sed -i 's/\"memory.available\": \"100Mi\"/\"memory.available\": \"99.9%\"/' /etc/kubernetes/kubelet.yaml && systemctl restart kubelet";
const LOWER: &str = "mv /etc/kubernetes/kubelet.yaml.was /etc/kubernetes/kubelet.yaml && systemctl restart kubelet";

const PRESSURE: Pressure = Pressure { condition: "MemoryPressure", of: "memory", signals: &["memory.available"] };

fn condition(kind: &'static str, message: &'static str) -> Scene {
    kubernetes(1, 2).with(|f| {
        let (status, reason) = ("True".to_owned(), "KubeletHasPressure".to_owned());
        let condition = Condition { kind: kind.into(), status, reason, message: message.into(), since: None };
        f.kubernetes
            .nodes
            .value_mut()
            .into_iter()
            .flatten()
            .filter(|n| n.name == "node-1")
            .for_each(|n| n.conditions.push(condition.clone()));
    })
}

fn check(facts: &Facts) -> Verdict {
    each_node(facts, |n| {
        let finding = pressed(&n, PRESSURE)?;
        let memory = n.node.memory.look().ok().flatten();
        let room = memory.map(|m| {
            let (free, total) = (m.available_bytes >> 20, m.total_bytes >> 20);
            (format!("{free} of {total} MiB are available on it"), m.cite("MemAvailable", format!("{free} MiB of {total} MiB")))
        });
        Ok(finding
            .because_if(room)
            .fix("Give pods requests and limits, or the node more memory; if there is enough, correct evictionHard in the kubelet's configuration.")
            .run(Command::new(Risk::ReadOnly, format!("kubectl top pods -A --field-selector spec.nodeName={}", n.name))))
    })
}
