// SPDX-License-Identifier: Apache-2.0
//! A node trusts another authority than the rest of the cluster.
//!
//! ## What you see
//! "x509: certificate signed by unknown authority" from the services of one node, in both directions; the node becomes `NotReady`.
//!
//! ## Why it happens
//! The cluster's CA was replaced and this node was left out, or its file was overwritten. Nodes with both files mixed are a rotation that
//! stopped half-way.
//!
//! ## What to do
//! Bring the cluster's CA to the node (restart its agent after removing the file) and restart its services.

use crate::fixture::{Scene, kubernetes};
use crate::report::{Command, Risk};
use crate::{Act, CoeKind, Finding, Layer, Rule, Stop, Verdict, blind, each_node, fires, need, quiet, when};
use magnum_facts::Facts;
use magnum_facts::node::{Certificate, NodeFacts};

pub static RULE: Rule = Rule {
    id: "tls-ca-mismatch",
    layer: Layer::Tls,
    coe: CoeKind::Kubernetes,
    guide: "L59-62",
    symptoms: &["S10", "S16", "S20"],
    needs: &[NodeFacts::CERTIFICATES],
    explains: &["kn-*", "kp-*", "kcp-*", "etcd-*", "fl-*", "dns-*", "wl-*"],
    not_if: &["nv-shutoff"],
    check,
    cases: &[
        fires("one node has another CA", || another("node-1")),
        quiet("all have the same", || kubernetes(3, 2)),
        quiet("one node has the next authority already and still trusts the old one", || {
            kubernetes(1, 2).with(|f| {
                let all = f.nodes.get_mut("node-1").and_then(|n| n.certificates.value_mut()).into_iter().flatten();
                all.filter(|c| c.path == CA).for_each(|c| c.others = vec![std::mem::replace(&mut c.fingerprint, "0123".into())]);
            })
        }),
        quiet("a certificate has expired", || {
            kubernetes(1, 2).with(|f| {
                let end = f.taken_at;
                let all = f.nodes.get_mut("node-1").and_then(|n| n.certificates.value_mut()).into_iter().flatten();
                all.for_each(|c| c.not_after = end);
            })
        }),
        blind("the node cannot be read", || kubernetes(1, 2).node_dark("node-1")),
    ],
    inject: &[Act::On {
        node: "node-1",
        argv: &[
            "sh",
            "-c",
            "cd /etc/kubernetes/pki && cp -a ca.crt /root/ && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout /dev/null -subj /CN=other -days 3000 -out /root/other.crt 2>/dev/null && cat /root/other.crt > ca.crt && systemctl restart kubelet",
        ],
    }],
    undo: &[Act::On {
        node: "node-1",
        argv: &["sh", "-c", "rm /root/other.crt; mv /root/ca.crt /etc/kubernetes/pki/ && systemctl restart kubelet"],
    }],
    ..Rule::BASE
};

const CA: &str = "/etc/kubernetes/pki/ca.crt";

fn another(node: &'static str) -> Scene {
    kubernetes(1, 2).with(move |f| {
        let all = f.nodes.get_mut(node).and_then(|n| n.certificates.value_mut()).into_iter().flatten();
        all.filter(|c| c.path == CA).for_each(|c| c.fingerprint = "0123".into());
    })
}

fn check(facts: &Facts) -> Verdict {
    let authority = |node: &NodeFacts| {
        let all = node.certificates.look().ok()??;
        let found: &Certificate = all.value.iter().find(|c| c.path == CA)?;
        Some((found.clone(), all.cite(CA, format!("{}, {}", found.subject, found.fingerprint))))
    };
    let masters = || facts.cluster.masters();
    let reference = masters().find_map(|m| Some((m.name.as_str(), authority(facts.nodes.get(&m.name)?)?)));
    each_node(facts, |n| {
        need(&n.node.certificates, NodeFacts::CERTIFICATES)?;
        let (own, citation) = authority(n.node).ok_or(Stop::Quiet)?;
        let (master, (right, known)) = reference.clone().ok_or(Stop::Quiet)?;
        // While authorities are being replaced nodes trust two, and get there one after the other.
        when(!own.shares_with(&right) && n.name != master)?;
        let own = &own.subject;
        let name = n.name;
        Ok(Finding::cause(
            n.subject(),
            format!("{name} trusts another authority ({own}) than {master}: it believes nobody, and nobody believes it."),
        )
        .because(format!("the CA on {name}"), [citation])
        .because(format!("the CA on {master} is another one"), [known])
        .hides(Some(name), "node.overlay")
        .hides(Some(name), "node.etcd")
        .fix("Bring the cluster's CA to the node and restart its services.")
        .run(Command::new(Risk::ReadOnly, n.exec(&format!("openssl x509 -noout -subject -fingerprint -in {CA}"))))
        .run(Command::new(Risk::ChangesNode, n.exec(&format!("rm {CA}"))))
        .run(Command::new(Risk::ChangesNode, n.exec("systemctl restart magnum-agent"))))
    })
}
