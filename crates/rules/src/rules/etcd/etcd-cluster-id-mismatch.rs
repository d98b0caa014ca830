// SPDX-License-Identifier: Apache-2.0
//! A master's etcd belongs to another cluster than the others.
//!
//! ## What you see
//! etcd on one master runs but never becomes ready; its journal and the others' are full of "request cluster ID mismatch".
//!
//! ## Why it happens
//! Its data directory was emptied, and it was started as a new cluster with another token or another list of members, or it has the
//! data of another cluster. Two clusters share one list of addresses.
//!
//! ## What to do
//! Decide which data is right. Remove the wrong member, empty its data directory, add it again to the right cluster.

use crate::fixture::{kubernetes, log, starting};
use crate::member::{by_its_own_words, ill_etcd_says, with_others};
use crate::report::{Command, Risk};
use crate::{Act, CoeKind, Layer, Rule, Verdict, Ward, blind, fires, masters, quiet};
use magnum_facts::Facts;
use magnum_facts::node::NodeFacts;

const LINE: &str = r#"{"level":"warn","ts":"2025-10-09T08:53:18.292Z","caller":"rafthttp/http.go:547","msg":"request cluster ID mismatch","local-member-id":"2cd868b0adf932b0","local-member-cluster-id":"20bd5f2c02766b94","remote-peer-server-name":"ad016e1c9f705db6"}"#;

pub static RULE: Rule = Rule {
    id: "etcd-cluster-id-mismatch",
    layer: Layer::Etcd,
    coe: CoeKind::Kubernetes,
    guide: "L380",
    symptoms: &["S5", "S17"],
    needs: &[NodeFacts::UNITS, NodeFacts::JOURNALS, NodeFacts::ETCD],
    explains: &["etcd-not-running", "kcp-*", "fl-*", "kn-*", "kp-*"],
    not_if: &["nv-shutoff"],
    check,
    cases: &[
        fires("one member of another cluster", || {
            kubernetes(3, 1).unit("master-2", "etcd", log(starting(), &[LINE])).says("master-0", "etcd", &[LINE])
        }),
        quiet("it was so once, and runs now", || kubernetes(3, 1).says("master-2", "etcd", &[LINE])),
        quiet("it waits for the others", || kubernetes(3, 1).unit("master-2", "etcd", log(starting(), &["no leader yet"]))),
        blind("the master cannot be read", || kubernetes(3, 1).node_dark("master-2")),
    ],
    inject: &[Act::On {
        node: "master-2",
        argv: &[
            "bash",
            "-c",
            "systemctl stop etcd; mv /var/lib/etcd/member /var/lib/etcd-saved; mkdir -p /run/systemd/system/etcd.service.d; \
             { echo '[Service]'; echo ExecStart=; sed -n '/^ExecStart/,/log-level/p' /etc/systemd/system/etcd.service | \
             sed s/cluster-token=/cluster-token=other-/; } > /run/systemd/system/etcd.service.d/50-other.conf; systemctl daemon-reload; \
             systemctl start --no-block etcd",
        ],
    }],
    undo: &[Act::On {
        node: "master-2",
        argv: &[
            "bash",
            "-c",
            "systemctl stop etcd; rm -r /run/systemd/system/etcd.service.d /var/lib/etcd/member; mv /var/lib/etcd-saved /var/lib/etcd/member; \
             systemctl daemon-reload; systemctl start etcd",
        ],
    }],
    ward: Ward::Masters,
    ..Rule::BASE
};

fn check(facts: &Facts) -> Verdict {
    masters(facts, |n| {
        let (unit, line) = ill_etcd_says(&n, |line| line.contains("cluster ID mismatch"))?;
        let name = n.name;
        let id = |field: &str| line.split_once(field).and_then(|(_, rest)| rest.split('"').next());
        let own = id("\"local-member-cluster-id\":\"").map(|id| format!(" ({id})")).unwrap_or_default();
        let summary = format!("etcd on {name} belongs to another cluster{own} than the other members.");
        let finding = by_its_own_words(&n, &unit, line, summary, "it and its peers refuse each other for it")
            .fix("Decide whose data is right; remove the wrong member, empty its data directory, and add it to the right cluster.")
            .run(Command::new(Risk::ReadOnly, n.exec("journalctl -u etcd -n 20")))
            .run(Command::new(Risk::LosesData, n.exec("rm -rf /var/lib/etcd/member")));
        Ok(with_others(finding, facts))
    })
}
