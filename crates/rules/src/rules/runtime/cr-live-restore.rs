// SPDX-License-Identifier: Apache-2.0
//! Docker runs with live-restore, which a swarm does not allow.
//!
//! ## What you see
//! Docker does not start, or the node cannot join: "--live-restore daemon configuration is incompatible with swarm mode".
//!
//! ## Why it happens
//! `live-restore` in `daemon.json` or on the command line keeps containers running while Docker is down. A node of a swarm must not do that:
//! the managers start its tasks elsewhere.
//!
//! ## What to do
//! Take the setting away and start Docker.

use crate::fixture::{crashed, stopped, swarm};
use crate::report::{Command, Risk};
use crate::{Act, CoeKind, Finding, Layer, Rule, Verdict, blind, each_node, fires, quiet, when};
use magnum_facts::Facts;
use magnum_facts::node::NodeFacts;

pub static RULE: Rule = Rule {
    id: "cr-live-restore",
    layer: Layer::Runtime,
    coe: CoeKind::Swarm,
    guide: "L31-33, L53",
    symptoms: &["S3", "S8"],
    needs: &[NodeFacts::UNITS, NodeFacts::JOURNALS, NodeFacts::CONFIGS],
    explains: &["sw-*"],
    not_if: &["nv-shutoff"],
    check,
    cases: &[
        fires("it is on, and Docker ends", || swarm(1, 2).unit("node-1", "docker", crashed(1, REFUSED)).not_ready("node-1", "")),
        quiet("stopped for another reason", || swarm(1, 2).unit("node-1", "docker", stopped())),
        quiet("it said so once, and runs", || swarm(1, 2).says("node-1", "docker", &[REFUSED])),
        blind("the node cannot be read", || swarm(1, 2).node_dark("node-1").not_ready("node-1", "")),
    ],
    inject: &[Act::On {
        node: "node-1",
        argv: &[
            "sh",
            "-c",
            "cd /etc/systemd/system/docker.service.d && sed s/--live-restore=false/--live-restore=true/ 10-magnum.conf > 90-restore.conf && systemctl daemon-reload && systemctl --no-block restart docker",
        ],
    }],
    undo: &[Act::On {
        node: "node-1",
        argv: &["sh", "-c", "rm /etc/systemd/system/docker.service.d/90-restore.conf; systemctl daemon-reload; systemctl restart docker"],
    }],
    ..Rule::BASE
};

const REFUSED: &str =
    "failed to start daemon: Error starting cluster component: --live-restore daemon configuration is incompatible with swarm mode";

fn check(facts: &Facts) -> Verdict {
    each_node(facts, |n| {
        when(facts.cluster.coe.is_swarm())?;
        let unit = n.down("docker")?;
        // Stopped by hand, it says nothing new.
        when(unit.has_crashed())?;
        let line = unit.says(&["live-restore daemon configuration is incompatible"]).ok_or_else(|| n.unheard())?;
        let setting = n.node.configs.look().ok().flatten().and_then(|configs| {
            let sets = |(path, file): (&String, &magnum_facts::node::ConfigFile)| {
                let line = file.text.lines().find(|l| l.contains("live-restore") && l.contains("true"))?;
                Some((format!("{path} turns it on"), configs.cite(path.clone(), line.trim())))
            };
            configs.files.iter().filter(|(path, _)| path.contains("docker")).find_map(sets)
        });
        let name = n.name;
        Ok(Finding::cause(n.subject(), format!("Docker on {name} cannot start: live-restore is on, which a swarm does not allow."))
            .because("Docker ends because of live-restore", [unit.cite("docker.log", line)])
            .because_if(setting)
            .fix("Take live-restore out of daemon.json and the command line, and start Docker.")
            .run(Command::new(Risk::ReadOnly, n.exec("systemctl cat docker")))
            .run(Command::new(Risk::ChangesNode, n.exec("systemctl start docker"))))
    })
}
