// SPDX-License-Identifier: Apache-2.0
//! The container runtime of a node hangs.
//!
//! ## What you see
//! `crictl`, `ctr` or `docker ps` on the node never return; the kubelet says "PLEG is not healthy" after some minutes. The unit is `active`
//! all the while, so that a look at the units finds nothing.
//!
//! ## Why it happens
//! The daemon's process is stopped by a signal, or waits in the kernel for a device. Its containers run on, but nobody can start or stop one.
//!
//! ## What to do
//! Let it go on (`kill -CONT`), or restart it; look for the reason in `dmesg` when it waits for a device.

use crate::fixture::{kubernetes, stopped, swarm};
use crate::report::{Command, Risk};
use crate::{Act, Finding, Layer, Rule, Stop, Verdict, blind, each_node, fires, need, quiet};
use magnum_facts::node::{NodeFacts, Process};
use magnum_facts::{Citation, Facts};

pub static RULE: Rule = Rule {
    id: "cr-hung",
    layer: Layer::Runtime,
    guide: "L429",
    symptoms: &["S6", "S8", "S16"],
    needs: &[NodeFacts::PROCESSES, NodeFacts::RUNTIMES],
    explains: &["kn-pleg", "kn-kubelet-down", "wl-*", "kp-no-endpoints", "sw-*", "dns-*"],
    not_if: &["nv-shutoff"],
    check,
    cases: &[
        fires("containerd was stopped by a signal", || hung("containerd", "T")),
        fires("containerd waits for a device and does not answer", || hung("containerd", "D").with(silent)),
        fires("dockerd was stopped by a signal", || {
            swarm(1, 2).with(|f| {
                if let Some(all) = f.nodes.get_mut("node-1").and_then(|n| n.processes.value_mut()) {
                    all.iter_mut().filter(|p| p.unit == "docker").for_each(|p| {
                        (p.state, p.name) = ("T".into(), "dockerd".into());
                    });
                }
            })
        }),
        quiet("it waits for a device, and answers", || hung("containerd", "D")),
        quiet("it is not running at all", || kubernetes(1, 2).unit("node-1", "containerd", stopped())),
        blind("the node cannot be read", || kubernetes(1, 2).node_dark("node-1").not_ready("node-1", "")),
    ],
    inject: &[Act::On { node: "node-1", argv: &["systemctl", "kill", "--kill-who=main", "-s", "STOP", "containerd"] }],
    undo: &[Act::On { node: "node-1", argv: &["systemctl", "kill", "--kill-who=main", "-s", "CONT", "containerd"] }],
    ..Rule::BASE
};

fn hung(unit: &'static str, state: &'static str) -> crate::fixture::Scene {
    kubernetes(1, 2).process("node-1", unit, move |p| p.state = state.into())
}

fn silent(facts: &mut Facts) {
    for runtime in facts.nodes.get_mut("node-1").and_then(|n| n.runtimes.value_mut()).into_iter().flatten() {
        (runtime.answers, runtime.error) = (false, "deadline exceeded".into());
    }
}

fn check(facts: &Facts) -> Verdict {
    each_node(facts, |n| {
        let all = need(&n.node.processes, NodeFacts::PROCESSES)?;
        let runtimes = n.node.runtimes.look().ok().flatten();
        let mute = |name: &str| runtimes.as_ref().is_none_or(|all| all.value.iter().all(|r| r.name != name || !r.answers));
        let hangs = |p: &&Process| {
            let runtime = match p.name.as_str() {
                "containerd" if p.unit == "containerd" => "containerd",
                "dockerd" => "docker",
                _ => return false,
            };
            p.is_stopped() || (p.state == "D" && mute(runtime))
        };
        let process = all.value.iter().find(hangs).ok_or(Stop::Quiet)?;
        let how = if process.is_stopped() { "is stopped by a signal" } else { "waits in the kernel for a device" };
        let silence: Option<(String, Citation)> = runtimes.as_ref().and_then(|found| {
            let mute = found.value.iter().find(|r| !r.answers)?;
            Some(("its socket does not answer".to_owned(), found.cite(mute.socket.clone(), mute.error.clone())))
        });
        let name = n.name;
        let go_on =
            if process.is_stopped() { format!("kill -CONT {}", process.pid) } else { format!("systemctl restart {}", process.unit) };
        Ok(Finding::cause(n.subject(), format!("{} on {name} {how}: it starts and stops no container.", process.name))
            .because(
                format!("the process {} {how}", process.name),
                [all.cite(format!("pid {}", process.pid), format!("state {}", process.state))],
            )
            .because_if(silence)
            .hides(Some(name), "node.runtimes")
            .fix("Let it go on, or restart it; running containers are not touched.")
            .run(Command::new(Risk::ChangesNode, n.exec(&go_on))))
    })
}
