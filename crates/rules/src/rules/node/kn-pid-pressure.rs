// SPDX-License-Identifier: Apache-2.0
//! A node is under process pressure.
//!
//! ## What you see
//! "fork: resource temporarily unavailable" in pods and on the node; new pods avoid it (taint `node.kubernetes.io/pid-pressure`).
//!
//! ## Why it happens
//! So many processes and threads run on the node that few numbers are left for new ones, usually because one program starts more
//! and more; or the threshold is set too high.
//!
//! ## What to do
//! Find what starts so many and end it; limit processes per pod (`podPidsLimit`), or correct the threshold.

use crate::fixture::{Scene, kubernetes};
use crate::report::{Command, Risk};
use crate::{Act, CoeKind, Layer, Pressure, Rule, Verdict, blind, each_node, fires, pressed, quiet};
use magnum_facts::Facts;
use magnum_facts::coe::{Condition, KubernetesFacts};
use magnum_facts::node::NodeFacts;

pub static RULE: Rule = Rule {
    id: "kn-pid-pressure",
    layer: Layer::Node,
    coe: CoeKind::Kubernetes,
    guide: "L390",
    symptoms: &["S6", "S16"],
    needs: &[KubernetesFacts::NODES, NodeFacts::CONFIGS, NodeFacts::SYSCTLS],
    explains: &["kp-no-endpoints"],
    not_if: &["nv-shutoff"],
    check,
    cases: &[
        fires("the kubelet says so", || condition("PIDPressure", "kubelet has insufficient PID available")),
        quiet("another pressure", || condition("DiskPressure", "something else")),
        quiet("the kubelet is stopped", || kubernetes(1, 2).unit("node-1", "kubelet", crate::fixture::stopped())),
        blind("the API does not answer", || kubernetes(1, 2).api_dark()),
    ],
    inject: &[Act::On { node: "node-1", argv: &["sh", "-c", RAISE] }],
    undo: &[
        Act::On { node: "node-1", argv: &["sh", "-c", LOWER] },
        Act::KubectlUntil {
            argv: &["get", "node", "node-1", "-o", "jsonpath={.status.conditions[?(@.type==\"PIDPressure\")].status} {.spec.taints} end"],
            contains: "False  end",
            seconds: 60,
        },
        // Pods that were thrown out stay as records, and the others are spread over the nodes again.
        Act::Kubectl { argv: &["delete", "pods", "--all", "--force", "--grace-period=0"], stdin: "" },
    ],
    ..Rule::BASE
};

const RAISE: &str = "cp -p /etc/kubernetes/kubelet.yaml /etc/kubernetes/kubelet.yaml.was && \
sed -i 's/\"memory.available\": \"100Mi\"/\"memory.available\": \"100Mi\", \"pid.available\": \"999999999\"/' /etc/kubernetes/kubelet.yaml && systemctl restart kubelet";
const LOWER: &str = "mv /etc/kubernetes/kubelet.yaml.was /etc/kubernetes/kubelet.yaml && systemctl restart kubelet";

const PRESSURE: Pressure = Pressure { condition: "PIDPressure", of: "process", signals: &["pid.available"] };

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
        let limit = n.node.sysctls.look().ok().flatten().and_then(|s| Some((s, s.value.get("kernel.pid_max")?)));
        let limit = limit.map(|(s, max)| (format!("the node numbers at most {max} processes"), s.cite("kernel.pid_max", max.clone())));
        Ok(finding
            .because_if(limit)
            .fix("End what starts so many processes and set podPidsLimit; if there are few, correct evictionHard in the kubelet's configuration.")
            .run(Command::new(Risk::ReadOnly, n.exec("ps -eo nlwp,pid,args --sort=-nlwp"))))
    })
}
