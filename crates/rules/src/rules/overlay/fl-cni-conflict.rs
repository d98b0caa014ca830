// SPDX-License-Identifier: Apache-2.0
//! Another CNI configuration on a node comes before flannel's.
//!
//! ## What you see
//! New pods on this node get addresses of another network, or fail with "already has an IP address different from"; old pods work.
//!
//! ## Why it happens
//! The runtime takes the first file in `/etc/cni/net.d`, by name. Another program (podman, an older add-on) left one that sorts before
//! flannel's.
//!
//! ## What to do
//! Remove the other file and make the pods anew that got an address from it.

use crate::fixture::{Scene, kubernetes};
use crate::report::{Command, Risk};
use crate::{Act, CoeKind, Finding, Layer, Rule, Stop, Verdict, blind, each_node, fires, need, quiet, when};
use magnum_facts::Facts;
use magnum_facts::node::{Configs, NodeFacts};

pub static RULE: Rule = Rule {
    id: "fl-cni-conflict",
    layer: Layer::Overlay,
    coe: CoeKind::Kubernetes,
    guide: "L245-284",
    symptoms: &["S7"],
    needs: &[NodeFacts::CONFIGS],
    set_so: true,
    check,
    cases: &[
        fires("podman's comes first", || other("00-podman.conflist")),
        quiet("another one comes after it", || other("87-podman-bridge.conflist")),
        quiet("a file that does not count", || other("00-notes.txt")),
        blind("the node cannot be read", || kubernetes(1, 2).node_dark("node-1")),
    ],
    inject: &[Act::On { node: "node-1", argv: &["sh", "-c", "printf '%s' \"$0\" > /etc/cni/net.d/00-podman.conflist", PODMAN] }],
    undo: &[Act::On { node: "node-1", argv: &["rm", "/etc/cni/net.d/00-podman.conflist"] }],
    ..Rule::BASE
};

const FOLDER: &str = "/etc/cni/net.d";
const PODMAN: &str = r#"{"cniVersion":"0.4.0","name":"podman","plugins":[{"type":"bridge","bridge":"cni-podman0","isGateway":true,"ipMasq":true,"ipam":{"type":"host-local","ranges":[[{"subnet":"10.88.0.0/16"}]],"routes":[{"dst":"0.0.0.0/0"}]}}]}"#;

fn other(name: &str) -> Scene {
    kubernetes(1, 2).file("node-1", &format!("{FOLDER}/{name}"), Some(PODMAN))
}

fn check(facts: &Facts) -> Verdict {
    each_node(facts, |n| {
        let configs = need(&n.node.configs, NodeFacts::CONFIGS)?;
        let names = configs.folders.get(FOLDER).ok_or(Stop::Quiet)?;
        let counts = |name: &&String| [".conf", ".conflist", ".json"].iter().any(|end| name.ends_with(end));
        let first = names.iter().filter(counts).min().ok_or(Stop::Quiet)?;
        let flannel = names.iter().filter(counts).find(|name| is_flannels(configs.value, name)).ok_or(Stop::Quiet)?;
        when(first != flannel)?;
        let path = format!("{FOLDER}/{first}");
        let text: String = configs.text(&path).unwrap_or_default().chars().take(200).collect();
        Ok(Finding::cause(n.subject(), format!("On {}, {path} comes before flannel's {flannel}: new pods get its network.", n.name))
            .because("the runtime takes the first file by name", [configs.cite(FOLDER, names.join(", "))])
            .because(format!("{first} is not the overlay's"), [configs.cite(path.clone(), text)])
            .fix("Remove the file, and make the pods anew that were started since it was there.")
            .run(Command::new(Risk::ChangesNode, n.exec(&format!("rm {path}")))))
    })
}

/// The overlay's own configuration: by its name, or because it uses the overlay's bridge.
fn is_flannels(configs: &Configs, name: &str) -> bool {
    name.contains("flannel") || configs.text(&format!("{FOLDER}/{name}")).is_some_and(|text| text.contains("\"flannel\""))
}
