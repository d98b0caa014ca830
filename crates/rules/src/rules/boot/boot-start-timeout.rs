// SPDX-License-Identifier: Apache-2.0
//! A service of a node takes longer to start than systemd allows.
//!
//! ## What you see
//! `systemctl status` shows "Active: failed (Result: timeout)" or `activating` over and over; the service never comes up, and its own log
//! has no error.
//!
//! ## Why it happens
//! Something that runs before or while it starts (a download, a wait for a device) is slower than `TimeoutStartSec=`: systemd ends it and begins again.
//!
//! ## What to do
//! Find out what it waits for; raise `TimeoutStartSec=` only when that is merely slow.

use crate::fixture::{crashed, kubernetes};
use crate::report::{Command, Risk};
use crate::{Act, CoeKind, Finding, Layer, Rule, Stop, Verdict, blind, each_node, fires, need, quiet};
use magnum_facts::Facts;
use magnum_facts::node::{Activity, NodeFacts, Unit};

pub static RULE: Rule = Rule {
    id: "boot-start-timeout",
    layer: Layer::Boot,
    coe: CoeKind::Kubernetes,
    guide: "L19-25",
    symptoms: &["S1", "S2", "S16"],
    needs: &[NodeFacts::UNITS],
    explains: &["kn-*", "kp-*", "kcp-*", "cr-daemon-down", "etcd-not-running", "fl-not-running", "sw-engine-down", "dns-*"],
    not_if: &["nv-shutoff"],
    check,
    cases: &[
        fires("kube-proxy is ended before it has started", || kubernetes(1, 2).unit("node-1", "kube-proxy", slow())),
        quiet("it crashes by itself", || kubernetes(1, 2).unit("node-1", "kube-proxy", crashed(1, "bad flag"))),
        quiet("it was stopped, and slow to end", || {
            kubernetes(1, 2).unit("node-1", "kube-proxy", Unit { active: Activity::Failed, sub: "failed".into(), ..slow() })
        }),
        blind("the node cannot be read", || kubernetes(1, 2).node_dark("node-1").not_ready("node-1", "")),
    ],
    inject: &[Act::On {
        node: "node-1",
        argv: &[
            "sh",
            "-c",
            "d=/etc/systemd/system/kube-proxy.service.d; mkdir -p $d && printf '[Service]\\nTimeoutStartSec=1\\nRestartSec=3\\nExecStartPre=/bin/sleep 30\\n' > $d/90-slow.conf && systemctl daemon-reload && systemctl --no-block restart kube-proxy",
        ],
    }],
    undo: &[Act::On {
        node: "node-1",
        argv: &["sh", "-c", "rm -r /etc/systemd/system/kube-proxy.service.d && systemctl daemon-reload && systemctl restart kube-proxy"],
    }],
    ..Rule::BASE
};

fn slow() -> Unit {
    Unit { active: Activity::Activating, sub: "auto-restart".into(), result: "timeout".into(), restarts: 3, ..crashed(15, "") }
}

fn check(facts: &Facts) -> Verdict {
    each_node(facts, |n| {
        let units = need(&n.node.units, NodeFacts::UNITS)?;
        // A unit that was slow to stop has the same result, but is not started again.
        let (name, unit) = units.value.iter().find(|(_, u)| u.result == "timeout" && u.sub == "auto-restart").ok_or(Stop::Quiet)?;
        let before = n.node.configs.look().ok().flatten().and_then(|configs| {
            let (path, line) = configs
                .unit_files(name)
                .flat_map(|(path, text)| text.lines().map(move |l| (path, l.trim())))
                .find(|(_, line)| line.starts_with("ExecStartPre=") || line.starts_with("TimeoutStartSec="))?;
            Some(("its unit says what runs first, or how long it may take".to_owned(), configs.cite(path, line)))
        });
        let node = n.name;
        Ok(Finding::cause(n.subject(), format!("{name} on {node} does not start within the time that systemd gives it."))
            .because(format!("systemd ended {name} while it was starting"), [units.cite(name.clone(), unit.state_text())])
            .because_if(before)
            .fix("Find out what it waits for before it starts; raise TimeoutStartSec= when that is only slow.")
            .run(Command::new(Risk::ReadOnly, n.exec(&format!("systemctl cat {name}"))))
            .run(Command::new(Risk::ReadOnly, n.exec(&format!("journalctl -u {name} -n 30")))))
    })
}
