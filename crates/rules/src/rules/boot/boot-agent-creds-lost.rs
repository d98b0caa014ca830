// SPDX-License-Identifier: Apache-2.0
//! A node's agent has lost what it needs to know about its cluster.
//!
//! ## What you see
//! The node works as it did, but no change reaches it any more, and it reports nothing. After a restart it does not come up.
//!
//! ## Why it happens
//! The agent's own configuration, with Magnum's address and the node's token, was removed, cut off or overwritten. The agent
//! cannot even ask for it again.
//!
//! ## What to do
//! Put the file back from another copy, or have the node made anew.

use crate::fixture::{kubernetes, log, stopped};
use crate::report::{Command, Risk};
use crate::{Act, CoeKind, Finding, Layer, Rule, Verdict, blind, each_node, fires, quiet, when};
use magnum_facts::Facts;
use magnum_facts::node::{Activity, NodeFacts, Unit};

pub static RULE: Rule = Rule {
    id: "boot-agent-creds-lost",
    layer: Layer::Boot,
    coe: CoeKind::Kubernetes,
    guide: "L19-25",
    symptoms: &["S1", "S14"],
    needs: &[NodeFacts::UNITS, NodeFacts::JOURNALS],
    explains: &["boot-script-failed", "mg-*"],
    not_if: &["nv-shutoff"],
    check,
    cases: &[
        fires("its file is cut off", || kubernetes(1, 2).unit("node-1", "magnum-agent", lost(4))),
        quiet("the file is whole again", || kubernetes(1, 2).unit("node-1", "magnum-agent", lost(0))),
        quiet("somebody stopped it", || kubernetes(1, 2).unit("node-1", "magnum-agent", stopped())),
        blind("the node cannot be read", || kubernetes(1, 2).node_dark("node-1").not_ready("node-1", "")),
    ],
    inject: &[Act::On {
        node: "node-1",
        argv: &["sh", "-c", "cp -a /etc/magnum/node.json /root/ && echo '{' > /etc/magnum/node.json && systemctl restart magnum-agent"],
    }],
    undo: &[Act::On { node: "node-1", argv: &["sh", "-c", "mv /root/node.json /etc/magnum/ && systemctl restart magnum-agent"] }],
    ..Rule::BASE
};

const SPEC: &str = "/etc/magnum/node.json";
const FAILED: &str = "magnum-agent: step spec failed: node spec: not JSON: EOF while parsing an object at line 2 column 0";

fn lost(restarts: u32) -> Unit {
    Unit { active: Activity::Active, sub: "running".into(), restarts, ..log(stopped(), &[FAILED, FAILED]) }
}

fn check(facts: &Facts) -> Verdict {
    each_node(facts, |n| {
        let unit = n.unit("magnum-agent")?;
        // It ends, waits and is started again: at most looks it is "running".
        when(unit.restarts > 0 || unit.is_down())?;
        let line = unit.log.iter().rev().find(|l| l.contains("node spec: ")).ok_or_else(|| n.unheard())?;
        let name = n.name;
        Ok(Finding::cause(n.subject(), format!("The agent on {name} cannot read what it has to do: no change reaches the node any more."))
            .because(format!("{SPEC} cannot be used"), [unit.cite("magnum-agent.log", line)])
            .because("the agent ends and is started again and again", [unit.cite("magnum-agent", format!("{} restarts", unit.restarts))])
            .hides(Some(name), "node.lookups")
            .hides(Some(name), "node.overlay")
            .hides(Some(name), "node.etcd")
            .fix(format!("Put {SPEC} back and restart the agent, or have the node made anew."))
            .run(Command::new(Risk::ReadOnly, n.exec("journalctl -u magnum-agent -n 10")))
            .run(Command::new(Risk::ChangesNode, n.exec("systemctl restart magnum-agent"))))
    })
}
