// SPDX-License-Identifier: Apache-2.0
//! The Kubernetes API server is not running on a master.
//!
//! ## What you see
//! "Timed out waiting for a reply", "connection refused" or "Protocol violation" when deploying; `kubectl` fails. What already runs
//! goes on running.
//!
//! ## Why it happens
//! kube-apiserver was stopped, crashed, or cannot start: a flag it does not know, a certificate it cannot read, no etcd behind it.
//!
//! ## What to do
//! Read the last lines of its journal on that master; if etcd is down, mend etcd first.

use crate::fixture::{crashed, kubernetes, stopped};
use crate::report::{Command, Risk};
use crate::{Act, CoeKind, Finding, Layer, Rule, Verdict, blind, fires, last_words, masters, quiet};
use magnum_facts::node::NodeFacts;
use magnum_facts::{Facts, ProbeFacts, Reach};

pub static RULE: Rule = Rule {
    id: "kcp-apiserver-down",
    layer: Layer::Control,
    coe: CoeKind::Kubernetes,
    guide: "L27-62, L390",
    symptoms: &["S2", "S5", "S10", "S17", "S20"],
    needs: &[NodeFacts::UNITS, ProbeFacts::API],
    explains: &["kcp-scheduler-down", "kcp-controller-manager-down", "kn-api-unreachable", "kp-down", "kp-stale-rules", "dns-*"],
    not_if: &["nv-shutoff"],
    check,
    cases: &[
        fires("stopped on the only master", || kubernetes(1, 2).unit("master-0", "kube-apiserver", stopped()).api_dark()),
        fires("exits at once", || {
            kubernetes(1, 2).unit("master-0", "kube-apiserver", crashed(1, "Error: unknown flag: --no-such-flag")).api_dark()
        }),
        fires("one of three", || kubernetes(3, 1).unit("master-2", "kube-apiserver", stopped())),
        quiet("it runs but cannot be reached from here", || kubernetes(1, 2).api_dark()),
        quiet("the kubelet of the master is stopped", || kubernetes(1, 2).unit("master-0", "kubelet", stopped())),
        blind("the master cannot be read", || kubernetes(1, 2).node_dark("master-0").api_dark()),
    ],
    inject: &[Act::On { node: "master-0", argv: &["systemctl", "stop", "kube-apiserver"] }],
    undo: &[Act::On { node: "master-0", argv: &["systemctl", "start", "kube-apiserver"] }],
    ..Rule::BASE
};

fn check(facts: &Facts) -> Verdict {
    let running = |name: &str| facts.nodes.get(name).and_then(|n| n.units.value()?.get("kube-apiserver")).is_some_and(|u| u.is_up());
    let left = facts.cluster.masters().filter(|m| running(&m.name)).count();
    masters(facts, |n| {
        let unit = n.down("kube-apiserver")?;
        let last = last_words(&unit, "kube-apiserver");
        let effect = if left == 0 { "nothing in the cluster can be asked or changed" } else { "the other masters still answer" };
        Ok(Finding::cause(n.subject(), format!("kube-apiserver is {} on {}; {effect}.", unit.state_text(), n.name))
            .because("the unit kube-apiserver is not running", [unit.cite("kube-apiserver", unit.state_text())])
            .because_if(last)
            .because_if(probe(facts))
            .hides_if(left == 0, None, "kubernetes.")
            .spreads_if(left == 0)
            .fix("Mend what its journal names and start it.")
            .run(Command::new(Risk::ReadOnly, n.exec("journalctl -u kube-apiserver -n 30")))
            .run(Command::new(Risk::ChangesNode, n.exec("systemctl start kube-apiserver"))))
    })
}

fn probe(facts: &Facts) -> Option<(String, magnum_facts::Citation)> {
    let api = facts.probes.api.look().ok()??;
    let address = facts.cluster.api_address.clone().unwrap_or_default();
    match api.value {
        Reach::Refused => Some(("its address refuses connections".to_owned(), api.cite(address, "connection refused"))),
        Reach::TimedOut => Some(("its address does not answer".to_owned(), api.cite(address, "timed out"))),
        _ => None,
    }
}
