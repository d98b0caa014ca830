// SPDX-License-Identifier: Apache-2.0
//! A node's server is off.
//!
//! ## What you see
//! The node is `NotReady` (in a swarm: `Down`), nothing on it answers, and its pods stay where they are for some minutes before
//! they are started elsewhere.
//!
//! ## Why it happens
//! Somebody stopped the server, it was powered off from inside, or its host failed. Everything that ran on it is gone with it,
//! so nothing else about that node needs an explanation of its own.
//!
//! ## What to do
//! Start the server. If it does not stay on, look at its console.

use crate::fixture::kubernetes;
use crate::report::{Command, Risk};
use crate::{Act, CoeKind, Finding, Layer, NodeAsk, Rule, Verdict, blind, each_node, fires, need, quiet, when};
use magnum_facts::{Facts, HostFacts, Power};
use magnum_types::{Phase, Role};

pub static RULE: Rule = Rule {
    id: "nv-shutoff",
    layer: Layer::Nova,
    coe: CoeKind::Any,
    guide: "L247",
    symptoms: &["S5", "S7", "S16", "S17"],
    needs: &[HostFacts::SERVER],
    explains: &["kn-*", "cr-*", "etcd-*", "kcp-*", "kp-*", "fl-*", "sw-*", "wl-*", "dns-*", "boot-*", "int-*"],
    check,
    cases: &[
        fires("a worker lost its power", || kubernetes(1, 2).power_off("node-1")),
        fires("the only master lost its power", || kubernetes(1, 2).power_off("master-0").api_dark()),
        quiet("the node runs, its agent does not answer", || kubernetes(1, 2).node_dark("node-1")),
        quiet("the node runs, its kubelet is stopped", || {
            kubernetes(1, 2).unit("node-1", "kubelet", crate::fixture::stopped()).not_ready("node-1", "")
        }),
        blind("the engine does not answer", || kubernetes(1, 2).power_off("node-1").host_dark("node-1")),
    ],
    inject: &[Act::PowerOff { node: "node-1" }],
    undo: &[Act::Converge],
    ..Rule::BASE
};

fn check(facts: &Facts) -> Verdict {
    each_node(facts, |n| {
        let server = need(&n.host.server, HostFacts::SERVER)?;
        when(matches!(server.power, Power::Off | Power::Missing))?;
        // A server that has not been made yet is no server that is off.
        when(server.power == Power::Off || n.member.came_up() || facts.cluster.status.phase() == Phase::Complete)?;
        let missing = server.power == Power::Missing;
        let word = if missing { "no longer exists" } else { "is off" };
        let by = if n.member.stopped_on_purpose { ": an operator stopped it" } else { "" };
        let quote = format!("{} {}", server.state, server.reason);
        let fix = match (missing, n.member.stopped_on_purpose) {
            (true, _) => "Make the node again: Magnum does so by itself on the next resize or repair.".to_owned(),
            (false, true) => "Start it when the reason for stopping it is gone.".to_owned(),
            (false, false) => "Start it; if it goes off again, read the end of its console.".to_owned(),
        };
        let cluster = &facts.cluster.name;
        Ok(Finding::cause(n.subject(), format!("The server of {} {word}{by}.", n.name))
            .because(
                format!("the engine reports the server as {}", server.state),
                [server.cite(server.physical_id.clone(), quote.trim_end())],
            )
            .because_if(api_view(&n))
            .hides(Some(n.name), "node.")
            .hides(Some(n.name), "probe.")
            .hides(Some(n.name), "host.")
            .spreads_if(is_last_master(&n))
            .fix(fix)
            .run(Command::new(Risk::ChangesNode, format!("magnum node start {cluster} {}", n.name)))
            .run(Command::new(Risk::ReadOnly, format!("magnum node console {cluster} {}", n.name))))
    })
}

fn api_view(n: &NodeAsk<'_>) -> Option<(String, magnum_facts::Citation)> {
    let nodes = n.all.kubernetes.nodes.look().ok()??;
    let node = nodes.value.iter().find(|k| k.name == n.name && !k.is_ready())?;
    let message = node.condition("Ready").map(|c| format!("Ready={} {}", c.status, c.message))?;
    Some(("Kubernetes no longer hears from it".to_owned(), nodes.cite(n.name, message)))
}

/// With it, fewer than half of the masters are left.
fn is_last_master(n: &NodeAsk<'_>) -> bool {
    let masters = || n.all.cluster.masters();
    let on = |name: &str| n.all.hosts.get(name).and_then(|h| h.server.value()).is_none_or(|s| s.power == Power::On);
    n.member.role == Role::Master && masters().filter(|m| on(&m.name)).count() * 2 <= masters().count()
}
