// SPDX-License-Identifier: Apache-2.0
//! The kernel kills a service of a node for lack of memory.
//!
//! ## What you see
//! A service ends with signal 9 and is started again, over and over; its own log stops in the middle. The kernel's messages say
//! "Out of memory: Killed process" or "oom-kill".
//!
//! ## Why it happens
//! The flavor has too little memory (a master needs 2 GiB), other programs use it up, or the service's unit has a limit (`MemoryMax=`)
//! that is too low. A container beyond its own limit is another matter: that pod says `OOMKilled`.
//!
//! ## What to do
//! Raise the limit, move something away, or use a bigger flavor.

use crate::fixture::{Scene, crashed, kubernetes, stopped};
use crate::report::{Command, Risk};
use crate::{Act, CoeKind, Finding, Layer, Rule, Stop, Verdict, blind, each_node, fires, need, quiet, when};
use magnum_facts::Facts;
use magnum_facts::node::{Killed, NodeFacts};

pub static RULE: Rule = Rule {
    id: "boot-oom",
    layer: Layer::Boot,
    coe: CoeKind::Kubernetes,
    guide: "L19-25",
    symptoms: &["S1", "S16", "S19"],
    needs: &[NodeFacts::MEMORY, NodeFacts::UNITS],
    explains: &["kn-*", "kp-*", "kcp-*", "etcd-not-running", "cr-daemon-down", "fl-not-running", "dns-*"],
    not_if: &["nv-shutoff"],
    check,
    cases: &[
        fires("the kubelet is killed again and again", || killed(2).unit("node-1", "kubelet", crashed(9, ""))),
        quiet("it was killed once, and runs", || killed(300)),
        quiet("it was killed long ago, and somebody has stopped it", || killed(60).unit("node-1", "kubelet", stopped())),
        quiet("it crashes by itself", || kubernetes(1, 2).unit("node-1", "kubelet", crashed(9, ""))),
        blind("the node cannot be read", || kubernetes(1, 2).node_dark("node-1").not_ready("node-1", "")),
    ],
    inject: &[Act::On {
        node: "node-1",
        argv: &[
            "sh",
            "-c",
            "d=/etc/systemd/system/kubelet.service.d; mkdir -p $d && printf '[Service]\\nMemoryMax=16M\\n' > $d/90-small.conf && systemctl daemon-reload && systemctl --no-block restart kubelet",
        ],
    }],
    undo: &[Act::On {
        node: "node-1",
        argv: &["sh", "-c", "rm -r /etc/systemd/system/kubelet.service.d && systemctl daemon-reload && systemctl restart kubelet"],
    }],
    ..Rule::BASE
};

fn killed(seconds_ago: u64) -> Scene {
    kubernetes(1, 2).with(move |f| {
        let one = Killed { unit: "kubelet".into(), process: "kubelet".into(), seconds_ago };
        f.nodes.get_mut("node-1").and_then(|n| n.memory.value_mut()).into_iter().for_each(|m| m.killed.push(one.clone()));
    })
}

fn check(facts: &Facts) -> Verdict {
    each_node(facts, |n| {
        let memory = need(&n.node.memory, NodeFacts::MEMORY)?;
        let last = memory.killed.iter().rev().find(|k| n.unit(&k.unit).is_ok_and(|u| u.is_down() || u.restarts > 0)).ok_or(Stop::Quiet)?;
        let unit = n.unit(&last.unit)?;
        // One that came up again and stays up is no trouble any more.
        when((unit.has_crashed() && last.seconds_ago < 120) || last.seconds_ago < 30)?;
        let limit = n.node.configs.look().ok().flatten().and_then(|configs| {
            let lines = configs.unit_files(&last.unit).flat_map(|(path, text)| text.lines().map(move |l| (path, l.trim())));
            let (path, line) = lines.filter(|(_, l)| l.starts_with("MemoryMax=") || l.starts_with("MemoryLimit=")).last()?;
            Some(("its unit has a limit of its own".to_owned(), configs.cite(path, line)))
        });
        let (name, service) = (n.name, &last.unit);
        let times = memory.killed.iter().filter(|k| k.unit == last.unit).count();
        let quote = format!("{} of {service} killed, {} s ago", last.process, last.seconds_ago);
        let free = format!("{} of {} MiB available", memory.available_bytes >> 20, memory.total_bytes >> 20);
        Ok(Finding::cause(n.subject(), format!("The kernel kills {service} on {name} for lack of memory, {times} times in ten minutes."))
            .because("the kernel's messages say so", [memory.cite("killed", quote)])
            .because("the service does not stay up", [unit.cite(service.clone(), unit.state_text())])
            .because("this is what memory the node has", [memory.cite("available", free)])
            .because_if(limit)
            .fix("Raise the limit, move something away, or use a bigger flavor.")
            .run(Command::new(Risk::ReadOnly, n.exec(&format!("systemctl show {service} -p MemoryMax"))))
            .run(Command::new(Risk::ReadOnly, n.exec("free -m"))))
    })
}
