// SPDX-License-Identifier: Apache-2.0
//! A node's service rules are out of date though kube-proxy seems to run.
//!
//! ## What you see
//! From one node a service works only part of the time, because some connections are sent to a pod that is gone; new services answer nowhere.
//!
//! ## Why it happens
//! kube-proxy has a process but no longer follows the API: it was stopped by a signal, hangs, or the API refuses its credentials.
//!
//! ## What to do
//! Restart kube-proxy on that node; when its journal speaks of credentials, mend those first.

use crate::ask::NodeAsk;
use crate::fixture::{kubernetes, stopped};
use crate::journal::fresh_line;
use crate::report::{Command, Risk};
use crate::{Act, CoeKind, Finding, Layer, Rule, Stop, Verdict, blind, each_node, fires, need, quiet};
use magnum_facts::coe::KubernetesFacts;
use magnum_facts::node::NodeFacts;
use magnum_facts::{Citation, Facts};
use std::collections::BTreeSet;

pub static RULE: Rule = Rule {
    id: "kp-stale-rules",
    layer: Layer::Service,
    coe: CoeKind::Kubernetes,
    guide: "L358-376",
    symptoms: &["S7"],
    needs: &[NodeFacts::PROCESSES, NodeFacts::UNITS, NodeFacts::JOURNALS, NodeFacts::FIREWALL, KubernetesFacts::ENDPOINTS],
    not_if: &["nv-shutoff", "kp-down", "kcp-apiserver-down"],
    check,
    cases: &[
        fires("stopped by a signal", || kubernetes(1, 2).process("node-1", "kube-proxy", |p| p.state = "T".into())),
        fires("refused by the API, and its rules lead to a pod that is gone", || {
            kubernetes(1, 2).says("node-1", "kube-proxy", &[REFUSED]).filter("node-1", OLD)
        }),
        quiet("refused for a moment, its rules are right", || kubernetes(1, 2).says("node-1", "kube-proxy", &[REFUSED])),
        quiet("refused long ago, and its rules are not yet those of this moment", || {
            kubernetes(1, 2).says("node-1", "kube-proxy", &[REFUSED_LONG_AGO]).filter("node-1", OLD)
        }),
        quiet("its unit is stopped: that is another fault", || {
            kubernetes(1, 2).unit("node-1", "kube-proxy", stopped()).with(|f| {
                let all = f.nodes.get_mut("node-1").and_then(|n| n.processes.value_mut());
                all.into_iter().for_each(|all| all.retain(|p| p.unit != "kube-proxy"));
            })
        }),
        blind("the node cannot be read", || kubernetes(1, 2).node_dark("node-1")),
    ],
    inject: &[
        Act::On { node: "node-1", argv: &["systemctl", "kill", "--signal=STOP", "kube-proxy"] },
        Act::Kubectl { argv: &["scale", "deployment", "web", "--replicas=1"], stdin: "" },
    ],
    undo: &[
        Act::On { node: "node-1", argv: &["systemctl", "kill", "--signal=CONT", "kube-proxy"] },
        Act::Kubectl { argv: &["scale", "deployment", "web", "--replicas=2"], stdin: "" },
        Act::KubectlUntil { argv: &["get", "deployment", "web"], contains: "2/2", seconds: 60 },
    ],
    ..Rule::BASE
};

/// Half a minute before the fixtures' time, and ten minutes before it.
const REFUSED: &str = "E1009 08:52:50.000000     700 reflector.go:138] Failed to watch *v1.Endpoints: Unauthorized";
const REFUSED_LONG_AGO: &str = "E1009 08:43:20.000000     700 reflector.go:138] Failed to watch *v1.Endpoints: Unauthorized";

const OLD: &str = "*nat\n:KUBE-SEP-X - [0:0]\n[3:180] -A KUBE-SEP-X -p tcp -m comment --comment \"default/web:http\" -m tcp -j DNAT --to-destination 10.100.0.99:8080\nCOMMIT\n";

fn check(facts: &Facts) -> Verdict {
    each_node(facts, |n| {
        let processes = need(&n.node.processes, NodeFacts::PROCESSES)?;
        let process = processes.part(|all| all.iter().find(|p| p.unit == "kube-proxy")).ok_or(Stop::Quiet)?;
        let gone = gone(&n);
        let unit = n.unit("kube-proxy")?;
        let complaint =
            fresh_line(&unit, |line| ["Unauthorized", "x509", "Failed to list", "Failed to watch"].iter().any(|w| line.contains(w)));
        let (how, citation) = match complaint {
            _ if process.is_stopped() => {
                let quote = format!("pid {}, state {}", process.pid, process.state);
                ("its process was stopped by a signal", process.cite("kube-proxy", quote))
            }
            Some(line) if gone.is_some() => ("it cannot follow the API", unit.cite("kube-proxy.log", line)),
            None if gone.is_some() => return Err(n.unheard()),
            _ => return Err(Stop::Quiet),
        };
        Ok(Finding::cause(n.subject(), format!("kube-proxy on {} no longer follows the cluster: {how}.", n.name))
            .because(how, [citation])
            .because_if(gone)
            .rules_out("kp-down", "systemd counts it as running", [unit.cite("kube-proxy", unit.state_text())])
            .fix("Restart kube-proxy on this node; it writes its rules anew at once.")
            .run(Command::new(Risk::ReadOnly, n.exec("journalctl -u kube-proxy -n 30")))
            .run(Command::new(Risk::ChangesNode, n.exec("systemctl restart kube-proxy"))))
    })
}

/// A rule that leads to an address which is behind no service any more.
fn gone(n: &NodeAsk<'_>) -> Option<(String, Citation)> {
    let endpoints = n.all.kubernetes.endpoints.look().ok()??;
    let known: BTreeSet<&str> = endpoints.value.iter().flat_map(|e| e.ready.iter().chain(&e.not_ready)).map(|a| a.ip.as_str()).collect();
    let rules = n.node.firewall.look().ok()??;
    let chains = rules.value.table("nat").into_iter().flat_map(|t| &t.chains).filter(|c| c.name.starts_with("KUBE-SEP-"));
    let target = |text: &str| text.split_once("--to-destination ").and_then(|(_, to)| to.split([':', ' ']).next()).map(str::to_owned);
    chains.flat_map(|c| &c.rules).find_map(|rule| {
        let address = target(&rule.text).filter(|a| !known.contains(a.as_str()))?;
        Some((format!("its rules still lead to {address}, which is behind no service"), rules.cite("nat KUBE-SEP", rule.text.clone())))
    })
}
