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

use crate::fixture::{kubernetes, stopped};
use crate::pressure::{EASE, SPREAD_PODS, press, pressing, until_eased};
use crate::report::{Command, Risk};
use crate::{Act, CoeKind, Layer, Pressure, Rule, Verdict, blind, each_node, fires, pressed, quiet};
use magnum_facts::Facts;
use magnum_facts::coe::KubernetesFacts;
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
        fires("the kubelet says so", || pressing("DiskPressure", "kubelet has disk pressure")),
        quiet("another pressure", || pressing("PIDPressure", "something else")),
        quiet("the kubelet is stopped", || kubernetes(1, 2).unit("node-1", "kubelet", stopped())),
        blind("the API does not answer", || kubernetes(1, 2).api_dark()),
    ],
    inject: &[press!(r#""nodefs.available": "1%""#, r#""nodefs.available": "99.9%""#)],
    undo: &[EASE, until_eased!("DiskPressure"), LOAD_IMAGES, SPREAD_PODS],
    ..Rule::BASE
};

/// The kubelet has thrown away the images that no container used, and a node without a way out cannot pull them again.
const LOAD_IMAGES: Act = Act::On {
    node: "node-1",
    argv: &["sh", "-c", "for image in /opt/magnum/images/*.tar; do ctr -n k8s.io images import \"$image\" || exit 1; done"],
};

const PRESSURE: Pressure =
    Pressure { condition: "DiskPressure", of: "disk", signals: &["nodefs.available", "imagefs.available", "nodefs.inodesFree"] };

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
