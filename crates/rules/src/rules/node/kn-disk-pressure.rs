// SPDX-License-Identifier: Apache-2.0
//! A node is under disk pressure.
//!
//! ## What you see
//! Pods are `Evicted` from one node, new ones avoid it (taint `node.kubernetes.io/disk-pressure`), and images vanish from it.
//!
//! ## Why it happens
//! Less room is left on the node's disk than the kubelet wants (`evictionHard`), so it deletes images and throws pods out. Images, logs
//! and `emptyDir` volumes fill disks; or the threshold is set too high.
//!
//! ## What to do
//! Find what is large and remove it, give the node a larger disk, or correct the threshold.

use crate::fixture::{Scene, kubernetes};
use crate::report::{Command, Risk};
use crate::{Act, CoeKind, Layer, Pressure, Rule, Verdict, blind, each_node, fires, pressed, quiet};
use magnum_facts::Facts;
use magnum_facts::coe::{Condition, KubernetesFacts};
use magnum_facts::node::NodeFacts;

pub static RULE: Rule = Rule {
    id: "kn-disk-pressure",
    layer: Layer::Node,
    coe: CoeKind::Kubernetes,
    guide: "L43-46, L390",
    symptoms: &["S6", "S19"],
    needs: &[KubernetesFacts::NODES, NodeFacts::CONFIGS, NodeFacts::FILESYSTEMS],
    explains: &["kp-no-endpoints"],
    not_if: &["nv-shutoff", "boot-rootfs-full"],
    check,
    cases: &[
        fires("the kubelet says so", || condition("DiskPressure", "kubelet has disk pressure")),
        quiet("another pressure", || condition("PIDPressure", "something else")),
        quiet("the kubelet is stopped", || kubernetes(1, 2).unit("node-1", "kubelet", crate::fixture::stopped())),
        blind("the API does not answer", || kubernetes(1, 2).api_dark()),
    ],
    inject: &[Act::On { node: "node-1", argv: &["sh", "-c", RAISE] }],
    undo: &[
        Act::On { node: "node-1", argv: &["sh", "-c", LOWER] },
        Act::KubectlUntil {
            argv: &["get", "node", "node-1", "-o", "jsonpath={.status.conditions[?(@.type==\"DiskPressure\")].status} {.spec.taints} end"],
            contains: "False  end",
            seconds: 60,
        },
        // Pods that were thrown out stay as records, and the others are spread over the nodes again.
        Act::Kubectl { argv: &["delete", "pods", "--all", "--force", "--grace-period=0"], stdin: "" },
    ],
    ..Rule::BASE
};

const RAISE: &str = "cp -p /etc/kubernetes/kubelet.yaml /etc/kubernetes/kubelet.yaml.was && \
sed -i 's/\"nodefs.available\": \"1%\"/\"nodefs.available\": \"99.9%\"/' /etc/kubernetes/kubelet.yaml && systemctl restart kubelet";
const LOWER: &str = "mv /etc/kubernetes/kubelet.yaml.was /etc/kubernetes/kubelet.yaml && systemctl restart kubelet";

const PRESSURE: Pressure =
    Pressure { condition: "DiskPressure", of: "disk", signals: &["nodefs.available", "imagefs.available", "nodefs.inodesFree"] };

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
        let disks = n.node.filesystems.look().ok().flatten();
        let root = disks.and_then(|d| Some((d, d.value.iter().find(|f| f.mount == "/")?)));
        let room = root.map(|(d, f)| {
            let (free, percent) = (f.free_bytes >> 20, f.used_percent());
            (format!("its disk is {percent} % full, {free} MiB are free"), d.cite("/", format!("{percent} % used")))
        });
        Ok(finding
            .because_if(room)
            .fix("Free room on the disk or enlarge it; if there is room, correct evictionHard in the kubelet's configuration.")
            .run(Command::new(Risk::ReadOnly, n.exec("du -xhd2 /var"))))
    })
}
