// SPDX-License-Identifier: Apache-2.0
//! The masters sign service accounts' tokens with different keys.
//!
//! ## What you see
//! Pods that talk to the API get "401 Unauthorized" now and then: whenever the request reaches another master than the one whose key
//! signed their token. With one master, tokens made before the key changed are refused.
//!
//! ## Why it happens
//! Each master made its own key, or one was replaced on one master only. All API servers and controller managers must have the same.
//!
//! ## What to do
//! Copy the key of one master to all, and restart the API servers and controller managers.

use crate::fixture::{Scene, kubernetes};
use crate::report::{Command, Risk};
use crate::{Act, CoeKind, Finding, Layer, Rule, Subject, Verdict, Ward, blind, fires, need, quiet, when};
use magnum_facts::node::NodeFacts;
use magnum_facts::{Citation, Facts};

pub static RULE: Rule = Rule {
    id: "tls-sa-key-mismatch",
    layer: Layer::Tls,
    coe: CoeKind::Kubernetes,
    guide: "L48-52",
    symptoms: &["S7", "S20"],
    needs: &[NodeFacts::SERVICE_ACCOUNT],
    explains: &["kcp-*", "wl-*", "dns-*"],
    not_if: &["nv-shutoff"],
    check,
    cases: &[
        fires("one of three has its own", || keys(3)),
        quiet("all three have the same", || kubernetes(3, 1)),
        quiet("there is only one master", || keys(1)),
        blind("one of three cannot be read", || kubernetes(3, 1).node_dark("master-1")),
    ],
    inject: &[Act::On {
        node: "master-2",
        argv: &[
            "sh",
            "-c",
            "cd /etc/kubernetes/pki && cp -a service-account.key /root/ && openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 2>/dev/null > service-account.key && systemctl restart kube-apiserver",
        ],
    }],
    undo: &[Act::On {
        node: "master-2",
        argv: &["sh", "-c", "mv /root/service-account.key /etc/kubernetes/pki/ && systemctl restart kube-apiserver"],
    }],
    ward: Ward::Masters,
    ..Rule::BASE
};

fn keys(masters: u8) -> Scene {
    kubernetes(masters, 1).with(move |f| {
        if let Some(key) = f.nodes.get_mut(&format!("master-{}", masters - 1)).and_then(|n| n.service_account.value_mut()) {
            *key = "0a6b2c1d9f8e7a5b4c3d".into();
        }
    })
}

fn check(facts: &Facts) -> Verdict {
    let answer = || {
        let mut found: Vec<(&str, &str, Citation)> = Vec::new();
        for master in facts.cluster.masters() {
            let Some(node) = facts.nodes.get(&master.name) else { continue };
            let key = need(&node.service_account, NodeFacts::SERVICE_ACCOUNT)?;
            let begin: String = key.value.chars().take(16).collect();
            found.push((&master.name, key.value.as_str(), key.cite("public key", format!("{begin}…"))));
        }
        let count = |key: &str| found.iter().filter(|(_, k, _)| *k == key).count();
        let odd = found.iter().min_by_key(|(_, key, _)| count(key)).map(|(name, key, _)| (*name, *key));
        let (name, key) = odd.filter(|(_, key)| count(key) < found.len()).ok_or(crate::Stop::Quiet)?;
        when(found.len() > 1)?;
        let others: Vec<&str> = found.iter().filter(|(_, k, _)| *k != key).map(|(name, ..)| *name).collect();
        let (cluster, others) = (&facts.cluster.name, others.join(", "));
        Ok(Finding::cause(
            Subject::node(name),
            format!("{name} has another key for service accounts' tokens than {others}: pods are refused at random."),
        )
        .because("the public halves of the keys differ", found.iter().map(|(_, _, citation)| citation.clone()))
        .spreads_if(true)
        .fix("Copy the key of one master to all, and restart the API servers and controller managers.")
        .run(Command::new(
            Risk::ChangesCluster,
            format!("magnum node exec {cluster} {name} -- systemctl restart kube-apiserver kube-controller-manager"),
        )))
    };
    Verdict::cluster(answer())
}
