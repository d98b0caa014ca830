// SPDX-License-Identifier: Apache-2.0
//! A file system of a node can only be read.
//!
//! ## What you see
//! Everything that writes on one node fails with "Read-only file system": pods do not start, journals stop, the kubelet reports errors.
//!
//! ## Why it happens
//! The kernel makes a file system read-only when its disk returns errors, so that nothing worse happens; or somebody mounted it so.
//!
//! ## What to do
//! Look for errors of the disk in the kernel's log and mend the volume behind it first; then restart the node, or mount it for writing.

use crate::fixture::{Scene, kubernetes};
use crate::report::{Command, Risk};
use crate::{Act, CoeKind, Finding, Layer, Rule, Stop, Verdict, blind, each_node, fires, need, quiet};
use magnum_facts::Facts;
use magnum_facts::node::{Filesystem, NodeFacts};

pub static RULE: Rule = Rule {
    id: "kn-readonly-fs",
    layer: Layer::Node,
    coe: CoeKind::Any,
    guide: "L390",
    symptoms: &["S6", "S16"],
    needs: &[NodeFacts::FILESYSTEMS],
    explains: &["kn-kubelet-down", "cr-*", "etcd-not-running", "boot-*", "wl-*", "kp-no-endpoints", "kn-disk-pressure", "sw-*"],
    not_if: &["nv-shutoff"],
    check,
    cases: &[
        fires("the kubelet's", || with_disk(true, 50)),
        quiet("it is full", || with_disk(false, 0)),
        blind("the node cannot be read", || kubernetes(1, 2).node_dark("node-1")),
    ],
    // A file that is open for writing keeps a disk writable. A swarm's nodes have the disk and no kubelet.
    inject: &[Act::On {
        node: "node-1",
        argv: &[
            "sh",
            "-c",
            "systemctl stop kubelet; mount -o remount,bind,ro /var/lib/kubelet; code=$?; systemctl start --no-block kubelet; exit $code",
        ],
    }],
    undo: &[Act::On {
        node: "node-1",
        argv: &[
            "sh",
            "-c",
            "mount -o remount,bind,rw /var/lib/kubelet && if systemctl cat kubelet >/dev/null 2>&1; then systemctl reset-failed kubelet; systemctl restart kubelet; fi",
        ],
    }],
    ..Rule::BASE
};

fn with_disk(read_only: bool, free_bytes: u64) -> Scene {
    kubernetes(1, 2).with(|f| {
        let disk = Filesystem {
            mount: "/var/lib/kubelet".into(),
            device: "/dev/vdb".into(),
            kind: "ext4".into(),
            size_bytes: 100,
            free_bytes,
            inodes: None,
            inodes_free: None,
            read_only,
        };
        f.nodes.get_mut("node-1").and_then(|n| n.filesystems.value_mut()).into_iter().for_each(|all| all.push(disk.clone()));
    })
}

fn check(facts: &Facts) -> Verdict {
    each_node(facts, |n| {
        let all = need(&n.node.filesystems, NodeFacts::FILESYSTEMS)?;
        let fixed: Vec<&Filesystem> = all.value.iter().filter(|f| f.read_only).collect();
        let first = fixed.first().ok_or(Stop::Quiet)?;
        let mounts = fixed.iter().map(|f| f.mount.as_str()).collect::<Vec<_>>().join(", ");
        Ok(Finding::cause(n.subject(), format!("{mounts} on {} can only be read: nothing can be written there.", n.name))
            .because(
                "it is mounted read-only",
                fixed.iter().map(|f| all.cite(f.mount.clone(), format!("{} {}, read-only", f.device, f.kind))),
            )
            .fix("Mend the disk behind it if the kernel's log shows errors, then mount it for writing or restart the node.")
            .run(Command::new(Risk::ReadOnly, n.exec("dmesg --level=err,warn")))
            .run(Command::new(Risk::ChangesNode, n.exec(&format!("mount -o remount,rw {}", first.mount)))))
    })
}
