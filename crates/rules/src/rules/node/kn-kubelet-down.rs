// SPDX-License-Identifier: Apache-2.0
//! The kubelet is not running on a node.
//!
//! ## What you see
//! The node becomes `NotReady` after about 40 seconds, with "Kubelet stopped posting node status". Pods on it go on running, but
//! nobody starts, stops or watches them, and `kubectl logs` and `exec` for them fail.
//!
//! ## Why it happens
//! The kubelet was stopped, crashed, or cannot start: a wrong cgroup driver, swap, an expired certificate, no container runtime.
//!
//! ## What to do
//! Read the last lines of its journal on that node, mend what they name, start it.

use crate::ask::NodeAsk;
use crate::fixture::{crashed, kubernetes, stopped};
use crate::report::{Command, Risk};
use crate::{Act, CoeKind, Finding, Layer, Rule, Verdict, blind, each_node, fires, last_words, quiet};
use magnum_facts::Facts;
use magnum_facts::coe::KubernetesFacts;
use magnum_facts::node::NodeFacts;

pub static RULE: Rule = Rule {
    id: "kn-kubelet-down",
    layer: Layer::Node,
    coe: CoeKind::Kubernetes,
    guide: "L390",
    symptoms: &["S6", "S16", "S17"],
    needs: &[NodeFacts::UNITS, KubernetesFacts::NODES],
    explains: &["kp-no-endpoints", "wl-pull-notfound", "kn-not-registered"],
    not_if: &["nv-shutoff"],
    check,
    cases: &[
        fires("stopped on a worker", || {
            kubernetes(1, 2).unit("node-1", "kubelet", stopped()).not_ready("node-1", "Kubelet stopped posting node status.")
        }),
        fires("exits at once", || {
            let dead = crashed(
                255,
                "failed to run Kubelet: misconfiguration: kubelet cgroup driver: \"systemd\" is different from docker cgroup driver: \"cgroupfs\"",
            );
            kubernetes(1, 2).unit("node-0", "kubelet", dead).not_ready("node-0", "")
        }),
        fires("stopped a moment ago: still Ready", || kubernetes(1, 2).unit("node-1", "kubelet", stopped())),
        quiet("the runtime is down, the kubelet runs", || {
            kubernetes(1, 2).unit("node-1", "containerd", stopped()).not_ready("node-1", "container runtime is down")
        }),
        quiet("the kubelet cannot reach the API", || kubernetes(1, 2).not_ready("node-1", "Kubelet stopped posting node status.")),
        blind("the node cannot be read", || {
            kubernetes(1, 2).node_dark("node-1").not_ready("node-1", "Kubelet stopped posting node status.")
        }),
    ],
    inject: &[Act::On { node: "node-1", argv: &["systemctl", "stop", "kubelet"] }],
    undo: &[Act::On { node: "node-1", argv: &["systemctl", "start", "kubelet"] }],
    ..Rule::BASE
};

fn check(facts: &Facts) -> Verdict {
    each_node(facts, |n| {
        let unit = n.down("kubelet")?;
        let last = last_words(&unit, "kubelet");
        Ok(Finding::cause(n.subject(), format!("The kubelet is {} on {}.", unit.state_text(), n.name))
            .because("the unit kubelet is not running", [unit.cite("kubelet", unit.state_text())])
            .because_if(last)
            .because_if(ready(&n))
            .fix("Mend what its journal names and start it; the node is Ready again within seconds.")
            .run(Command::new(Risk::ReadOnly, n.exec("journalctl -u kubelet -n 30")))
            .run(Command::new(Risk::ChangesNode, n.exec("systemctl start kubelet"))))
    })
}

fn ready(n: &NodeAsk<'_>) -> Option<(String, magnum_facts::Citation)> {
    let nodes = n.all.kubernetes.nodes.look().ok()??;
    let node = nodes.value.iter().find(|k| k.name == n.name)?;
    let condition = node.condition("Ready")?;
    let text = if node.is_ready() { "Kubernetes has not noticed yet" } else { "Kubernetes no longer hears from it" };
    Some((text.to_owned(), nodes.cite(n.name, format!("Ready={} {}", condition.status, condition.message).trim_end())))
}
