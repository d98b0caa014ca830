// SPDX-License-Identifier: Apache-2.0
//! A certificate and the key beside it do not belong together.
//!
//! ## What you see
//! A service does not start: "tls: private key does not match public key". One that still runs goes on until it reads its files again.
//!
//! ## Why it happens
//! Only one of the two files was replaced: a rotation that stopped half-way, or a copy from another node.
//!
//! ## What to do
//! Remove both and restart the agent: it makes a new key and has it signed.

use crate::fixture::{Scene, kubernetes};
use crate::report::{Command, Risk};
use crate::{Act, CoeKind, Finding, Layer, Rule, Stop, Verdict, blind, each_node, fires, need, quiet};
use magnum_facts::Facts;
use magnum_facts::node::{KeyFit, NodeFacts};

pub static RULE: Rule = Rule {
    id: "tls-key-mismatch",
    layer: Layer::Tls,
    coe: CoeKind::Kubernetes,
    guide: "L62",
    symptoms: &["S5", "S10", "S16", "S20"],
    needs: &[NodeFacts::CERTIFICATES],
    explains: &["kn-*", "kp-*", "kcp-*", "etcd-*", "fl-*", "sw-engine-down", "dns-*"],
    not_if: &["nv-shutoff"],
    check,
    cases: &[
        fires("another node's key", || fit(KeyFit::Differs)),
        quiet("there is no key: it is only shown, not used", || fit(KeyFit::Missing)),
        blind("the node cannot be read", || kubernetes(1, 2).node_dark("node-1")),
    ],
    inject: &[Act::On {
        node: "node-1",
        argv: &[
            "sh",
            "-c",
            "cd /etc/kubernetes/pki && cp -a kubelet.key /root/ && cat kube-proxy.key > kubelet.key && systemctl --no-block restart kubelet",
        ],
    }],
    undo: &[Act::On { node: "node-1", argv: &["sh", "-c", "mv /root/kubelet.key /etc/kubernetes/pki/ && systemctl restart kubelet"] }],
    ..Rule::BASE
};

fn fit(key: KeyFit) -> Scene {
    kubernetes(1, 2).with(move |f| {
        let all = f.nodes.get_mut("node-1").and_then(|n| n.certificates.value_mut()).into_iter().flatten();
        all.filter(|c| !c.is_ca).for_each(|c| c.key = Some(key));
    })
}

fn check(facts: &Facts) -> Verdict {
    each_node(facts, |n| {
        let all = need(&n.node.certificates, NodeFacts::CERTIFICATES)?;
        let odd = all.value.iter().find(|c| c.key == Some(KeyFit::Differs)).ok_or(Stop::Quiet)?;
        let key = odd.path.replace(".crt", ".key");
        let name = n.name;
        Ok(Finding::cause(n.subject(), format!("On {name}, {key} is not the key of {}.", odd.path))
            .because(
                format!("the key beside {} is another one's", odd.path),
                [all.cite(odd.path.clone(), format!("{}; key differs", odd.subject))],
            )
            .fix("Remove both files and restart the agent: it makes a new key and has it signed.")
            .run(Command::new(Risk::ChangesNode, n.exec(&format!("rm {} {key}", odd.path))))
            .run(Command::new(Risk::ChangesNode, n.exec("systemctl restart magnum-agent"))))
    })
}
