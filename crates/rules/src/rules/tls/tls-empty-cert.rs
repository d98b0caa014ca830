// SPDX-License-Identifier: Apache-2.0
//! A certificate file of a node holds no certificate.
//!
//! ## What you see
//! A service does not start: "tls: failed to find any PEM data in certificate input".
//!
//! ## Why it happens
//! What should have been written there never arrived: the request to sign it failed and its answer was written all the same, the disk was
//! full, or somebody emptied it.
//!
//! ## What to do
//! Remove the file and restart the agent: it asks for a new one. If that fails, the agent's log says why.

use crate::fixture::{Scene, kubernetes};
use crate::report::{Command, Risk};
use crate::{Act, CoeKind, Finding, Layer, Rule, Stop, Verdict, blind, each_node, fires, need, quiet};
use magnum_facts::Facts;
use magnum_facts::node::{BrokenCertificate, NodeFacts};

pub static RULE: Rule = Rule {
    id: "tls-empty-cert",
    layer: Layer::Tls,
    coe: CoeKind::Kubernetes,
    guide: "L27-29",
    symptoms: &["S2", "S10", "S16", "S20"],
    needs: &[NodeFacts::BROKEN_CERTIFICATES],
    explains: &["kn-*", "kp-*", "kcp-*", "etcd-*", "fl-*", "sw-engine-down", "dns-*", "tls-ca-mismatch"],
    not_if: &["nv-shutoff", "boot-rootfs-full"],
    check,
    cases: &[
        fires("it is empty", || broken("/etc/kubernetes/pki/kubelet.crt", 0)),
        fires("it holds an error page", || broken("/etc/kubernetes/pki/kubelet.crt", 512)),
        quiet("all are whole", || kubernetes(1, 2)),
        blind("the node cannot be read", || kubernetes(1, 2).node_dark("node-1")),
    ],
    inject: &[Act::On {
        node: "node-1",
        argv: &[
            "sh",
            "-c",
            "cd /etc/kubernetes/pki && cp -a kubelet.crt /root/ && truncate -s 0 kubelet.crt && systemctl --no-block restart kubelet",
        ],
    }],
    undo: &[Act::On { node: "node-1", argv: &["sh", "-c", "mv /root/kubelet.crt /etc/kubernetes/pki/ && systemctl restart kubelet"] }],
    ..Rule::BASE
};

fn broken(path: &'static str, bytes: u64) -> Scene {
    kubernetes(1, 2).with(move |f| {
        if let Some(all) = f.nodes.get_mut("node-1").and_then(|n| n.broken_certificates.value_mut()) {
            all.push(BrokenCertificate { path: path.into(), bytes, error: "no PEM data".into() });
        }
    })
}

fn check(facts: &Facts) -> Verdict {
    each_node(facts, |n| {
        let all = need(&n.node.broken_certificates, NodeFacts::BROKEN_CERTIFICATES)?;
        let first = all.value.first().ok_or(Stop::Quiet)?;
        let what = if first.bytes == 0 { "is empty" } else { "holds no certificate" };
        let (name, path) = (n.name, &first.path);
        Ok(Finding::cause(n.subject(), format!("{path} on {name} {what}."))
            .because(format!("{path} {what}"), [all.cite(path.clone(), format!("{} bytes: {}", first.bytes, first.error))])
            .fix("Remove it and restart the agent: it asks for a new one.")
            .run(Command::new(Risk::ChangesNode, n.exec(&format!("rm {path}"))))
            .run(Command::new(Risk::ChangesNode, n.exec("systemctl restart magnum-agent"))))
    })
}
