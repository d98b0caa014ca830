// SPDX-License-Identifier: Apache-2.0
//! The members of etcd cannot reach one of them.
//!
//! ## What you see
//! etcd runs on every master, but one of them finds no leader, or elections go on and on. Its API server answers nothing or old things.
//! Connections to TCP 2380 time out.
//!
//! ## Why it happens
//! A security group or a packet filter between the masters does not let TCP 2380 through. 2379 is for clients; members speak to each other
//! by 2380.
//!
//! ## What to do
//! Let TCP 2380 in on every master from every other master.

use crate::fixture::{kubernetes, stopped};
use crate::port::{dropped, is_lost, lost, lost_claim, with_block};
use crate::report::{Command, Risk};
use crate::{Act, CoeKind, Finding, Layer, Rule, Verdict, Ward, blind, fires, masters, quiet, when};
use magnum_facts::node::{NodeFacts, Proto};
use magnum_facts::{Facts, ProbeFacts, Reach};

const PORT: u16 = 2380;

pub static RULE: Rule = Rule {
    id: "etcd-peer-blocked",
    layer: Layer::Etcd,
    coe: CoeKind::Kubernetes,
    guide: "L380",
    symptoms: &["S2", "S5", "S17"],
    needs: &[ProbeFacts::PORTS, NodeFacts::FIREWALL, NodeFacts::ETCD],
    explains: &["etcd-*", "kcp-*", "fl-*", "kn-*", "kp-*", "boot-script-failed"],
    not_if: &["nv-shutoff"],
    check,
    cases: &[
        fires("one of three", || {
            kubernetes(3, 1).port("master-0", "master-2", PORT, Reach::TimedOut).port("master-1", "master-2", PORT, Reach::TimedOut)
        }),
        quiet("etcd does not run there", || {
            kubernetes(3, 1).unit("master-2", "etcd", stopped()).port("master-0", "master-2", PORT, Reach::Refused).port(
                "master-1",
                "master-2",
                PORT,
                Reach::Refused,
            )
        }),
        quiet("the whole server is away", || kubernetes(3, 1).power_off("master-2")),
        blind("nobody could try", || kubernetes(3, 1).no_probes()),
    ],
    inject: &[Act::On {
        node: "master-2",
        argv: &[
            "bash",
            "-c",
            "iptables -I INPUT -p tcp --dport 2380 -j DROP; iptables -I OUTPUT -p tcp --dport 2380 -j DROP; systemctl restart --no-block etcd",
        ],
    }],
    undo: &[
        Act::On {
            node: "master-2",
            argv: &["bash", "-c", "iptables -D INPUT -p tcp --dport 2380 -j DROP; iptables -D OUTPUT -p tcp --dport 2380 -j DROP"],
        },
        Act::Until { node: "master-2", argv: &["systemctl", "is-active", "etcd"], seconds: 40 },
    ],
    ward: Ward::Masters,
    ..Rule::BASE
};

fn check(facts: &Facts) -> Verdict {
    let alone = facts.cluster.masters().count() < 2;
    masters(facts, |n| {
        when(!alone)?;
        let probes = lost(&n, PORT)?;
        let (text, evidence) = lost_claim(&n, &probes, PORT);
        let block = dropped(&n, Proto::Tcp, PORT).unwrap_or_default();
        let finding =
            Finding::cause(n.subject(), format!("The other members of etcd cannot reach {}: TCP {PORT} does not get through.", n.name));
        let mut finding = finding.because(text, evidence);
        let back: Vec<_> = probes.value.iter().filter(|p| p.from == n.name && p.port == PORT).collect();
        if let Some(first) = back.first().filter(|_| back.iter().all(|p| is_lost(p))) {
            let citation = probes.cite(format!("{} -> {}:{PORT}", first.from, first.address), "timed out");
            finding = finding.because("it cannot reach them either", [citation]);
        }
        if let Ok(Some(etcd)) = n.node.etcd.look()
            && !etcd.healthy
        {
            finding = finding.because("its own etcd answers no reads", [etcd.cite("health", etcd.reason.clone())]);
        }
        let look = n.exec("iptables-save -c");
        with_block(finding.run(Command::new(Risk::ReadOnly, look)), &n, block, "TCP 2380")
    })
}
