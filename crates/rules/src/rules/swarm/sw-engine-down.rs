// SPDX-License-Identifier: Apache-2.0
//! Docker is not running on a node of the swarm.
//!
//! ## What you see
//! `docker node ls` shows the node as `Down` after some ten seconds; its tasks are started elsewhere. On the only manager: no `docker`
//! command is answered, "Cannot connect to the Docker daemon".
//!
//! ## Why it happens
//! dockerd was stopped, crashed, or cannot start: a broken `daemon.json`, a full disk, no containerd.
//!
//! ## What to do
//! Read the last lines of its journal on that node, mend what they name, start it.

use crate::ask::NodeAsk;
use crate::fixture::{crashed, kubernetes, stopped, swarm};
use crate::report::{Command, Risk};
use crate::{Act, CoeKind, Finding, Layer, Rule, Verdict, blind, each_node, fires, last_words, quiet, when};
use magnum_facts::Facts;
use magnum_facts::coe::SwarmFacts;
use magnum_facts::node::NodeFacts;
use magnum_types::Role;

pub static RULE: Rule = Rule {
    id: "sw-engine-down",
    layer: Layer::Swarm,
    coe: CoeKind::Swarm,
    guide: "L31-54, L399",
    symptoms: &["S3", "S8", "S20"],
    needs: &[NodeFacts::UNITS, SwarmFacts::NODES],
    explains: &["sw-task-*"],
    not_if: &["nv-shutoff"],
    check,
    cases: &[
        fires("stopped on a worker", || swarm(1, 2).unit("node-1", "docker", stopped()).not_ready("node-1", "")),
        fires("cannot start on the only manager", || {
            swarm(1, 2)
                .unit("master-0", "docker", crashed(1, "unable to configure the Docker daemon with file /etc/docker/daemon.json"))
                .api_dark()
        }),
        quiet("containerd is down below it", || swarm(1, 2).unit("node-1", "containerd", stopped())),
        quiet("Kubernetes does not use docker", || kubernetes(1, 2).unit("node-1", "docker", stopped())),
        blind("the node cannot be read", || swarm(1, 2).node_dark("node-1").not_ready("node-1", "")),
    ],
    inject: &[Act::On { node: "node-1", argv: &["systemctl", "stop", "docker.socket", "docker"] }],
    undo: &[Act::On { node: "node-1", argv: &["systemctl", "start", "docker.socket", "docker"] }],
    ..Rule::BASE
};

fn check(facts: &Facts) -> Verdict {
    let running = |name: &str| facts.nodes.get(name).and_then(|n| n.units.value()?.get("docker")).is_some_and(|u| u.is_up());
    let managers = facts.cluster.masters();
    let (all, up) = managers.fold((0, 0), |(all, up), m| (all + 1, up + usize::from(running(&m.name))));
    // The rule asks Docker's own unit on every node, whatever COE it is called for.
    when(facts.cluster.coe.is_swarm()).map_or_else(|_| Verdict::default(), |()| each_node(facts, |n| on_node(&n, all, up)))
}

fn on_node(n: &NodeAsk<'_>, all: usize, up: usize) -> crate::Answer {
    let unit = n.down("docker")?;
    let headless = n.member.role == Role::Master && up * 2 <= all;
    let effect = if headless { "; the swarm has no leader any more" } else { "" };
    let name = n.name;
    let last = last_words(&unit, "docker");
    Ok(Finding::cause(n.subject(), format!("Docker is {} on {name}{effect}.", unit.state_text()))
        .because("the unit docker is not running", [unit.cite("docker", unit.state_text())])
        .because_if(last)
        .because_if(swarm_view(n))
        .hides_if(headless, None, "swarm.")
        .spreads_if(headless)
        .fix("Mend what its journal names and start it; its tasks come back by themselves.")
        .run(Command::new(Risk::ReadOnly, n.exec("journalctl -u docker -n 30")))
        .run(Command::new(Risk::ChangesNode, n.exec("systemctl start docker"))))
}

fn swarm_view(n: &NodeAsk<'_>) -> Option<(String, magnum_facts::Citation)> {
    let nodes = n.all.swarm.nodes.look().ok()??;
    let node = nodes.value.iter().find(|s| s.hostname == n.name && s.state != "ready")?;
    Some(("the swarm has lost it".to_owned(), nodes.cite(n.name, format!("{} {}", node.state, node.message).trim_end())))
}
