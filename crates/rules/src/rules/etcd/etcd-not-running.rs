// SPDX-License-Identifier: Apache-2.0
//! etcd is not running on a master.
//!
//! ## What you see
//! `kubectl` waits and then fails, the API server restarts again and again, flanneld cannot renew its lease. With three masters, one
//! missing etcd member is not noticed until a second one fails.
//!
//! ## Why it happens
//! etcd was stopped, crashed, or cannot start: its disk is full, its certificates do not fit, its data is damaged. The API server keeps
//! everything in etcd, so it goes down after it.
//!
//! ## What to do
//! Read the last lines of etcd's journal on that master, mend what they name, start it.

use crate::fixture::{crashed, kubernetes, stopped};
use crate::member::WATCH_AGAIN;
use crate::report::{Command, Risk};
use crate::{Act, CoeKind, Finding, Layer, Rule, Verdict, blind, fires, last_words, masters, quiet};
use magnum_facts::Facts;
use magnum_facts::node::NodeFacts;

pub static RULE: Rule = Rule {
    id: "etcd-not-running",
    layer: Layer::Etcd,
    coe: CoeKind::Kubernetes,
    guide: "L27-41, L380",
    symptoms: &["S2", "S5", "S7", "S10", "S17"],
    needs: &[NodeFacts::UNITS],
    explains: &["kcp-*", "fl-etcd-unreachable", "fl-not-running", "kn-kubelet-down", "kp-down"],
    not_if: &["nv-shutoff"],
    check,
    cases: &[
        fires("stopped on the only master", || kubernetes(1, 2).unit("master-0", "etcd", stopped()).api_dark()),
        fires("crashed, and the API server with it", || {
            let dead = crashed(1, "panic: open /var/lib/etcd/member/wal: no space left on device");
            kubernetes(1, 2)
                .unit("master-0", "etcd", dead)
                .unit("master-0", "kube-apiserver", crashed(255, "context deadline exceeded"))
                .api_dark()
        }),
        fires("one of three members", || kubernetes(3, 1).unit("master-1", "etcd", stopped())),
        quiet("the API server alone is down", || kubernetes(1, 2).unit("master-0", "kube-apiserver", stopped()).api_dark()),
        quiet("workers have no etcd", || kubernetes(1, 2).unit("node-0", "etcd", stopped())),
        blind("the master cannot be read", || kubernetes(1, 2).node_dark("master-0").api_dark()),
    ],
    inject: &[Act::On { node: "master-0", argv: &["systemctl", "stop", "etcd"] }],
    undo: &[Act::On { node: "master-0", argv: &["systemctl", "start", "etcd"] }, WATCH_AGAIN],
    ..Rule::BASE
};

fn check(facts: &Facts) -> Verdict {
    let running = |name: &str| facts.nodes.get(name).and_then(|n| n.units.value()?.get("etcd")).is_some_and(|u| u.is_up());
    let members = facts.cluster.masters();
    let (all, up) = members.fold((0, 0), |(all, up), m| (all + 1, up + usize::from(running(&m.name))));
    masters(facts, |n| {
        let unit = n.down("etcd")?;
        let left = format!("{up} of {all} members are running, {} are needed", all / 2 + 1);
        let last = last_words(&unit, "etcd");
        Ok(Finding::cause(n.subject(), format!("etcd is {} on {}; {left}.", unit.state_text(), n.name))
            .because("the unit etcd is not running", [unit.cite("etcd", unit.state_text())])
            .because_if(last)
            .hides_if(up * 2 <= all, None, "kubernetes.")
            .spreads_if(up * 2 <= all)
            .fix("Mend what its journal names and start it.")
            .run(Command::new(Risk::ReadOnly, n.exec("journalctl -u etcd -n 30")))
            .run(Command::new(Risk::ChangesNode, n.exec("systemctl start etcd"))))
    })
}
