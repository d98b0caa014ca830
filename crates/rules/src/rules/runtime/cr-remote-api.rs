// SPDX-License-Identifier: Apache-2.0
//! Docker on a manager does not listen for clients from outside.
//!
//! ## What you see
//! "Cannot connect to the Docker daemon at tcp://…" from `docker` with the cluster's configuration, while the swarm itself is well and
//! `docker` on the manager works.
//!
//! ## Why it happens
//! dockerd was started without `--host=tcp://…`, or with another port than the cluster's address has.
//!
//! ## What to do
//! Put the listener back (with TLS, never without) and restart Docker.

use crate::fixture::{Scene, stopped, swarm};
use crate::report::{Command, Risk};
use crate::{Act, CoeKind, Finding, Layer, Rule, Stop, Verdict, blind, fires, masters, need, quiet, when};
use magnum_facts::Facts;
use magnum_facts::node::NodeFacts;

pub static RULE: Rule = Rule {
    id: "cr-remote-api",
    layer: Layer::Runtime,
    coe: CoeKind::Swarm,
    guide: "L399-429",
    symptoms: &["S8", "S10", "S20"],
    needs: &[NodeFacts::UNITS, NodeFacts::SOCKETS],
    explains: &["sw-*"],
    not_if: &["nv-shutoff", "sw-engine-down"],
    check,
    cases: &[
        fires("nothing listens on the cluster's port", || deaf("master-0")),
        quiet("Docker is not running at all", || deaf("master-0").unit("master-0", "docker", stopped())),
        quiet("workers need not listen", || deaf("node-1")),
        blind("the manager cannot be read", || swarm(1, 2).node_dark("master-0").not_ready("master-0", "")),
    ],
    inject: &[Act::On {
        node: "master-0",
        argv: &[
            "sh",
            "-c",
            "cd /etc/systemd/system/docker.service.d && sed 's/--host=tcp[^ ]*//' 10-magnum.conf > 90-deaf.conf && systemctl daemon-reload && systemctl restart docker",
        ],
    }],
    undo: &[Act::On {
        node: "master-0",
        argv: &["sh", "-c", "rm /etc/systemd/system/docker.service.d/90-deaf.conf; systemctl daemon-reload; systemctl restart docker"],
    }],
    ..Rule::BASE
};

fn deaf(node: &'static str) -> Scene {
    swarm(1, 2).with(move |f| {
        if let Some(all) = f.nodes.get_mut(node).and_then(|n| n.sockets.value_mut()) {
            all.clear();
        }
    })
}

fn check(facts: &Facts) -> Verdict {
    let alone = facts.cluster.masters().count() == 1;
    masters(facts, |n| {
        when(facts.cluster.coe.is_swarm())?;
        let address = facts.cluster.api_address.as_deref().ok_or(Stop::Quiet)?;
        let port: u16 = address.rsplit(':').next().and_then(|p| p.trim_end_matches('/').parse().ok()).ok_or(Stop::Quiet)?;
        let unit = n.unit("docker")?;
        when(unit.is_up() && n.member.came_up())?;
        let sockets = need(&n.node.sockets, NodeFacts::SOCKETS)?;
        when(!sockets.value.iter().any(|s| s.protocol == "tcp" && s.port == port))?;
        let ports: Vec<String> = sockets.value.iter().filter(|s| s.process == "dockerd").map(|s| s.port.to_string()).collect();
        let name = n.name;
        Ok(Finding::cause(
            n.subject(),
            format!("Docker on {name} does not listen on port {port}, where the cluster's clients look for it."),
        )
        .because(format!("nothing listens on TCP {port}"), [sockets.cite("listeners", format!("dockerd: {}", ports.join(" ")))])
        .because("Docker runs", [unit.cite("docker", unit.state_text())])
        .because(format!("clients are told {address}"), [facts.cluster.cite("api_address", address)])
        .spreads_if(alone)
        .fix(format!("Start dockerd with --host=tcp://0.0.0.0:{port} and its TLS files again."))
        .run(Command::new(Risk::ReadOnly, n.exec("systemctl cat docker"))))
    })
}
