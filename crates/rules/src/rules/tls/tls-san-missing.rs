// SPDX-License-Identifier: Apache-2.0
//! The API server's certificate does not have an address under which it is called.
//!
//! ## What you see
//! "x509: certificate is valid for 10.0.0.5, not 203.0.113.5" from `kubectl`, from kubelets, or from pods that call the API.
//!
//! ## Why it happens
//! The certificate was made before the address was known (a floating IP, a load balancer), or was copied from elsewhere. The list must
//! hold the master's own address, the cluster's outside address, and the first address of the service range.
//!
//! ## What to do
//! Have the certificate made anew with all of them; until then, call the API by an address that is in it.

use crate::fixture::{Scene, kubernetes};
use crate::report::{Command, Risk};
use crate::{Act, CoeKind, Finding, Layer, NodeAsk, Rule, Stop, Verdict, blind, fires, masters, need, quiet, when};
use magnum_facts::Facts;
use magnum_facts::node::NodeFacts;

pub static RULE: Rule = Rule {
    id: "tls-san-missing",
    layer: Layer::Tls,
    coe: CoeKind::Kubernetes,
    guide: "L59-62",
    symptoms: &["S10", "S16", "S20"],
    needs: &[NodeFacts::CERTIFICATES],
    explains: &["kcp-*", "kn-*", "kp-*", "dns-*", "wl-*", "etcd-*"],
    not_if: &["nv-shutoff"],
    check,
    cases: &[
        fires("the outside address is missing", || without("203.0.113.5")),
        fires("the service address is missing", || without("10.254.0.1")),
        quiet("all are there", || kubernetes(3, 1)),
        quiet("a name is missing that nobody needs", || without("127.0.0.1")),
        blind("the master cannot be read", || kubernetes(1, 2).node_dark("master-0")),
    ],
    inject: &[Act::On {
        node: "master-0",
        argv: &[
            "sh",
            "-c",
            "cd /etc/kubernetes/pki && cp -a kube-apiserver.crt kube-apiserver.key /root/ && cat /etc/etcd/pki/server.crt > kube-apiserver.crt && cat /etc/etcd/pki/server.key > kube-apiserver.key && systemctl restart kube-apiserver",
        ],
    }],
    undo: &[
        Act::On {
            node: "master-0",
            argv: &[
                "sh",
                "-c",
                "mv /root/kube-apiserver.crt /root/kube-apiserver.key /etc/kubernetes/pki/ && systemctl restart kube-apiserver",
            ],
        },
        Act::KubectlUntil { argv: &["get", "--raw", "/readyz"], contains: "ok", seconds: 40 },
    ],
    ..Rule::BASE
};

const SERVER: &str = "/etc/kubernetes/pki/kube-apiserver.crt";

fn without(address: &'static str) -> Scene {
    kubernetes(1, 2).with(move |f| {
        let all = f.nodes.get_mut("master-0").and_then(|n| n.certificates.value_mut()).into_iter().flatten();
        all.filter(|c| c.path == SERVER).for_each(|c| c.sans.retain(|san| !san.ends_with(address)));
    })
}

fn check(facts: &Facts) -> Verdict {
    masters(facts, |n| {
        let all = need(&n.node.certificates, NodeFacts::CERTIFICATES)?;
        let server = all.value.iter().find(|c| c.path == SERVER).ok_or(Stop::Quiet)?;
        let missing: Vec<(String, &str)> = needed(&n).into_iter().filter(|(a, _)| !has(&server.sans, a)).collect();
        when(!missing.is_empty())?;
        let list: Vec<String> = missing.iter().map(|(address, what)| format!("{address} ({what})")).collect();
        let (name, list) = (n.name, list.join(", "));
        Ok(Finding::cause(n.subject(), format!("The API server's certificate on {name} is not valid for {list}."))
            .because("these are the names in it", [all.cite(SERVER, format!("{}: {}", server.subject, server.sans.join(" ")))])
            .because(
                format!("it is called {list}"),
                [facts.cluster.cite("api_address", facts.cluster.api_address.clone().unwrap_or_default())],
            )
            .spreads_if(true)
            .hides(None, "kubernetes.")
            .fix("Remove the certificate and its key, and restart the master's agent: it asks for one with all names.")
            .run(Command::new(Risk::ReadOnly, n.exec(&format!("openssl x509 -noout -ext subjectAltName -in {SERVER}"))))
            .run(Command::new(Risk::ChangesNode, n.exec(&format!("rm {SERVER}"))))
            .run(Command::new(Risk::ChangesCluster, n.exec("systemctl restart magnum-agent"))))
    })
}

/// Under which addresses clients call this server.
fn needed(n: &NodeAsk<'_>) -> Vec<(String, &'static str)> {
    let outside = n.all.cluster.api_address.as_deref().and_then(|url| {
        let rest = url.split_once("://")?.1;
        Some(rest.split(['/', ':']).next()?.to_owned())
    });
    let service = n.all.cluster.layout.service_cidr.and_then(|net| net.hosts().next());
    let own = n.member.address.map(|a| (a.to_string(), "its own address"));
    let all = [own, outside.map(|a| (a, "the cluster's address")), service.map(|a| (a.to_string(), "the service kubernetes"))];
    all.into_iter().flatten().collect()
}

/// Names are written `IP:10.0.0.5` and `DNS:kubernetes`.
fn has(sans: &[String], address: &str) -> bool {
    sans.iter().any(|san| san.split_once(':').is_some_and(|(_, value)| value == address))
}
