// SPDX-License-Identifier: Apache-2.0
//! A server shows a certificate that is not made for servers.
//!
//! ## What you see
//! "x509: certificate specifies an incompatible key usage" from everybody who calls it: `kubectl logs` and `exec` for a kubelet, all
//! clients for the API server. Old clients may still accept it.
//!
//! ## Why it happens
//! The extended key usage of the certificate says "client" only: a client's certificate was configured for the server, or the authority
//! signed it with the wrong usage. New versions of Go, Python and OpenSSL are strict about it.
//!
//! ## What to do
//! Give the server a certificate for servers and restart it.

use crate::fixture::{Scene, kubernetes};
use crate::report::{Command, Risk};
use crate::{Act, CoeKind, Finding, Layer, Rule, Stop, Verdict, blind, each_node, fires, need, quiet};
use magnum_facts::Facts;
use magnum_facts::node::{Certificate, NodeFacts};

pub static RULE: Rule = Rule {
    id: "tls-eku-strict",
    layer: Layer::Tls,
    coe: CoeKind::Kubernetes,
    guide: "L59-62",
    symptoms: &["S7", "S10", "S20"],
    needs: &[NodeFacts::CERTIFICATES, NodeFacts::CONFIGS],
    explains: &["kcp-*", "kn-*", "kp-*", "etcd-*"],
    not_if: &["nv-shutoff"],
    check,
    cases: &[
        fires("the kubelet shows a client's certificate", || usages("/etc/kubernetes/pki/kubelet.crt", &["client"])),
        quiet("it is for both", || usages("/etc/kubernetes/pki/kubelet.crt", &["client", "server"])),
        quiet("it says nothing about usage", || usages("/etc/kubernetes/pki/kubelet.crt", &[])),
        quiet("another file is for clients only", || usages("/etc/kubernetes/pki/other.crt", &["client"])),
        blind("the node cannot be read", || kubernetes(1, 2).node_dark("node-1")),
    ],
    inject: &[Act::On {
        node: "node-1",
        argv: &[
            "sh",
            "-c",
            "cp -a /etc/kubernetes/kubelet.yaml /root/ && sed -i -e 's,pki/kubelet.crt,pki/kube-proxy.crt,' -e 's,pki/kubelet.key,pki/kube-proxy.key,' /etc/kubernetes/kubelet.yaml && systemctl restart kubelet",
        ],
    }],
    undo: &[Act::On { node: "node-1", argv: &["sh", "-c", "mv /root/kubelet.yaml /etc/kubernetes/ && systemctl restart kubelet"] }],
    ..Rule::BASE
};

const KUBELET: &str = "/etc/kubernetes/kubelet.yaml";

fn usages(path: &'static str, usages: &'static [&'static str]) -> Scene {
    let config = "{\"kind\": \"KubeletConfiguration\", \"tlsCertFile\": \"/etc/kubernetes/pki/kubelet.crt\"}";
    kubernetes(1, 2).file("node-1", KUBELET, Some(config)).with(move |f| {
        let all = f.nodes.get_mut("node-1").and_then(|n| n.certificates.value_mut()).into_iter().flatten();
        for certificate in all.filter(|c| c.path.ends_with("/kubelet.crt")) {
            path.clone_into(&mut certificate.path);
            certificate.usages = usages.iter().map(|u| (*u).to_owned()).collect();
        }
    })
}

fn check(facts: &Facts) -> Verdict {
    each_node(facts, |n| {
        let all = need(&n.node.certificates, NodeFacts::CERTIFICATES)?;
        let configs = need(&n.node.configs, NodeFacts::CONFIGS)?;
        let shown = configs.text(KUBELET).and_then(certificate_file).ok_or(Stop::Quiet)?;
        let unfit = |c: &&Certificate| c.path == shown && !c.usages.is_empty() && !c.usages.iter().any(|u| u == "server");
        let found = all.value.iter().find(unfit).ok_or(Stop::Quiet)?;
        let name = n.name;
        Ok(Finding::cause(n.subject(), format!("The kubelet on {name} shows a certificate that is not for servers: no logs, no exec."))
            .because(format!("the kubelet shows {shown}"), [configs.cite(KUBELET, format!("tlsCertFile: {shown}"))])
            .because("its usage does not include servers", [all.cite(shown, format!("{}: {}", found.subject, found.usages.join(" ")))])
            .fix("Give the kubelet a certificate for servers, and restart it.")
            .run(Command::new(Risk::ReadOnly, n.exec(&format!("openssl x509 -noout -ext extendedKeyUsage -in {shown}"))))
            .run(Command::new(Risk::ChangesNode, n.exec("systemctl restart kubelet"))))
    })
}

/// The value of `"tlsCertFile": "…"`.
fn certificate_file(text: &str) -> Option<&str> {
    text.split_once("\"tlsCertFile\"")?.1.split('"').nth(1)
}
