// SPDX-License-Identifier: Apache-2.0
//! A registry's name does not exist.
//!
//! ## What you see
//! Every image of one registry fails with "no such host", on every node, while images of others are pulled. Templates that worked for
//! years stop working on one day.
//!
//! ## Why it happens
//! The registry was moved or switched off and its name taken out of the DNS (`k8s.gcr.io`, `docker.io/k8scloudprovider`), or the name in
//! the image is wrong. The nodes' name server answers, and answers that there is no such name.
//!
//! ## What to do
//! Use the registry's new name, or a mirror: the label `container_infra_prefix` puts all of the cluster's own images there.

use crate::fixture::{Scene, kubernetes};
use crate::report::{Command, Risk};
use crate::{Act, CoeKind, Finding, Layer, Rule, Stop, Verdict, blind, each_pull, fires, quiet, when};
use magnum_facts::coe::KubernetesFacts;
use magnum_facts::node::{NodeFacts, ServerRole};
use magnum_facts::{Citation, Facts};

pub static RULE: Rule = Rule {
    id: "int-registry-moved",
    layer: Layer::Internet,
    coe: CoeKind::Kubernetes,
    guide: "L119-183",
    symptoms: &["S1", "S6", "S19"],
    needs: &[KubernetesFacts::PODS, KubernetesFacts::EVENTS, NodeFacts::LOOKUPS],
    explains: &["kp-no-endpoints"],
    not_if: &["int-dns-unreachable"],
    check,
    cases: &[
        fires("no such host", no_such_host),
        quiet("the name server does not answer", || {
            kubernetes(1, 2).waiting("web-0", "ErrImagePull", "dial tcp: lookup gone.example.com on 10.0.0.1:53: read: i/o timeout")
        }),
        quiet("no name is found, whichever it is", || {
            no_such_host().with(|f| {
                for lookup in f.nodes.values_mut().filter_map(|n| n.lookups.value_mut()).flatten() {
                    (lookup.rcode, lookup.answers) = ("NXDOMAIN".into(), 0);
                }
            })
        }),
        blind("the API does not answer", || kubernetes(1, 2).api_dark()),
    ],
    inject: &[
        Act::On { node: "node-1", argv: &["systemd-run", "--collect", "--unit=stub-resolver", "python3", "-c", RESOLVER] },
        Act::On {
            node: "node-1",
            argv: &[
                "iptables",
                "-t",
                "nat",
                "-I",
                "OUTPUT",
                "-p",
                "udp",
                "!",
                "--sport",
                "5300",
                "--dport",
                "53",
                "-j",
                "REDIRECT",
                "--to-ports",
                "5353",
            ],
        },
        Act::Kubectl { argv: &["apply", "-f", "-"], stdin: OLD },
    ],
    undo: &[
        Act::Kubectl { argv: &["delete", "pod", "old", "--force", "--grace-period=0"], stdin: "" },
        Act::On {
            node: "node-1",
            argv: &[
                "iptables",
                "-t",
                "nat",
                "-D",
                "OUTPUT",
                "-p",
                "udp",
                "!",
                "--sport",
                "5300",
                "--dport",
                "53",
                "-j",
                "REDIRECT",
                "--to-ports",
                "5353",
            ],
        },
        Act::On { node: "node-1", argv: &["systemctl", "stop", "stub-resolver"] },
    ],
    ..Rule::BASE
};

/// The node's name server for one that knows that the name is gone; here the real one refuses every name from outside.
const RESOLVER: &str = "import socket\n\
a = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\na.bind(('127.0.0.1', 5353))\n\
b = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\nb.bind(('', 5300))\nb.settimeout(2)\n\
while True:\n    q, who = a.recvfrom(4096)\n    if b'moved' in q:\n        a.sendto(q[:2] + b'\\x81\\x83' + q[4:], who)\n        continue\n    \
b.sendto(q, ('10.0.0.1', 53))\n    try:\n        a.sendto(b.recv(4096), who)\n    except OSError:\n        pass\n";
const OLD: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: old}\nspec:\n  nodeName: node-1\n  \
containers: [{name: old, image: \"registry-that-moved.example/tools/old:1\"}]\n";

fn no_such_host() -> Scene {
    let said = "failed to do request: Head \"https://gone.example.com/v2/tools/old/manifests/1\": dial tcp: lookup gone.example.com on \
                10.0.0.1:53: no such host";
    let scene =
        kubernetes(1, 2).change_pod("web-0", |p| p.containers.iter_mut().for_each(|c| c.image = "gone.example.com/tools/old:1".into()));
    scene.waiting("web-0", "ErrImagePull", said)
}

fn check(facts: &Facts) -> Verdict {
    each_pull(facts, |pull| {
        let (text, said) = pull.says(&["no such host"]).ok_or(Stop::Quiet)?;
        let names = pull.pods.iter().filter_map(|p| p.node.as_deref());
        let known: Vec<Option<Citation>> = names.map(|node| resolves(facts, node)).collect();
        // A name server that knows no name at all is another fault.
        when(known.is_empty() || known.iter().any(Option::is_some))?;
        let registry = pull.registry();
        let finding = Finding::cause(
            pull.subject(),
            format!(
                "There is no registry {registry}: its name does not exist; {} is not pulled; waiting for it: {}.",
                pull.image,
                pull.names()
            ),
        );
        let finding = finding.because(format!("the name server knows no such name: {text}"), [said]);
        let finding = known.into_iter().flatten().take(1).fold(finding, |f, c| f.because("it answers for other names", [c]));
        Ok(finding
            .independent_if(true)
            .fix("Use the registry's present name or a mirror (label container_infra_prefix); correct the image where the pod is defined.")
            .run(Command::new(Risk::ReadOnly, format!("getent hosts {}", registry.split(':').next().unwrap_or(registry)))))
    })
}

/// The node's own name server knows a name.
fn resolves(facts: &Facts, node: &str) -> Option<Citation> {
    let lookups = facts.nodes.get(node)?.lookups.look().ok()??;
    let good = lookups.value.iter().find(|l| l.role == ServerRole::Node && l.rcode == "NOERROR")?;
    Some(lookups.cite(format!("{} {}", good.server, good.name), good.rcode.clone()))
}
