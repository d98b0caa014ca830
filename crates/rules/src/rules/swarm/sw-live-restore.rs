// SPDX-License-Identifier: Apache-2.0
//! Docker's live restore is on, which swarm mode refuses.
//!
//! ## What you see
//! dockerd ends at once on a node of the swarm: "--live-restore daemon configuration is incompatible with swarm mode". On a node that is not
//! in a swarm yet, `docker swarm init` and `docker swarm join` are refused with the same words.
//!
//! ## Why it happens
//! `"live-restore": true` in `/etc/docker/daemon.json`, or `--live-restore` among dockerd's arguments: the default of some images.
//!
//! ## What to do
//! Switch it off where it is switched on, and restart Docker.

use crate::fixture::{crashed, stopped, swarm};
use crate::report::{Command, Risk};
use crate::{Act, CoeKind, Finding, Layer, NodeAsk, Rule, Stop, Verdict, blind, each_node, fires, quiet, when};
use magnum_facts::node::NodeFacts;
use magnum_facts::{Citation, Facts};

const LINE: &str = "failed to start daemon: --live-restore daemon configuration is incompatible with swarm mode";
const DAEMON: &str = "/etc/docker/daemon.json";

pub static RULE: Rule = Rule {
    id: "sw-live-restore",
    layer: Layer::Swarm,
    coe: CoeKind::Swarm,
    guide: "L31, L399",
    symptoms: &["S3", "S8"],
    needs: &[NodeFacts::UNITS, NodeFacts::CONFIGS],
    explains: &["sw-engine-down", "sw-task-*", "sw-quorum-lost", "boot-script-failed"],
    not_if: &["nv-shutoff"],
    check,
    cases: &[
        fires("switched on in daemon.json", || {
            let text = "{\"live-restore\": true}\n";
            swarm(1, 2).unit("node-1", "docker", crashed(1, LINE)).file("node-1", DAEMON, Some(text)).not_ready("node-1", "")
        }),
        quiet("Docker is stopped", || swarm(1, 2).unit("node-1", "docker", stopped()).not_ready("node-1", "")),
        quiet("it was so once, and Docker runs now", || swarm(1, 2).says("node-1", "docker", &[LINE])),
        blind("the node cannot be read", || swarm(1, 2).node_dark("node-1").not_ready("node-1", "")),
    ],
    inject: &[Act::On {
        node: "node-1",
        argv: &[
            "bash",
            "-c",
            "mkdir -p /run/systemd/system/docker.service.d; sed s/live-restore=false/live-restore=true/ \
             /etc/systemd/system/docker.service.d/10-magnum.conf > /run/systemd/system/docker.service.d/50-live-restore.conf; \
             systemctl daemon-reload; systemctl stop docker.socket docker; systemctl start --no-block docker",
        ],
    }],
    undo: &[Act::On {
        node: "node-1",
        argv: &[
            "bash",
            "-c",
            "rm -r /run/systemd/system/docker.service.d; systemctl daemon-reload; systemctl stop docker; systemctl reset-failed docker; \
             systemctl start docker.socket docker",
        ],
    }],
    ..Rule::BASE
};

/// Where it is switched on.
fn switch(n: &NodeAsk<'_>) -> Option<(String, Citation)> {
    let configs = n.node.configs.look().ok()??;
    let on = |text: &str| {
        let plain: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        plain.contains("\"live-restore\":true") || plain.contains("--live-restore=true")
    };
    let daemon = configs.text(DAEMON).filter(|text| on(text)).map(|_| DAEMON);
    let path = daemon.or_else(|| configs.value.unit_files("docker").filter(|(_, text)| on(text)).map(|(path, _)| path).last())?;
    Some((format!("{path} switches it on"), configs.cite(path, "live-restore is true")))
}

fn check(facts: &Facts) -> Verdict {
    each_node(facts, |n| {
        let unit = n.unit("docker")?;
        when(!unit.is_up() && n.member.came_up())?;
        let line = unit.value.says(&["incompatible with swarm mode"]).ok_or(Stop::Quiet)?;
        let (cluster, name) = (&facts.cluster.name, n.name);
        Ok(Finding::cause(n.subject(), format!("Docker does not start on {name}: live restore is on, which swarm mode refuses."))
            .because("it says so whenever it starts", [unit.cite("docker.log", line)])
            .because(format!("it is {}", unit.state_text()), [unit.cite("docker", unit.state_text())])
            .because_if(switch(&n))
            .fix("Switch live restore off and restart Docker.")
            .run(Command::new(
                Risk::ReadOnly,
                format!("magnum node exec {cluster} {name} -- grep -rn live-restore /etc/docker /etc/systemd/system"),
            ))
            .run(Command::new(Risk::ChangesNode, format!("magnum node exec {cluster} {name} -- systemctl restart docker"))))
    })
}
