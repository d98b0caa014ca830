// SPDX-License-Identifier: Apache-2.0
//! A master's etcd was removed from the cluster of the others.
//!
//! ## What you see
//! etcd on one master starts and ends at once: "the member has been permanently removed from the cluster". `etcdctl member list` on
//! another master does not show it.
//!
//! ## Why it happens
//! Somebody ran `etcdctl member remove`, or a repair removed the member and never added it again. Its data directory still belongs to the
//! removed identity, which can never come back.
//!
//! ## What to do
//! `etcdctl member add` on another master, empty the data directory, start etcd with `--initial-cluster-state=existing`.

use crate::fixture::{Scene, crashed, kubernetes, log};
use crate::member::{by_its_own_words, ill_etcd_says, with_others};
use crate::report::{Command, Risk};
use crate::{Act, CoeKind, Layer, Rule, Verdict, Ward, blind, fires, masters, quiet};
use magnum_facts::Facts;
use magnum_facts::node::NodeFacts;

const LINE: &str = r#"{"level":"warn","ts":"2025-10-09T08:53:18.292Z","caller":"etcdserver/server.go:1078","msg":"server error","error":"the member has been permanently removed from the cluster"}"#;

pub static RULE: Rule = Rule {
    id: "etcd-member-removed",
    layer: Layer::Etcd,
    coe: CoeKind::Kubernetes,
    guide: "L380",
    symptoms: &["S5", "S17"],
    needs: &[NodeFacts::UNITS, NodeFacts::JOURNALS, NodeFacts::ETCD],
    explains: &["etcd-not-running", "kcp-*", "fl-*", "kn-*", "kp-*"],
    not_if: &["nv-shutoff"],
    check,
    cases: &[
        fires("it ends whenever it starts", removed),
        quiet("it was so once, and runs now", || kubernetes(3, 1).says("master-2", "etcd", &[LINE])),
        quiet("crashed for another reason", || kubernetes(3, 1).unit("master-2", "etcd", crashed(1, "panic: tocommit is out of range"))),
        blind("the master cannot be read", || kubernetes(3, 1).node_dark("master-2")),
    ],
    // Members are not changed until all of them have been connected for some seconds.
    inject: &[Act::On {
        node: "master-0",
        argv: &[
            "bash",
            "-lc",
            "id=$(etcdctl member list | grep master-2 | cut -d, -f1); \
             for i in 1 2 3 4 5 6 7 8 9 10; do etcdctl member remove $id && exit; sleep 2; done; exit 1",
        ],
    }],
    undo: &[
        Act::On { node: "master-2", argv: &["bash", "-c", "systemctl stop etcd; rm -rf /var/lib/etcd/member"] },
        Act::On {
            node: "master-0",
            argv: &[
                "bash",
                "-lc",
                "peer=$(grep -o 'master-2=https://[^,]*' /etc/systemd/system/etcd.service | head -1 | cut -d= -f2 | tr -d ' \\\\'); \
                 for i in 1 2 3 4 5 6 7 8 9 10; do etcdctl member add master-2 --peer-urls=$peer && exit; sleep 2; done; exit 1",
            ],
        },
        Act::On {
            node: "master-2",
            argv: &[
                "bash",
                "-c",
                "mkdir -p /run/systemd/system/etcd.service.d; { echo '[Service]'; echo ExecStart=; sed -n '/^ExecStart/,/log-level/p' \
                 /etc/systemd/system/etcd.service | sed s/cluster-state=new/cluster-state=existing/; } > \
                 /run/systemd/system/etcd.service.d/50-again.conf; systemctl daemon-reload; systemctl start etcd; \
                 rm -r /run/systemd/system/etcd.service.d; systemctl daemon-reload",
            ],
        },
    ],
    ward: Ward::Masters,
    ..Rule::BASE
};

fn removed() -> Scene {
    kubernetes(3, 1).unit("master-2", "etcd", log(crashed(0, ""), &[LINE, "data-dir used by this member must be removed"]))
}

fn check(facts: &Facts) -> Verdict {
    masters(facts, |n| {
        let (unit, line) = ill_etcd_says(&n, |line| line.contains("permanently removed from the cluster"))?;
        let (cluster, name) = (&facts.cluster.name, n.name);
        let summary = format!("etcd on {name} was removed from the cluster of the other members.");
        let finding = by_its_own_words(&n, &unit, line, summary, "the others tell it so whenever it starts")
            .fix("Add it again on another master, empty its data directory, start it with --initial-cluster-state=existing.")
            .run(Command::new(Risk::LosesData, n.exec("rm -rf /var/lib/etcd/member")))
            .run(Command::new(
                Risk::ChangesCluster,
                format!("magnum node exec {cluster} OTHER-MASTER -- bash -lc 'etcdctl member add {name} --peer-urls=https://ADDRESS:2380'"),
            ));
        Ok(with_others(finding, facts))
    })
}
