// SPDX-License-Identifier: Apache-2.0
//! The container runtime is not running on a node.
//!
//! ## What you see
//! The node becomes `NotReady` with "container runtime is down"; pods on it keep running but none can be started or stopped, and
//! `crictl`, `ctr` or `docker` on the node cannot connect.
//!
//! ## Why it happens
//! containerd was stopped, crashed, or cannot start: a broken configuration, a full disk, a storage driver the kernel lacks.
//!
//! ## What to do
//! Read the last lines of its journal, mend what they name, start it.

use crate::fixture::{crashed, kubernetes, stopped, swarm};
use crate::report::{Command, Risk};
use crate::{Act, CoeKind, Finding, Layer, NodeAsk, Rule, Verdict, blind, each_node, fires, last_words, quiet};
use magnum_facts::Facts;
use magnum_facts::node::NodeFacts;

pub static RULE: Rule = Rule {
    id: "cr-daemon-down",
    layer: Layer::Runtime,
    coe: CoeKind::Any,
    guide: "L429",
    symptoms: &["S5", "S8", "S16", "S19"],
    needs: &[NodeFacts::UNITS, NodeFacts::RUNTIMES],
    explains: &["kn-kubelet-down", "kn-pleg", "sw-engine-down", "wl-pull-notfound", "kp-no-endpoints"],
    not_if: &["nv-shutoff"],
    check,
    cases: &[
        fires("stopped on a worker", || {
            kubernetes(1, 2).unit("node-1", "containerd", stopped()).not_ready("node-1", "container runtime is down")
        }),
        fires("crashed, and the kubelet with it", || {
            let bad = crashed(1, "containerd: invalid plugin config");
            kubernetes(1, 2).unit("node-0", "containerd", bad).unit("node-0", "kubelet", stopped()).not_ready("node-0", "")
        }),
        fires("stopped under docker", || swarm(1, 2).unit("node-0", "containerd", stopped())),
        quiet("only the kubelet is stopped", || kubernetes(1, 2).unit("node-1", "kubelet", stopped()).not_ready("node-1", "")),
        quiet("docker is not used by Kubernetes", || kubernetes(1, 2).unit("node-1", "docker", stopped())),
        blind("the node cannot be read", || kubernetes(1, 2).node_dark("node-1").not_ready("node-1", "")),
    ],
    inject: &[Act::On { node: "node-1", argv: &["systemctl", "stop", "containerd"] }],
    undo: &[Act::On { node: "node-1", argv: &["systemctl", "start", "containerd"] }],
    ..Rule::BASE
};

fn check(facts: &Facts) -> Verdict {
    each_node(facts, |n| {
        let unit = n.down("containerd")?;
        let last = last_words(&unit, "containerd");
        Ok(Finding::cause(n.subject(), format!("containerd is {} on {}.", unit.state_text(), n.name))
            .because("the unit containerd is not running", [unit.cite("containerd", unit.state_text())])
            .because_if(last)
            .because_if(socket(&n))
            .fix("Mend what its journal names and start it; pods that were running go on.")
            .run(Command::new(Risk::ReadOnly, n.exec("journalctl -u containerd -n 30")))
            .run(Command::new(Risk::ChangesNode, n.exec("systemctl start containerd"))))
    })
}

fn socket(n: &NodeAsk<'_>) -> Option<(String, magnum_facts::Citation)> {
    let runtimes = n.node.runtimes.look().ok()??;
    let runtime = runtimes.value.iter().find(|r| r.name == "containerd" && !r.answers)?;
    Some(("its socket does not answer".to_owned(), runtimes.cite(runtime.socket.clone(), runtime.error.clone())))
}
