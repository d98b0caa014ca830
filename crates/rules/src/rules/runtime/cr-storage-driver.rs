// SPDX-License-Identifier: Apache-2.0
//! Docker is told to use a storage driver that the node's kernel does not have.
//!
//! ## What you see
//! Docker does not start: "error initializing graphdriver: driver not supported" (or "devmapper: …", "overlay: …").
//!
//! ## Why it happens
//! `storage-driver` in `daemon.json` or on the command line names a driver whose kernel part or file system is missing: `devicemapper` on
//! a kernel without device-mapper, `overlay2` on an XFS without file types.
//!
//! ## What to do
//! Use `overlay2`, or name no driver; then start Docker. Images and containers of the other driver are not seen until it is back.

use crate::fixture::{crashed, log, stopped, swarm};
use crate::report::{Command, Risk};
use crate::{Act, CoeKind, Finding, Layer, Rule, Verdict, blind, each_node, fires, quiet, when};
use magnum_facts::Facts;
use magnum_facts::node::NodeFacts;

pub static RULE: Rule = Rule {
    id: "cr-storage-driver",
    layer: Layer::Runtime,
    coe: CoeKind::Swarm,
    guide: "L31-33",
    symptoms: &["S3", "S8"],
    needs: &[NodeFacts::UNITS, NodeFacts::JOURNALS, NodeFacts::CONFIGS],
    explains: &["sw-*"],
    not_if: &["nv-shutoff"],
    check,
    cases: &[
        fires("devicemapper without device-mapper", || {
            swarm(1, 2)
                .unit("node-1", "docker", crashed(1, UNSUPPORTED))
                .file("node-1", DAEMON, Some("{\"storage-driver\": \"devicemapper\"}"))
                .not_ready("node-1", "")
        }),
        quiet("it said so once, and was stopped by hand", || swarm(1, 2).unit("node-1", "docker", log(stopped(), &[UNSUPPORTED]))),
        quiet("it said so once, and runs", || swarm(1, 2).says("node-1", "docker", &[UNSUPPORTED])),
        blind("the node cannot be read", || swarm(1, 2).node_dark("node-1").not_ready("node-1", "")),
    ],
    inject: &[Act::On {
        node: "node-1",
        argv: &["sh", "-c", "echo '{\"storage-driver\": \"devicemapper\"}' > /etc/docker/daemon.json; systemctl --no-block restart docker"],
    }],
    undo: &[Act::On { node: "node-1", argv: &["sh", "-c", "rm /etc/docker/daemon.json; systemctl restart docker"] }],
    ..Rule::BASE
};

const UNSUPPORTED: &str = "failed to start daemon: error initializing graphdriver: driver not supported";
const DAEMON: &str = "/etc/docker/daemon.json";

fn check(facts: &Facts) -> Verdict {
    each_node(facts, |n| {
        when(facts.cluster.coe.is_swarm())?;
        let unit = n.down("docker")?;
        // Stopped by hand, it says nothing new.
        when(unit.has_crashed())?;
        let line = unit.says(&["error initializing graphdriver"]).ok_or_else(|| n.unheard())?;
        let config = n.node.configs.look().ok().flatten();
        let named = config.as_ref().and_then(|c| {
            let text = c.text(DAEMON).filter(|text| text.contains("storage-driver"))?;
            Some((format!("{DAEMON} names a storage driver"), c.cite(DAEMON, text.trim())))
        });
        let name = n.name;
        Ok(Finding::cause(n.subject(), format!("Docker on {name} cannot start: its storage driver is not there."))
            .because("Docker ends because of its storage driver", [unit.cite("docker.log", line)])
            .because_if(named)
            .fix(format!("Name overlay2, or no driver at all, in {DAEMON}, and start Docker."))
            .run(Command::new(Risk::ReadOnly, n.exec("cat /proc/filesystems")))
            .run(Command::new(Risk::ChangesNode, n.exec("systemctl start docker"))))
    })
}
