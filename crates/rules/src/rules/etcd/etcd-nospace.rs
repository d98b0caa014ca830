// SPDX-License-Identifier: Apache-2.0
//! etcd has used up the space it allows itself and takes no more writes.
//!
//! ## What you see
//! `kubectl get` works, but creating anything fails with "etcdserver: mvcc: database space exceeded". Nodes become `NotReady` after a while,
//! because their leases cannot be written either.
//!
//! ## Why it happens
//! The database reached `--quota-backend-bytes` (2 GiB unless set). etcd then raises the alarm `NOSPACE`, which stays until somebody disarms
//! it. Something writes too much (events, a runaway operator), or old revisions are never compacted, or the file was never defragmented.
//!
//! ## What to do
//! Delete what fills it, compact, defragment every member, disarm the alarm. Then find the writer, or raise the quota.

use crate::fixture::{Scene, kubernetes};
use crate::member::WATCH_AGAIN;
use crate::report::{Command, Risk};
use crate::{Act, CoeKind, Finding, Layer, Rule, Subject, Verdict, blind, fires, need, quiet, when};
use magnum_facts::node::{EtcdView, NodeFacts};
use magnum_facts::{Citation, Facts};

pub static RULE: Rule = Rule {
    id: "etcd-nospace",
    layer: Layer::Etcd,
    coe: CoeKind::Kubernetes,
    guide: "L39, L380",
    symptoms: &["S5", "S6", "S16", "S17"],
    needs: &[NodeFacts::ETCD, NodeFacts::PROCESSES],
    explains: &["kcp-*", "kn-*", "fl-*", "kp-*", "wl-*"],
    not_if: &[],
    check,
    cases: &[
        fires("the alarm is on", || full(|etcd| etcd.alarms = vec!["NOSPACE".into()])),
        fires("the member's status says so", || full(|etcd| etcd.errors = vec!["memberID:7 alarm:NOSPACE ".into()])),
        quiet("a large database without an alarm", || full(|etcd| etcd.db_bytes = Some(1_900_000_000))),
        quiet("another alarm", || full(|etcd| etcd.alarms = vec!["CORRUPT".into()])),
        blind("the master cannot be read", || kubernetes(1, 2).node_dark("master-0").api_dark()),
    ],
    inject: &[Act::On {
        node: "master-0",
        argv: &[
            "bash",
            "-lc",
            "mkdir -p /run/systemd/system/etcd.service.d; printf '[Service]\\nEnvironment=ETCD_QUOTA_BACKEND_BYTES=6000000\\n' > \
             /run/systemd/system/etcd.service.d/50-quota.conf; systemctl daemon-reload; systemctl restart etcd; \
             head -c 1000000 /dev/zero | tr '\\0' x > /run/filler; for i in 1 2 3 4 5 6 7 8; do etcdctl put /filler < /run/filler; done; \
             etcdctl alarm list | grep NOSPACE",
        ],
    }],
    undo: &[
        Act::On {
            node: "master-0",
            argv: &[
                "bash",
                "-lc",
                "rm -r /run/systemd/system/etcd.service.d /run/filler; systemctl daemon-reload; systemctl restart etcd; etcdctl del /filler; \
                 revision=$(etcdctl get /none -w json | grep -o '\"revision\":[0-9]*' | cut -d: -f2); etcdctl compact $revision; \
                 etcdctl defrag; etcdctl alarm disarm",
            ],
        },
        Act::On { node: "master-0", argv: &["bash", "-lc", "etcdctl del /filler && ! etcdctl alarm list | grep NOSPACE"] },
        WATCH_AGAIN,
    ],
    ..Rule::BASE
};

fn full(change: impl FnOnce(&mut EtcdView)) -> Scene {
    kubernetes(1, 2).with(|f| {
        if let Some(etcd) = f.nodes.get_mut("master-0").and_then(|n| n.etcd.value_mut()) {
            change(etcd);
        }
    })
}

fn check(facts: &Facts) -> Verdict {
    let mut verdict = crate::masters(facts, |n| {
        need(&n.node.etcd, NodeFacts::ETCD)?;
        Err(crate::Stop::Quiet)
    });
    if let Ok(finding) = raised(facts) {
        verdict.add(Subject::Cluster, Ok(finding));
    }
    verdict
}

/// The alarm counts for the whole cluster, whichever member raised it.
fn raised(facts: &Facts) -> crate::Answer {
    let word = |etcd: &EtcdView| etcd.alarms.iter().chain(&etcd.errors).find(|a| a.contains("NOSPACE")).cloned();
    let mut evidence: Vec<Citation> = Vec::new();
    let mut sizes: Vec<(String, Citation)> = Vec::new();
    let mut first = "";
    for (name, node) in &facts.nodes {
        let Ok(Some(etcd)) = node.etcd.look() else { continue };
        let Some(word) = word(etcd.value) else { continue };
        if first.is_empty() {
            first = name;
        }
        evidence.push(etcd.cite("alarms", word));
        if let Some(bytes) = etcd.db_bytes {
            sizes.push((format!("the database of {name} has {bytes} bytes"), etcd.cite("db_bytes", bytes.to_string())));
        }
    }
    when(!evidence.is_empty())?;
    let on = |script: &str| format!("magnum node exec {} {first} -- bash -lc '{script}'", facts.cluster.name);
    let finding = Finding::cause(Subject::Cluster, "etcd is full by its own quota: nothing can be created or changed in the cluster.")
        .because("the alarm NOSPACE is on", evidence);
    let finding = sizes.into_iter().fold(finding, |f, (text, citation)| f.because(text, [citation]));
    let finding = quota(facts, first).into_iter().fold(finding, |f, (text, citation)| f.because(text, [citation]));
    Ok(finding
        .fix("Delete what fills it, compact, defragment every member, then disarm the alarm; find the writer or raise the quota.")
        .run(Command::new(Risk::ReadOnly, on("etcdctl endpoint status -w table")))
        .run(Command::new(Risk::ChangesCluster, on("etcdctl compact REVISION && etcdctl defrag && etcdctl alarm disarm"))))
}

/// The quota, when it was set by a flag or in the unit's environment.
fn quota(facts: &Facts, name: &str) -> Option<(String, Citation)> {
    let node = facts.nodes.get(name)?;
    let processes = node.processes.look().ok()??;
    if let Some(bytes) = processes.value.iter().filter(|p| p.unit == "etcd").find_map(|p| p.flag("quota-backend-bytes")) {
        return Some((format!("its quota is {bytes} bytes"), processes.cite("etcd", format!("--quota-backend-bytes={bytes}"))));
    }
    let configs = node.configs.look().ok()??;
    let (path, bytes) = configs.value.unit_environment("etcd", "ETCD_QUOTA_BACKEND_BYTES")?;
    Some((format!("its quota is {bytes} bytes"), configs.cite(path, format!("ETCD_QUOTA_BACKEND_BYTES={bytes}"))))
}
