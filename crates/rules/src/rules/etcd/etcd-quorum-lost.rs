// SPDX-License-Identifier: Apache-2.0
//! Too few members of etcd are left to decide anything.
//!
//! ## What you see
//! `kubectl` waits and fails, "etcdserver: request timed out" or "no leader". etcd still runs on some masters, but their
//! `etcdctl endpoint health` says unhealthy. What runs goes on running, nothing new is started.
//!
//! ## Why it happens
//! etcd answers only while more than half of its members run: two of three, three of five. The others were stopped, crashed, or lost.
//!
//! ## What to do
//! Bring the missing members back; one may be enough. Only when they are lost for good: restore a snapshot, or start the one that is left
//! with `--force-new-cluster`.

use crate::fixture::{Scene, kubernetes, stopped};
use crate::quorum::minority;
use crate::report::{Command, Risk};
use crate::{Act, CoeKind, Finding, Layer, Rule, Subject, Verdict, Ward, blind, fires, quiet};
use magnum_facts::Facts;
use magnum_facts::node::NodeFacts;

pub static RULE: Rule = Rule {
    id: "etcd-quorum-lost",
    layer: Layer::Etcd,
    coe: CoeKind::Kubernetes,
    guide: "L39, L380",
    symptoms: &["S5", "S17", "S20"],
    needs: &[NodeFacts::UNITS, NodeFacts::ETCD],
    explains: &["etcd-not-running", "kcp-*", "fl-*", "kn-*", "kp-*", "dns-*"],
    not_if: &["etcd-peer-blocked"],
    check,
    cases: &[
        fires("two of three are stopped", two_stopped),
        quiet("one of three is stopped", || kubernetes(3, 1).unit("master-1", "etcd", stopped())),
        quiet("the only member is stopped: that is all there is to say", || {
            kubernetes(1, 2).unit("master-0", "etcd", stopped()).api_dark()
        }),
        blind("one is stopped and another cannot be read", || kubernetes(3, 1).unit("master-1", "etcd", stopped()).node_dark("master-2")),
    ],
    inject: &[
        Act::On { node: "master-1", argv: &["systemctl", "stop", "etcd"] },
        Act::On { node: "master-2", argv: &["systemctl", "stop", "etcd"] },
    ],
    undo: &[
        Act::On { node: "master-1", argv: &["systemctl", "start", "--no-block", "etcd"] },
        Act::On { node: "master-2", argv: &["systemctl", "start", "etcd"] },
    ],
    ward: Ward::Masters,
    ..Rule::BASE
};

fn two_stopped() -> Scene {
    kubernetes(3, 1).unit("master-1", "etcd", stopped()).unit("master-2", "etcd", stopped()).api_dark().with(|f| {
        if let Some(etcd) = f.nodes.get_mut("master-0").and_then(|n| n.etcd.value_mut()) {
            etcd.healthy = false;
            etcd.reason = "etcdserver: no leader".into();
        }
    })
}

fn check(facts: &Facts) -> Verdict {
    Verdict::cluster(lost(facts))
}

fn lost(facts: &Facts) -> crate::Answer {
    let few = minority(facts, "etcd")?;
    let (names, left, needed) = (few.names(), few.left, few.needed);
    let summary = format!("etcd has lost its majority: it runs on {left} of {} masters, {needed} are needed.", few.masters.len());
    let mut finding = Finding::cause(Subject::Cluster, summary)
        .because(format!("etcd does not run on {}", names.join(", ")), few.citations())
        .hides(None, "kubernetes.")
        .fix("Start the missing members, mending what their journals name; the cluster answers again with the first that comes back.");
    for n in few.masters.iter().filter(|n| !names.contains(&n.name)) {
        if let Ok(Some(etcd)) = n.node.etcd.look()
            && !etcd.healthy
        {
            finding = finding.because(format!("the member on {} finds no leader", n.name), [etcd.cite("health", etcd.reason.clone())]);
        }
    }
    for (n, _) in &few.down {
        finding = finding.run(Command::new(Risk::ChangesNode, n.exec("systemctl start etcd")));
    }
    Ok(finding)
}
