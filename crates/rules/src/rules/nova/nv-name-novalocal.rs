// SPDX-License-Identifier: Apache-2.0
//! A kubelet calls its node by another name than the cluster does.
//!
//! ## What you see
//! The node never appears or becomes `NotReady`; its kubelet repeats `node "X" is not allowed to modify node "X.novalocal"`.
//!
//! ## Why it happens
//! The kubelet takes its node's name from the host name or from `--hostname-override`. A cloud that adds `.novalocal` or another domain
//! makes it differ from the server's name, for which its certificate was made: the API server lets a kubelet touch its own node only.
//!
//! ## What to do
//! Give the kubelet the server's name, without a domain, in `--hostname-override`.

use crate::ask::NodeAsk;
use crate::fixture::{Scene, kubernetes};
use crate::journal::fresh_line;
use crate::report::{Command, Risk};
use crate::{Act, CoeKind, Finding, Layer, Rule, Stop, Verdict, blind, each_node, fires, need, quiet, when};
use magnum_facts::node::NodeFacts;
use magnum_facts::{Citation, Facts};

pub static RULE: Rule = Rule {
    id: "nv-name-novalocal",
    layer: Layer::Nova,
    coe: CoeKind::Kubernetes,
    guide: "L390",
    symptoms: &["S16"],
    needs: &[NodeFacts::PROCESSES, NodeFacts::UNITS],
    explains: &["kn-not-registered", "kn-kubelet-down", "kp-no-endpoints"],
    not_if: &["nv-shutoff"],
    check,
    cases: &[
        fires("with the cloud's domain", || named("node-1.novalocal")),
        quiet("its own name", || named("node-1")),
        quiet("kube-proxy has another name", || {
            kubernetes(1, 2).process("node-1", "kube-proxy", |p| p.argv.push("--hostname-override=node-1.novalocal".into()))
        }),
        blind("the node cannot be read", || kubernetes(1, 2).node_dark("node-1")),
    ],
    inject: &[Act::On { node: "node-1", argv: &["sh", "-c", RENAME] }],
    undo: &[Act::On { node: "node-1", argv: &["sh", "-c", BACK] }],
    ..Rule::BASE
};

const RENAME: &str = "cd /etc/systemd/system && mkdir -p kubelet.service.d && \
sed -z 's/\\\\\\n *//g' kubelet.service | sed -n '/^ExecStart=/{s/override=node-1/&.novalocal/;s/^ExecStart=\\(.*\\)/[Service]\\nExecStart=\\nExecStart=\\1/p}' > \
kubelet.service.d/90-name.conf && systemctl daemon-reload && systemctl restart --no-block kubelet";
const BACK: &str =
    "rm /etc/systemd/system/kubelet.service.d/90-name.conf && systemctl daemon-reload && systemctl restart --no-block kubelet";

fn named(name: &'static str) -> Scene {
    kubernetes(1, 2).process("node-1", "kubelet", |p| {
        p.argv.retain(|word| !word.starts_with("--hostname-override"));
        p.argv.push(format!("--hostname-override={name}"));
    })
}

fn check(facts: &Facts) -> Verdict {
    each_node(facts, |n| {
        let processes = need(&n.node.processes, NodeFacts::PROCESSES)?;
        let kubelet = processes.value.iter().find(|p| p.unit == "kubelet" && p.name == "kubelet").ok_or(Stop::Quiet)?;
        let name = kubelet.flag("hostname-override").filter(|name| !name.is_empty()).ok_or(Stop::Quiet)?;
        when(name != n.name)?;
        Ok(Finding::cause(n.subject(), format!("The kubelet of {} calls its node {name}: the API server does not let it.", n.name))
            .because(
                "it was started under another name than the server's",
                [processes.cite("kubelet", format!("--hostname-override={name}"))],
            )
            .because_if(refused(&n))
            .because_if(known(&n, name))
            .fix(format!(
                "Start the kubelet with --hostname-override={}; in the cloud, leave the domain off the servers' host names.",
                n.name
            ))
            .run(Command::new(Risk::ReadOnly, n.exec("systemctl cat kubelet")))
            .run(Command::new(Risk::ChangesNode, n.exec("systemctl restart kubelet"))))
    })
}

fn refused(n: &NodeAsk<'_>) -> Option<(String, Citation)> {
    let unit = n.unit("kubelet").ok()?;
    const REFUSED: [&str; 3] = ["is not allowed to modify node", "not found", "can only access node"];
    let line = fresh_line(&unit, |line| REFUSED.iter().any(|words| line.contains(words)))?;
    Some((format!("its journal: {}", line.chars().take(160).collect::<String>()), unit.cite("kubelet.log", line)))
}

fn known(n: &NodeAsk<'_>, name: &str) -> Option<(String, Citation)> {
    let nodes = n.all.kubernetes.nodes.look().ok()??;
    let there = nodes.value.iter().any(|k| k.name == name);
    (!there).then(|| (format!("Kubernetes has no node {name}"), nodes.cite(name, "no such node")))
}
