// SPDX-License-Identifier: Apache-2.0
//! Too few managers are left for the swarm to have a leader.
//!
//! ## What you see
//! Every `docker node` and `docker service` command fails: "The swarm does not have a leader. It's possible that too few managers are
//! online." Tasks that run go on running, nothing is started or moved.
//!
//! ## Why it happens
//! Managers decide by majority: two of three, three of five. The others were stopped, crashed, or lost.
//!
//! ## What to do
//! Bring the missing managers back; one may be enough. Only when they are lost for good: `docker swarm init --force-new-cluster` on one that
//! is left.

use crate::fixture::{Scene, stopped, swarm};
use crate::quorum::minority;
use crate::report::{Command, Risk};
use crate::{Act, CoeKind, Finding, Layer, Rule, Subject, Verdict, Ward, blind, fires, quiet, when};
use magnum_facts::Facts;
use magnum_facts::coe::SwarmFacts;
use magnum_facts::node::NodeFacts;

pub static RULE: Rule = Rule {
    id: "sw-quorum-lost",
    layer: Layer::Swarm,
    coe: CoeKind::Swarm,
    guide: "L53, L399",
    symptoms: &["S8", "S20"],
    needs: &[NodeFacts::UNITS, SwarmFacts::STATE],
    explains: &["sw-engine-down", "sw-task-*", "sw-autolock"],
    not_if: &["sw-port-2377"],
    check,
    cases: &[
        fires("two of three are stopped", two_stopped),
        quiet("one of three is stopped", || swarm(3, 1).unit("master-1", "docker", stopped())),
        quiet("the only manager is stopped: that is all there is to say", || swarm(1, 2).unit("master-0", "docker", stopped()).api_dark()),
        blind("one is stopped and another cannot be read", || swarm(3, 1).unit("master-1", "docker", stopped()).node_dark("master-2")),
    ],
    inject: &[
        Act::On { node: "master-1", argv: &["systemctl", "stop", "docker.socket", "docker"] },
        Act::On { node: "master-2", argv: &["systemctl", "stop", "docker.socket", "docker"] },
    ],
    undo: &[
        Act::On { node: "master-1", argv: &["systemctl", "start", "docker.socket", "docker"] },
        Act::On { node: "master-2", argv: &["systemctl", "start", "docker.socket", "docker"] },
    ],
    ward: Ward::Masters,
    ..Rule::BASE
};

fn two_stopped() -> Scene {
    swarm(3, 1).unit("master-1", "docker", stopped()).unit("master-2", "docker", stopped()).with(|f| {
        if let Some(state) = f.swarm.state.value_mut() {
            state.managers.truncate(1);
            state.managers.iter_mut().for_each(|m| m.error = "The swarm does not have a leader.".into());
        }
    })
}

fn check(facts: &Facts) -> Verdict {
    Verdict::cluster(lost(facts))
}

fn lost(facts: &Facts) -> crate::Answer {
    when(facts.cluster.coe.is_swarm())?;
    let few = minority(facts, "docker")?;
    let (names, left, needed) = (few.names(), few.left, few.needed);
    let summary = format!("The swarm has no leader: Docker runs on {left} of {} managers, {needed} are needed.", few.masters.len());
    let mut finding = Finding::cause(Subject::Cluster, summary)
        .because(format!("Docker does not run on {}", names.join(", ")), few.citations())
        .hides(None, "swarm.")
        .fix("Start the missing managers, mending what their journals name; the swarm has a leader again with the first that comes back.");
    if let Ok(Some(state)) = facts.swarm.state.look()
        && let Some(manager) = state.managers.iter().find(|m| !m.error.is_empty())
    {
        let quote = manager.error.clone();
        finding = finding.because(format!("{} says so", manager.node), [state.cite(format!("{} Error", manager.node), quote)]);
    }
    for (n, _) in &few.down {
        finding = finding.run(Command::new(Risk::ChangesNode, n.exec("systemctl start docker.socket docker")));
    }
    Ok(finding)
}
