// SPDX-License-Identifier: Apache-2.0
//! A node works now, but would not come up again after a restart.
//!
//! ## What you see
//! Nothing, until the node restarts: then none of its services is started, and it stays `NotReady`.
//!
//! ## Why it happens
//! The node's agent, which brings everything else up, runs but is not enabled: systemd does not start it at boot.
//!
//! ## What to do
//! Enable it. Nothing has to be restarted.

use crate::fixture::{kubernetes, stopped};
use crate::report::{Command, Risk};
use crate::{Act, Class, CoeKind, Finding, Layer, Rule, Verdict, blind, each_node, fires, quiet, when};
use magnum_facts::Facts;
use magnum_facts::node::{NodeFacts, Unit};

pub static RULE: Rule = Rule {
    id: "boot-units-not-enabled",
    layer: Layer::Boot,
    class: Class::Risk,
    coe: CoeKind::Kubernetes,
    guide: "L19-25",
    symptoms: &["S16"],
    needs: &[NodeFacts::UNITS],
    not_if: &["nv-shutoff"],
    check,
    cases: &[
        fires("the agent runs and is disabled", || disabled("magnum-agent")),
        quiet("the agent starts containerd, which need not be enabled", || disabled("containerd")),
        quiet("a service is stopped, and will be back", || kubernetes(1, 2).unit("node-1", "kube-proxy", stopped())),
        blind("the node cannot be read", || kubernetes(1, 2).node_dark("node-1").not_ready("node-1", "")),
    ],
    inject: &[Act::On { node: "node-1", argv: &["systemctl", "disable", "magnum-agent"] }],
    undo: &[Act::On { node: "node-1", argv: &["systemctl", "enable", "magnum-agent"] }],
    ..Rule::BASE
};

fn disabled(unit: &'static str) -> crate::fixture::Scene {
    let works = Unit { active: magnum_facts::node::Activity::Active, sub: "running".into(), enabled: "disabled".into(), ..stopped() };
    kubernetes(1, 2).unit("node-1", unit, works)
}

fn check(facts: &Facts) -> Verdict {
    each_node(facts, |n| {
        // Whatever else is not enabled, the agent enables and starts at boot.
        let unit = n.unit("magnum-agent")?;
        when(matches!(unit.enabled.as_str(), "disabled" | "masked") && n.member.came_up())?;
        let name = n.name;
        Ok(Finding::warning(n.subject(), format!("{name} would not come up again after a restart: its agent is {}.", unit.enabled))
            .because("systemd does not start the agent at boot", [unit.cite("magnum-agent", format!("UnitFileState={}", unit.enabled))])
            .fix("Enable it; nothing has to be restarted.")
            .run(Command::new(Risk::ChangesNode, n.exec("systemctl enable magnum-agent"))))
    })
}
