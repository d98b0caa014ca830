// SPDX-License-Identifier: Apache-2.0
//! A member of etcd cannot read its own log on disk.
//!
//! ## What you see
//! etcd starts, ends at once and is started again, for ever. Its last words are `walpb: crc mismatch`, `wal: ... unexpected EOF` or
//! `failed to find database snapshot file`. With three masters the others go on.
//!
//! ## Why it happens
//! The write-ahead log was damaged: the host lost power, the disk is failing, files were copied while etcd ran or were cut off.
//!
//! ## What to do
//! With other members alive: remove this member, empty its data directory, add it again; it copies everything from the others.
//! On the only master: restore the newest snapshot.

use crate::fixture::{crashed, kubernetes, stopped};
use crate::member::{by_its_own_words, ill_etcd_says, with_others};
use crate::report::{Command, Risk};
use crate::{Act, CoeKind, Layer, Rule, Verdict, Ward, blind, fires, masters, quiet};
use magnum_facts::Facts;
use magnum_facts::node::NodeFacts;

const WORDS: &[&str] = &["crc mismatch", "wal: ", "walpb: ", "failed to find database snapshot", "unexpected EOF", "invalid database"];
const LINE: &str = r#"{"level":"fatal","ts":"2025-10-09T08:53:18.292Z","caller":"etcdmain/etcd.go:271","msg":"discovery failed","error":"walpb: crc mismatch"}"#;

pub static RULE: Rule = Rule {
    id: "etcd-wal-corrupt",
    layer: Layer::Etcd,
    coe: CoeKind::Kubernetes,
    guide: "L380",
    symptoms: &["S5", "S7", "S17"],
    needs: &[NodeFacts::UNITS, NodeFacts::JOURNALS, NodeFacts::ETCD],
    explains: &["etcd-not-running", "kcp-*", "fl-*", "kn-*", "kp-*"],
    not_if: &["nv-shutoff", "etcd-disk-full"],
    check,
    cases: &[
        fires("one of three members", || kubernetes(3, 1).unit("master-1", "etcd", crashed(1, LINE))),
        fires("the only member", || kubernetes(1, 2).unit("master-0", "etcd", crashed(1, LINE)).api_dark()),
        quiet("it was so once, and runs now", || kubernetes(3, 1).says("master-1", "etcd", &[LINE])),
        quiet("stopped by hand", || kubernetes(3, 1).unit("master-1", "etcd", stopped())),
        blind("the master cannot be read", || kubernetes(1, 2).node_dark("master-0").api_dark()),
    ],
    inject: &[Act::On {
        node: "master-2",
        argv: &[
            "bash",
            "-c",
            "systemctl stop etcd; cp -a /var/lib/etcd/member /var/lib/etcd-saved; f=$(ls /var/lib/etcd/member/wal/*.wal | head -1); \
             printf XXXXXXXXXXXXXXXX | dd of=$f bs=1 seek=4000 conv=notrunc; systemctl start --no-block etcd",
        ],
    }],
    undo: &[Act::On {
        node: "master-2",
        argv: &[
            "bash",
            "-c",
            "systemctl stop etcd; rm -rf /var/lib/etcd/member; mv /var/lib/etcd-saved /var/lib/etcd/member; systemctl reset-failed etcd; \
             systemctl start etcd",
        ],
    }],
    ward: Ward::Masters,
    ..Rule::BASE
};

fn check(facts: &Facts) -> Verdict {
    masters(facts, |n| {
        let (unit, line) = ill_etcd_says(&n, |line| line.contains("\"fatal\"") && WORDS.iter().any(|w| line.contains(w)))?;
        let name = n.name;
        let summary = format!("etcd on {name} cannot read its log on disk and ends at once.");
        let finding = by_its_own_words(&n, &unit, line, summary, "it says so whenever it starts")
            .fix("Remove the member, empty its data directory and add it again; on the only master restore a snapshot.")
            .run(Command::new(Risk::ReadOnly, n.exec("bash -lc 'etcdctl --endpoints=https://OTHER-MASTER:2379 member list'")))
            .run(Command::new(Risk::LosesData, n.exec("rm -rf /var/lib/etcd/member")));
        Ok(with_others(finding, facts))
    })
}
