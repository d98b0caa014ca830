// SPDX-License-Identifier: Apache-2.0
//! A node has no CNI configuration.
//!
//! ## What you see
//! The node is `NotReady` with "cni plugin not initialized" or "network plugin is not ready"; no new pod gets an address.
//!
//! ## Why it happens
//! `/etc/cni/net.d` is empty or holds nothing that can be read: it was cleared, or the network add-on never wrote it.
//!
//! ## What to do
//! Have the overlay write it again, by restarting flanneld on that node.

use crate::fixture::kubernetes;
use crate::report::{Command, Risk};
use crate::{Act, CoeKind, Finding, Layer, Rule, Stop, Verdict, blind, each_node, fires, need, quiet, when};
use magnum_facts::node::{Configs, NodeFacts};
use magnum_facts::{Citation, Facts};
use serde_json::Value;

pub static RULE: Rule = Rule {
    id: "fl-cni-conf-missing",
    layer: Layer::Overlay,
    coe: CoeKind::Kubernetes,
    guide: "L250-284",
    symptoms: &["S16", "S7"],
    needs: &[NodeFacts::CONFIGS],
    explains: &["kn-pleg"],
    not_if: &["nv-shutoff"],
    check,
    cases: &[
        fires("it was removed", || kubernetes(1, 2).file("node-1", CONF, None).not_ready("node-1", "cni plugin not initialized")),
        fires("it cannot be read", || kubernetes(1, 2).file("node-1", CONF, Some("{\"cniVersion\":"))),
        quiet("it is there, the node is not ready", || kubernetes(1, 2).not_ready("node-1", "container runtime is down")),
        quiet("the node is still coming up", || {
            kubernetes(1, 2).file("node-1", CONF, None).step("node-1", "overlay", magnum_types::StepState::Started, "")
        }),
        blind("the node cannot be read", || kubernetes(1, 2).node_dark("node-1")),
    ],
    inject: &[Act::On { node: "node-1", argv: &["rm", CONF] }],
    undo: &[
        Act::On { node: "node-1", argv: &["systemctl", "restart", "flanneld"] },
        Act::KubectlUntil { argv: &["get", "node", "node-1"], contains: " Ready", seconds: 30 },
    ],
    ..Rule::BASE
};

const CONF: &str = "/etc/cni/net.d/10-flannel.conflist";
const FOLDER: &str = "/etc/cni/net.d";

fn check(facts: &Facts) -> Verdict {
    each_node(facts, |n| {
        when(n.member.came_up())?;
        let configs = need(&n.node.configs, NodeFacts::CONFIGS)?;
        when(usable(configs.value).is_none())?;
        let found = configs.folders.get(FOLDER).filter(|names| !names.is_empty());
        let quote = found.map_or("empty".to_owned(), |names| format!("nothing that can be read in {}", names.join(", ")));
        Ok(Finding::cause(n.subject(), format!("{} has no CNI configuration: no pod can be given a network there.", n.name))
            .because(format!("{FOLDER} holds no configuration"), [configs.cite(FOLDER, quote)])
            .because_if(kubelet(facts, n.name))
            .fix("Restart flanneld on this node: it writes the configuration.")
            .run(Command::new(Risk::ReadOnly, n.exec(&format!("ls -l {FOLDER}"))))
            .run(Command::new(Risk::ChangesNode, n.exec("systemctl restart flanneld"))))
    })
}

/// The first configuration that is JSON.
fn usable(configs: &Configs) -> Option<&str> {
    let inside = configs.files.iter().filter(|(path, _)| path.starts_with(FOLDER));
    inside.filter(|(_, file)| serde_json::from_str::<Value>(&file.text).is_ok_and(|v| v.is_object())).map(|(path, _)| path.as_str()).next()
}

fn kubelet(facts: &Facts, name: &str) -> Option<(String, Citation)> {
    let nodes = facts.kubernetes.nodes.look().ok()??;
    let ready = nodes.value.iter().find(|k| k.name == name).filter(|k| !k.is_ready())?.condition("Ready").ok_or(Stop::Quiet).ok()?;
    Some((format!("the kubelet says: {}", ready.message), nodes.cite(name, format!("Ready={} {}", ready.status, ready.message))))
}
