// SPDX-License-Identifier: Apache-2.0
//! The disk under etcd's data is full.
//!
//! ## What you see
//! etcd ends with "no space left on device" and is started again and again. `df /var/lib/etcd` shows 100 %. On the only master nothing can
//! be asked of the cluster any more.
//!
//! ## Why it happens
//! Its volume is small, or shares a disk with logs, images or backups that grew. This is not etcd's own quota, which leaves it running
//! (see `etcd-nospace`).
//!
//! ## What to do
//! Free space on that file system or enlarge the volume; etcd comes back by itself. Never delete files of its data directory.

use crate::fixture::{Scene, crashed, kubernetes};
use crate::member::{by_its_own_words, ill_etcd_says, with_others};
use crate::report::{Command, Risk};
use crate::{Act, CoeKind, Layer, NodeAsk, Rule, Verdict, blind, fires, masters, quiet};
use magnum_facts::node::{Filesystem, NodeFacts};
use magnum_facts::{Citation, Facts};

const LINE: &str = r#"{"level":"fatal","ts":"2025-10-09T08:53:18.292Z","caller":"backend/batch_tx.go:248","msg":"failed to commit tx","error":"write /var/lib/etcd/member/snap/db: no space left on device"}"#;

pub static RULE: Rule = Rule {
    id: "etcd-disk-full",
    layer: Layer::Etcd,
    coe: CoeKind::Kubernetes,
    guide: "L39, L380",
    symptoms: &["S5", "S17", "S20"],
    needs: &[NodeFacts::UNITS, NodeFacts::JOURNALS, NodeFacts::ETCD, NodeFacts::FILESYSTEMS],
    explains: &["boot-rootfs-full", "etcd-not-running", "kcp-*", "fl-*", "kn-*", "kp-*", "dns-*"],
    not_if: &["nv-shutoff"],
    check,
    cases: &[
        fires("on the only master", || with_disk(0, Some(LINE)).api_dark()),
        quiet("etcd crashed with room on its disk", || {
            with_disk(1 << 30, Some(r#"{"level":"fatal","error":"walpb: crc mismatch"}"#)).api_dark()
        }),
        quiet("full, but etcd runs", || with_disk(0, None)),
        blind("the master cannot be read", || kubernetes(1, 2).node_dark("master-0").api_dark()),
    ],
    inject: &[Act::On {
        node: "master-0",
        argv: &[
            "bash",
            "-c",
            "systemctl stop etcd; rm -f /var/lib/etcd/member/wal/*.tmp; mkdir /run/small; \
             mount -t tmpfs -o size=$(( $(du -sm /var/lib/etcd/member | cut -f1) + 16 ))m tmpfs /run/small; \
             cp -a /var/lib/etcd/member /run/small/; mount --bind /run/small /var/lib/etcd; \
             head -c 1G /dev/zero > /run/small/filler; systemctl start --no-block etcd",
        ],
    }],
    undo: &[Act::On {
        node: "master-0",
        argv: &[
            "bash",
            "-c",
            "systemctl stop etcd; rm -f /run/small/filler; umount /var/lib/etcd; rm -rf /var/lib/etcd/member; \
             cp -a /run/small/member /var/lib/etcd/; umount /run/small; rmdir /run/small; systemctl reset-failed etcd; systemctl start etcd",
        ],
    }],
    ..Rule::BASE
};

/// A volume of etcd's own with this much room, and etcd ended with this line, if any.
fn with_disk(free: u64, line: Option<&str>) -> Scene {
    let scene = match line {
        Some(line) => kubernetes(1, 2).unit("master-0", "etcd", crashed(1, line)),
        None => kubernetes(1, 2),
    };
    scene.with(|f| {
        if let Some(all) = f.nodes.get_mut("master-0").and_then(|n| n.filesystems.value_mut()) {
            let of_root = all.iter().find(|fs| fs.mount == "/").cloned();
            all.extend(of_root.map(|fs| Filesystem { mount: "/var/lib/etcd".into(), free_bytes: free, ..fs }));
        }
    })
}

/// How full the file system of the data directory is.
fn room(n: &NodeAsk<'_>) -> Option<(String, Citation)> {
    let filesystems = n.node.filesystems.look().ok()??;
    let fits = |fs: &&Filesystem| fs.mount == "/var/lib/etcd" || fs.mount == "/";
    let fs = filesystems.value.iter().filter(fits).max_by_key(|fs| fs.mount.len())?;
    let text = format!("{} bytes of {} are free", fs.free_bytes, fs.size_bytes);
    Some((format!("the file system {} is {} % full", fs.mount, fs.used_percent()), filesystems.cite(fs.mount.clone(), text)))
}

fn check(facts: &Facts) -> Verdict {
    masters(facts, |n| {
        let (unit, line) = ill_etcd_says(&n, |line| line.contains("no space left on device"))?;
        let name = n.name;
        // A full root file system fills everything on it, and is the whole node's trouble.
        let whole = n.node.filesystems.value().into_iter().flatten().any(|fs| fs.mount == "/" && fs.used_percent() >= 99);
        let summary = format!("The disk under etcd's data on {name} is full, and etcd ends for it.");
        let finding = by_its_own_words(&n, &unit, line, summary, "it cannot write")
            .because_if(room(&n))
            .follows(whole.then_some("boot-rootfs-full"))
            .fix("Free space on that file system or enlarge the volume; leave the files of etcd's data directory alone.")
            .run(Command::new(Risk::ReadOnly, n.exec("df -h /var/lib/etcd")))
            .run(Command::new(Risk::ReadOnly, n.exec("du -xsh /var/lib/etcd /var/log")));
        Ok(with_others(finding, facts))
    })
}
