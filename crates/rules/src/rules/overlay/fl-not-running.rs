// SPDX-License-Identifier: Apache-2.0
//! Flannel is not running on a node.
//!
//! ## What you see
//! Pods on this node cannot reach pods on other nodes, or lose them when nodes come and go; on a node that has just booted,
//! pods do not start because the network has no configuration.
//!
//! ## Why it happens
//! flanneld was stopped, crashed, or cannot start on this node. It holds the node's share of the pod network and the forwarding entries
//! of the device `flannel.1`; without it, both grow old, and after a day the share itself is lost.
//!
//! ## What to do
//! Read the last lines of its journal on that node and start it.

use crate::ask::NodeAsk;
use crate::fixture::{crashed, drop_rule, kubernetes, stopped};
use crate::report::{Command, Risk};
use crate::{Act, CoeKind, Finding, Layer, Rule, Verdict, blind, each_node, fires, last_words, quiet};
use magnum_facts::Facts;
use magnum_facts::node::NodeFacts;

pub static RULE: Rule = Rule {
    id: "fl-not-running",
    layer: Layer::Overlay,
    coe: CoeKind::Kubernetes,
    guide: "L268, L385",
    symptoms: &["S7"],
    needs: &[NodeFacts::UNITS, NodeFacts::LINKS],
    explains: &["fl-udp-port-blocked", "fl-fdb-or-neigh-missing", "fl-cni-conf-missing", "kp-no-endpoints"],
    not_if: &["nv-shutoff"],
    check,
    cases: &[
        fires("stopped: the device is still there", || kubernetes(1, 2).unit("node-1", "flanneld", stopped())),
        fires("cannot start: no device", || {
            let dead = crashed(1, "failed to retrieve network config: context deadline exceeded");
            kubernetes(1, 2).unit("node-1", "flanneld", dead).overlay_dead("node-1").with(|f| {
                if let Some(links) = f.nodes.get_mut("node-1").and_then(|n| n.links.value_mut()) {
                    links.retain(|l| l.name != "flannel.1");
                }
            })
        }),
        quiet("it runs, its port is blocked", || kubernetes(1, 2).input_rules("node-1", &[drop_rule(8472, 20)]).overlay_dead("node-1")),
        blind("the node cannot be read", || kubernetes(1, 2).node_dark("node-1")),
    ],
    inject: &[Act::On { node: "node-1", argv: &["systemctl", "stop", "flanneld"] }],
    undo: &[Act::On { node: "node-1", argv: &["systemctl", "start", "flanneld"] }],
    ..Rule::BASE
};

fn check(facts: &Facts) -> Verdict {
    each_node(facts, |n| {
        let unit = n.down("flanneld")?;
        let last = last_words(&unit, "flanneld");
        Ok(Finding::cause(
            n.subject(),
            format!("flanneld is {} on {}: its overlay no longer follows the cluster.", unit.state_text(), n.name),
        )
        .because("the unit flanneld is not running", [unit.cite("flanneld", unit.state_text())])
        .because_if(last)
        .because_if(device(&n))
        .fix("Mend what its journal names and start it.")
        .run(Command::new(Risk::ReadOnly, n.exec("journalctl -u flanneld -n 30")))
        .run(Command::new(Risk::ChangesNode, n.exec("systemctl start flanneld"))))
    })
}

fn device(n: &NodeAsk<'_>) -> Option<(String, magnum_facts::Citation)> {
    let links = n.node.links.look().ok()??;
    match links.value.iter().find(|l| l.name.starts_with("flannel")) {
        Some(link) => {
            let quote = format!("{}, mtu {}", if link.up { "up" } else { "down" }, link.mtu);
            Some(("its device is still there, with what it knew last".to_owned(), links.cite(link.name.clone(), quote)))
        }
        None => Some(("there is no flannel device".to_owned(), links.cite("flannel.1", "no such device"))),
    }
}
