// SPDX-License-Identifier: Apache-2.0
//! A service of a node may not open enough files.
//!
//! ## What you see
//! "too many open files" from one service, which otherwise runs: rules are not written, containers not started, connections refused.
//!
//! ## Why it happens
//! `LimitNOFILE=` of its unit, or a limit of the whole system, is too low for what it has to do.
//!
//! ## What to do
//! Raise the limit with a drop-in and restart the service.

use crate::fixture::{Scene, kubernetes};
use crate::report::{Command, Risk};
use crate::{Act, CoeKind, Finding, Layer, Rule, Verdict, blind, each_node, fires, need, quiet, when};
use magnum_facts::Facts;
use magnum_facts::node::{NodeFacts, Process};

pub static RULE: Rule = Rule {
    id: "cr-limits",
    layer: Layer::Runtime,
    coe: CoeKind::Kubernetes,
    guide: "L48-52",
    symptoms: &["S6", "S7", "S16"],
    needs: &[NodeFacts::PROCESSES, NodeFacts::UNITS, NodeFacts::JOURNALS],
    explains: &["kp-*", "kn-*", "wl-*", "fl-*", "kcp-*", "etcd-*", "dns-*"],
    not_if: &["nv-shutoff"],
    check,
    cases: &[
        fires("kube-proxy may open 16 files", || limited(16, &[REFUSED])),
        quiet("the limit is low, and enough", || limited(16, &[])),
        quiet("it was too low once", || limited(1_048_576, &[REFUSED])),
        blind("the node cannot be read", || kubernetes(1, 2).node_dark("node-1").not_ready("node-1", "")),
    ],
    inject: &[Act::On {
        node: "node-1",
        argv: &[
            "sh",
            "-c",
            "d=/etc/systemd/system/kube-proxy.service.d; mkdir -p $d && printf '[Service]\\nLimitNOFILE=16\\n' > $d/90-few.conf && systemctl daemon-reload && systemctl restart kube-proxy",
        ],
    }],
    undo: &[Act::On {
        node: "node-1",
        argv: &["sh", "-c", "rm -r /etc/systemd/system/kube-proxy.service.d && systemctl daemon-reload && systemctl restart kube-proxy"],
    }],
    ..Rule::BASE
};

const REFUSED: &str = "E1125 12:45:19.465986    1637 proxier.go:874] fork/exec /usr/sbin/iptables: too many open files:";
/// No service of a node gets along with fewer.
const FEW: u64 = 1024;

fn limited(limit: u64, lines: &'static [&'static str]) -> Scene {
    kubernetes(1, 2).says("node-1", "kube-proxy", lines).process("node-1", "kube-proxy", move |p| p.open_files_limit = Some(limit))
}

fn check(facts: &Facts) -> Verdict {
    each_node(facts, |n| {
        let all = need(&n.node.processes, NodeFacts::PROCESSES)?;
        let units = need(&n.node.units, NodeFacts::UNITS)?;
        let complaint = |p: &Process| units.get(&p.unit)?.says(&["too many open files"]);
        let few = |p: &&Process| p.open_files_limit.is_some_and(|limit| limit <= FEW);
        when(all.value.iter().any(|p| few(&p)))?;
        let process = all.value.iter().filter(few).find(|p| complaint(p).is_some()).ok_or_else(|| n.unheard())?;
        let (unit, limit) = (&process.unit, process.open_files_limit.unwrap_or(0));
        let line: String = complaint(process).unwrap_or_default().chars().take(300).collect();
        let name = n.name;
        Ok(Finding::cause(n.subject(), format!("{unit} on {name} may open only {limit} files, which is too few."))
            .because(
                format!("the limit of {} is {limit}", process.name),
                [all.cite(format!("pid {}", process.pid), format!("Max open files {limit}"))],
            )
            .because("it ran into it", [units.cite(format!("{unit}.log"), line)])
            .fix(format!("Raise LimitNOFILE of {unit}.service with a drop-in, and restart it."))
            .run(Command::new(Risk::ReadOnly, n.exec(&format!("systemctl cat {unit}")))))
    })
}
