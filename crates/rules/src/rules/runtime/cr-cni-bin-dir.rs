// SPDX-License-Identifier: Apache-2.0
//! containerd looks for the CNI plugins where they are not.
//!
//! ## What you see
//! New pods on the node stay in `ContainerCreating`: "failed to find plugin … in path […]". Pods that already run go on.
//!
//! ## Why it happens
//! `bin_dir` in containerd's configuration names another folder than the one in which the plugins were installed.
//!
//! ## What to do
//! Set `bin_dir` to the folder that holds them and restart containerd.

use crate::fixture::kubernetes;
use crate::report::{Command, Risk};
use crate::{Act, CoeKind, Finding, Layer, Rule, Stop, Verdict, blind, each_node, fires, need, quiet, when};
use magnum_facts::Facts;
use magnum_facts::node::NodeFacts;

pub static RULE: Rule = Rule {
    id: "cr-cni-bin-dir",
    layer: Layer::Runtime,
    coe: CoeKind::Kubernetes,
    guide: "L43-46",
    symptoms: &["S6"],
    needs: &[NodeFacts::CONFIGS],
    explains: &["wl-*", "kp-no-endpoints", "dns-*"],
    not_if: &["nv-shutoff"],
    check,
    cases: &[
        fires("the folder does not exist", || kubernetes(1, 2).file("node-1", CONFIG, Some("    bin_dir = \"/opt/cni/bin\"\n"))),
        fires("nothing is configured, and the usual folder is empty", || kubernetes(1, 2).file("node-1", CONFIG, Some("version = 2\n"))),
        quiet("the network has no configuration yet: another fault", || {
            kubernetes(1, 2).file("node-1", CNI, None).file("node-1", CONFIG, Some("    bin_dir = \"/opt/cni/bin\"\n"))
        }),
        quiet("a folder that nobody listed", || kubernetes(1, 2).file("node-1", CONFIG, Some("    bin_dir = \"/srv/cni\"\n"))),
        blind("the node cannot be read", || kubernetes(1, 2).node_dark("node-1").not_ready("node-1", "")),
    ],
    inject: &[Act::On {
        node: "node-1",
        argv: &[
            "sh",
            "-c",
            "cp /etc/containerd/config.toml /root/ && sed -i s,/usr/lib/cni,/opt/cni/bin, /etc/containerd/config.toml && systemctl restart containerd",
        ],
    }],
    undo: &[Act::On { node: "node-1", argv: &["sh", "-c", "mv /root/config.toml /etc/containerd/ && systemctl restart containerd"] }],
    ..Rule::BASE
};

const CONFIG: &str = "/etc/containerd/config.toml";
const CNI: &str = "/etc/cni/net.d/10-flannel.conflist";
/// Folders whose names are collected; of others nothing is known.
const LISTED: [&str; 2] = ["/usr/lib/cni", "/opt/cni/bin"];

fn check(facts: &Facts) -> Verdict {
    each_node(facts, |n| {
        let all = need(&n.node.configs, NodeFacts::CONFIGS)?;
        let (config, network) = (all.text(CONFIG).ok_or(Stop::Quiet)?, all.text(CNI).ok_or(Stop::Quiet)?);
        let folder = config.lines().find_map(bin_dir).unwrap_or("/opt/cni/bin");
        when(LISTED.contains(&folder))?;
        let holds = |folder: &str, plugin: &str| all.folders.get(folder).is_some_and(|names| names.iter().any(|n| n == plugin));
        let missing: Vec<&str> = plugins(network).filter(|p| !holds(folder, p)).collect();
        when(!missing.is_empty())?;
        let right = LISTED.into_iter().find(|other| missing.iter().all(|p| holds(other, p)));
        let found = right.map(|right| {
            (format!("they are in {right}"), all.cite(right, all.folders.get(right).map(|f| f.join(" ")).unwrap_or_default()))
        });
        let name = n.name;
        let advice =
            right.map_or("Install the plugins there.".to_owned(), |r| format!("Set bin_dir = \"{r}\" in {CONFIG} and restart containerd."));
        Ok(Finding::cause(
            n.subject(),
            format!("containerd on {name} looks for CNI plugins in {folder}, where they are not: no new pod starts."),
        )
        .because(format!("containerd's bin_dir is {folder}"), [all.cite(CONFIG, format!("bin_dir = {folder}"))])
        .because(
            format!("the pods' network needs {}, which {folder} does not hold", missing.join(", ")),
            [all.cite(folder, all.folders.get(folder).map_or("no such folder".to_owned(), |f| f.join(" ")))],
        )
        .because_if(found)
        .fix(advice)
        .run(Command::new(Risk::ReadOnly, n.exec(&format!("ls {}", right.unwrap_or(folder)))))
        .run(Command::new(Risk::ChangesNode, n.exec("systemctl restart containerd"))))
    })
}

/// `bin_dir = "/x"`.
fn bin_dir(line: &str) -> Option<&str> {
    let value = line.trim().strip_prefix("bin_dir")?.trim_start().strip_prefix('=')?;
    value.split('"').nth(1)
}

/// Every `"type": "x"` of a network's configuration.
fn plugins(text: &str) -> impl Iterator<Item = &str> {
    text.split("\"type\"").skip(1).filter_map(|rest| rest.split('"').nth(1))
}
