// SPDX-License-Identifier: Apache-2.0
//! A node's disk is full.
//!
//! ## What you see
//! "No space left on device" from anything that writes: images cannot be unpacked, etcd stops, logs end, pods are evicted.
//!
//! ## Why it happens
//! Images, logs or an application filled a file system, in bytes or in inodes.
//!
//! ## What to do
//! Find what is big (`du -x -d1`), remove unused images, and give the node a bigger disk or docker volume.

use crate::fixture::{Scene, kubernetes, stopped};
use crate::report::{Command, Risk};
use crate::{Act, CoeKind, Finding, Layer, Near, Rule, Stop, Verdict, blind, each_node, fires, need, quiet, when};
use magnum_facts::node::{Filesystem, NodeFacts};
use magnum_facts::{Citation, Facts, Look};

pub static RULE: Rule = Rule {
    id: "boot-rootfs-full",
    layer: Layer::Boot,
    coe: CoeKind::Any,
    guide: "L19-21",
    symptoms: &["S1", "S2", "S6", "S19"],
    needs: &[NodeFacts::FILESYSTEMS],
    explains: &["etcd-not-running", "cr-daemon-down", "kn-disk-pressure", "kn-kubelet-down", "sw-engine-down"],
    not_if: &["nv-shutoff"],
    check,
    near,
    cases: &[
        fires("no byte is free", || disk(0, 900_000)),
        fires("no inode is free", || disk(30 << 30, 0)),
        quiet("nine tenths are used", || disk(4 << 30, 900_000)),
        quiet("the runtime is stopped for another reason", || kubernetes(1, 2).unit("node-1", "containerd", stopped())),
        blind("the node cannot be read", || kubernetes(1, 2).node_dark("node-1")),
    ],
    inject: &[
        Act::On { node: "node-1", argv: &["mount", "-t", "tmpfs", "-o", "size=1m", "small", "/var/lib/docker"] },
        Act::On { node: "node-1", argv: &["fallocate", "-l", "1m", "/var/lib/docker/full"] },
    ],
    // A kubelet that saw the full disk says so for five minutes more, unless it begins anew.
    undo: &[Act::On {
        node: "node-1",
        argv: &["sh", "-c", "umount /var/lib/docker && if systemctl is-active --quiet kubelet; then systemctl restart kubelet; fi"],
    }],
    ..Rule::BASE
};

/// From here on programs begin to fail.
const FULL_PERCENT: u8 = 99;

fn disk(free_bytes: u64, inodes_free: u64) -> Scene {
    kubernetes(1, 2).with(move |f| {
        for fs in f.nodes.get_mut("node-1").and_then(|n| n.filesystems.value_mut()).into_iter().flatten() {
            fs.free_bytes = free_bytes;
            fs.inodes_free = Some(inodes_free);
        }
    })
}

fn check(facts: &Facts) -> Verdict {
    each_node(facts, |n| {
        let all = need(&n.node.filesystems, NodeFacts::FILESYSTEMS)?;
        let full: Vec<_> = all.value.iter().filter(|fs| writable(fs) && fs.used_percent() >= FULL_PERCENT).collect();
        let worst = full.iter().max_by_key(|fs| fs.used_percent()).ok_or(Stop::Quiet)?;
        when(worst.size_bytes > 0)?;
        Ok(Finding::cause(n.subject(), format!("{} is full on {}.", worst.mount, n.name))
            .because(format!("{} has no room left", worst.mount), [cite(&all, worst)])
            .fix("Remove what fills it, or give the node a bigger disk or docker volume.")
            .run(Command::new(Risk::ReadOnly, n.exec(&format!("du -x -d1 -m {}", worst.mount)))))
    })
}

fn near(facts: &Facts) -> Vec<Near> {
    let per_node = facts.nodes.iter().filter_map(|(name, node)| {
        let all = node.filesystems.look().ok()??;
        let fullest = all.value.iter().filter(|fs| writable(fs)).max_by_key(|fs| fs.used_percent())?;
        let percent = fullest.used_percent();
        let text = format!("{} on {name} is {percent} % full", fullest.mount);
        Some(Near { text, percent, evidence: vec![cite(&all, fullest)] })
    });
    per_node.max_by_key(|n| n.percent).into_iter().collect()
}

fn writable(fs: &Filesystem) -> bool {
    !fs.read_only && fs.size_bytes > 0
}

fn cite(all: &Look<'_, Vec<Filesystem>>, fs: &Filesystem) -> Citation {
    let inodes = fs.inodes.zip(fs.inodes_free).map(|(all, free)| format!(", {free} of {all} inodes free")).unwrap_or_default();
    all.cite(fs.mount.clone(), format!("{} of {} MiB free{inodes}", fs.free_bytes >> 20, fs.size_bytes >> 20))
}
