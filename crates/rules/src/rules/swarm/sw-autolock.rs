// SPDX-License-Identifier: Apache-2.0
//! A manager is locked since Docker was restarted.
//!
//! ## What you see
//! "Swarm is encrypted and needs to be unlocked before it can be used." Docker runs, containers run, but the manager takes no part in the
//! swarm. On the only manager no swarm command works.
//!
//! ## Why it happens
//! Autolock is on (`docker swarm update --autolock=true`): a manager's keys are encrypted on disk, and after each restart of Docker somebody
//! has to give the unlock key.
//!
//! ## What to do
//! `docker swarm unlock` on that manager with the key; `docker swarm unlock-key` on another manager prints it. Without any unlocked manager
//! and without the key, the swarm must be made anew.

use crate::fixture::{Scene, stopped, swarm};
use crate::report::{Command, Risk};
use crate::{Act, CoeKind, Finding, Layer, NodeAsk, Rule, Stop, Verdict, blind, fires, masters, need, quiet};
use magnum_facts::Facts;
use magnum_facts::coe::SwarmFacts;

pub static RULE: Rule = Rule {
    id: "sw-autolock",
    layer: Layer::Swarm,
    coe: CoeKind::Swarm,
    guide: "L53, L399",
    symptoms: &["S8", "S20"],
    needs: &[SwarmFacts::STATE],
    explains: &["sw-quorum-lost", "sw-task-*"],
    not_if: &["nv-shutoff"],
    set_so: true,
    check,
    cases: &[
        fires("the only manager", || locked(1, 2)),
        fires("one of three", || locked(3, 1)),
        quiet("Docker is stopped", || swarm(3, 1).unit("master-0", "docker", stopped())),
        quiet("not in a swarm yet", || state(1, 2, "pending")),
        blind("no manager answers", || swarm(1, 2).api_dark()),
    ],
    inject: &[Act::On {
        node: "master-0",
        argv: &["bash", "-c", "docker swarm update --autolock=true | grep -o 'SWMKEY.*' > /root/unlock-key; systemctl restart docker"],
    }],
    undo: &[
        Act::On { node: "master-0", argv: &["bash", "-c", "docker swarm unlock < /root/unlock-key"] },
        Act::Until { node: "master-0", argv: &["docker", "swarm", "update", "--autolock=false"], seconds: 30 },
        Act::On { node: "master-0", argv: &["rm", "/root/unlock-key"] },
    ],
    ..Rule::BASE
};

fn state(masters: u8, nodes: u8, word: &'static str) -> Scene {
    swarm(masters, nodes).with(|f| {
        for manager in f.swarm.state.value_mut().into_iter().flat_map(|s| &mut s.managers).filter(|m| m.node == "master-0") {
            manager.local_state = word.into();
            manager.control_available = word == "active";
        }
    })
}

fn locked(masters: u8, nodes: u8) -> Scene {
    state(masters, nodes, "locked").with(|f| {
        for manager in f.swarm.state.value_mut().into_iter().flat_map(|s| &mut s.managers).filter(|m| m.node == "master-0") {
            manager.error = "Swarm is encrypted and needs to be unlocked before it can be used.".into();
        }
    })
}

fn check(facts: &Facts) -> Verdict {
    let managers = facts.cluster.masters().count();
    masters(facts, |n: NodeAsk<'_>| {
        let state = need(&facts.swarm.state, SwarmFacts::STATE)?;
        let locked = |name: &str| state.managers.iter().find(|m| m.node == name && m.local_state == "locked");
        let manager = locked(n.name).ok_or(Stop::Quiet)?;
        let left = facts.cluster.masters().filter(|m| locked(&m.name).is_none()).count();
        let headless = left * 2 <= managers;
        let effect = if headless { ", and the swarm has no leader" } else { "" };
        let (cluster, name) = (&facts.cluster.name, n.name);
        Ok(Finding::cause(n.subject(), format!("The manager {name} is locked since Docker was restarted{effect}."))
            .because("Docker asks for the unlock key", [state.cite(format!("{name} LocalNodeState"), format!("locked: {}", manager.error))])
            .hides_if(headless, None, "swarm.")
            .spreads_if(headless)
            .fix("Unlock it with the swarm's unlock key, which any unlocked manager prints.")
            .run(Command::new(Risk::ReadOnly, format!("magnum node exec {cluster} OTHER-MANAGER -- docker swarm unlock-key -q")))
            .run(Command::new(Risk::ChangesNode, n.exec("docker swarm unlock"))))
    })
}
