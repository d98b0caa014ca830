// SPDX-License-Identifier: Apache-2.0
//! A node has no pause image and cannot get it.
//!
//! ## What you see
//! Every new pod on the node stays in `ContainerCreating`, whatever its image: "failed to get sandbox image". Pods that already run go on.
//!
//! ## Why it happens
//! Each pod begins with a small "pause" container. Its image, `sandbox_image` in containerd's configuration, is not on the node, and the
//! registry it names cannot be reached or does not have it.
//!
//! ## What to do
//! Put the image on the node, or name one that is there and restart containerd.

use crate::fixture::{Scene, kubernetes};
use crate::report::{Command, Risk};
use crate::{Act, CoeKind, Finding, Layer, Rule, Stop, Verdict, blind, each_node, fires, need, quiet, when};
use magnum_facts::Facts;
use magnum_facts::node::NodeFacts;

pub static RULE: Rule = Rule {
    id: "cr-pause-image",
    layer: Layer::Runtime,
    coe: CoeKind::Kubernetes,
    guide: "L43-46",
    symptoms: &["S6", "S19"],
    needs: &[NodeFacts::CONFIGS, NodeFacts::RUNTIMES, NodeFacts::UNITS, NodeFacts::JOURNALS],
    explains: &["wl-*", "kp-no-endpoints", "dns-*", "int-*"],
    not_if: &["nv-shutoff"],
    check,
    cases: &[
        fires("the configured image is nowhere", || named("registry.invalid/pause:9", &[TRIED])),
        quiet("not on the node, but nobody needed it yet", || named("registry.invalid/pause:9", &[])),
        quiet("an image that was configured before was missing", || named("k8s.gcr.io/pause:3.2", &[TRIED])),
        blind("the node cannot be read", || kubernetes(1, 2).node_dark("node-1").not_ready("node-1", "")),
    ],
    inject: &[
        Act::On {
            node: "node-1",
            argv: &[
                "sh",
                "-c",
                "cp /etc/containerd/config.toml /root/ && sed -i 's,sandbox_image = .*,sandbox_image = \"registry.invalid/pause:9\",' /etc/containerd/config.toml && systemctl restart containerd",
            ],
        },
        Act::Kubectl { argv: &["apply", "-f", "-"], stdin: POD },
    ],
    undo: &[
        Act::Kubectl { argv: &["delete", "pod", "sandless", "--now", "--wait=false"], stdin: "" },
        Act::On { node: "node-1", argv: &["sh", "-c", "mv /root/config.toml /etc/containerd/ && systemctl restart containerd"] },
    ],
    ..Rule::BASE
};

const CONFIG: &str = "/etc/containerd/config.toml";
const TRIED: &str =
    "level=error msg=\"RunPodSandbox failed\" error=\"failed to get sandbox image \\\"registry.invalid/pause:9\\\": no such host\"";
const POD: &str = r#"{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "sandless"}, "spec": {"nodeName": "node-1",
"containers": [{"name": "c", "image": "busybox:1.35", "imagePullPolicy": "IfNotPresent", "command": ["sleep", "600"]}]}}"#;

fn named(image: &'static str, lines: &'static [&'static str]) -> Scene {
    let text = format!("    sandbox_image = \"{image}\"\n    bin_dir = \"/usr/lib/cni\"\n");
    kubernetes(1, 2).says("node-1", "containerd", lines).file("node-1", CONFIG, Some(&text))
}

fn check(facts: &Facts) -> Verdict {
    each_node(facts, |n| {
        let configs = need(&n.node.configs, NodeFacts::CONFIGS)?;
        let image = configs.text(CONFIG).and_then(|text| text.lines().find_map(sandbox_image)).ok_or(Stop::Quiet)?;
        let runtimes = need(&n.node.runtimes, NodeFacts::RUNTIMES)?;
        let runtime = runtimes.value.iter().find(|r| r.name == "containerd" && r.answers).ok_or(Stop::Quiet)?;
        when(!runtime.images.iter().any(|i| i == image))?;
        let unit = n.unit("containerd")?;
        let tried = |line: &&String| line.contains("failed to get sandbox image") && line.contains(image);
        let line = unit.log.iter().rev().chain(unit.trouble.iter().rev()).find(tried).ok_or_else(|| n.unheard())?;
        let name = n.name;
        Ok(Finding::cause(n.subject(), format!("{name} has no pause image and cannot get {image}: no new pod starts there."))
            .because(format!("containerd begins every pod with {image}"), [configs.cite(CONFIG, format!("sandbox_image = {image}"))])
            .because("the node does not have it", [runtimes.cite("images", runtime.images.join(" "))])
            .because("containerd could not get it", [unit.cite("containerd.log", line.chars().take(300).collect::<String>())])
            .fix(format!("Put {image} on the node, or name an image that is there in {CONFIG}, and restart containerd."))
            .run(Command::new(Risk::ReadOnly, n.exec("ctr -n k8s.io images ls -q")))
            .run(Command::new(Risk::ChangesNode, n.exec("systemctl restart containerd"))))
    })
}

/// `sandbox_image = "x"`.
fn sandbox_image(line: &str) -> Option<&str> {
    line.trim().strip_prefix("sandbox_image")?.trim_start().strip_prefix('=')?.split('"').nth(1)
}
