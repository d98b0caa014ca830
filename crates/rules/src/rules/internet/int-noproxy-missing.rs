// SPDX-License-Identifier: Apache-2.0
//! A service of a node sends the cluster's own traffic to a proxy.
//!
//! ## What you see
//! Nodes become `NotReady` or services are not updated although the API is well: "proxyconnect tcp: …", time-outs, or pages of the proxy in the logs.
//!
//! ## Why it happens
//! The unit has `HTTPS_PROXY` in its environment, and `NO_PROXY` does not name the cluster's own addresses.
//!
//! ## What to do
//! Add the nodes' network, the service and pod ranges, and the API's address to `NO_PROXY` (in the template: `no_proxy`).

use crate::fixture::{Scene, kubernetes};
use crate::report::{Command, Risk};
use crate::{Act, CoeKind, Finding, Layer, NodeAsk, Rule, Stop, Verdict, blind, each_node, fires, need, quiet, when};
use magnum_facts::Facts;
use magnum_facts::node::NodeFacts;

pub static RULE: Rule = Rule {
    id: "int-noproxy-missing",
    layer: Layer::Internet,
    coe: CoeKind::Kubernetes,
    guide: "L149-154",
    symptoms: &["S5", "S7", "S16"],
    needs: &[NodeFacts::CONFIGS, NodeFacts::UNITS, NodeFacts::JOURNALS],
    explains: &["kn-*", "kp-*", "kcp-*", "fl-*", "etcd-*", "wl-*", "dns-*"],
    not_if: &["nv-shutoff"],
    check,
    cases: &[
        fires("the kubelet looks for the API at the proxy", || proxied("", &[REFUSED])),
        quiet("the network is named", || proxied(" NO_PROXY=localhost,10.0.0.0/24", &[REFUSED])),
        quiet("there is a proxy, and no trouble", || proxied("", &[])),
        blind("the node cannot be read", || kubernetes(1, 2).node_dark("node-1").not_ready("node-1", "")),
    ],
    inject: &[Act::On {
        node: "node-1",
        argv: &[
            "sh",
            "-c",
            "d=/etc/systemd/system/kubelet.service.d; mkdir -p $d && printf '[Service]\\nEnvironment=HTTPS_PROXY=http://127.0.0.1:9\\n' > $d/90-proxy.conf && systemctl daemon-reload && systemctl restart kubelet",
        ],
    }],
    undo: &[Act::On {
        node: "node-1",
        argv: &["sh", "-c", "rm -r /etc/systemd/system/kubelet.service.d && systemctl daemon-reload && systemctl restart kubelet"],
    }],
    ..Rule::BASE
};

const REFUSED: &str = "E1125 12:43:02.5 1073 reflector.go:138] failed to list *v1.CSIDriver: Get \"https://10.0.0.5:6443/apis\": proxyconnect tcp: dial tcp 127.0.0.1:9: connect: connection refused";
const SERVICES: [&str; 5] = ["kubelet", "kube-proxy", "kube-apiserver", "kube-controller-manager", "kube-scheduler"];

fn proxied(rest: &'static str, lines: &'static [&'static str]) -> Scene {
    let text = format!("[Service]\nEnvironment=HTTPS_PROXY=http://127.0.0.1:9{rest}\n");
    kubernetes(1, 2).says("node-1", "kubelet", lines).file("node-1", "/etc/systemd/system/kubelet.service.d/90-proxy.conf", Some(&text))
}

fn check(facts: &Facts) -> Verdict {
    each_node(facts, |n| {
        let configs = need(&n.node.configs, NodeFacts::CONFIGS)?;
        let either = |unit: &str, upper: &str| {
            let found = configs.unit_environment(unit, upper).or_else(|| configs.unit_environment(unit, &upper.to_lowercase()));
            found.map(|(path, value)| (path.to_owned(), value)).filter(|(_, value)| !value.is_empty())
        };
        let wrong = |unit: &&&str| {
            either(unit, "HTTPS_PROXY").is_some() && !either(unit, "NO_PROXY").is_some_and(|(_, list)| names_the_network(&n, &list))
        };
        when(SERVICES.iter().any(|service| wrong(&service)))?;
        let service = SERVICES
            .iter()
            .find(|s| wrong(s) && n.unit(s).is_ok_and(|u| u.says(&["proxyconnect"]).is_some()))
            .ok_or_else(|| n.unheard())?;
        let (path, proxy) = either(service, "HTTPS_PROXY").ok_or(Stop::Quiet)?;
        let unit = n.unit(service)?;
        let line: String = unit.says(&["proxyconnect"]).unwrap_or_default().chars().take(300).collect();
        let name = n.name;
        let list = [facts.cluster.layout.network_cidr, facts.cluster.layout.service_cidr, facts.cluster.layout.pod_cidr];
        let list: Vec<String> = list.into_iter().flatten().map(|net| net.to_string()).collect();
        Ok(Finding::cause(n.subject(), format!("{service} on {name} looks for the cluster's own API at a proxy, {proxy}."))
            .because(
                format!("{service} has a proxy, and nothing keeps the cluster's own addresses from it"),
                [configs.cite(path, format!("HTTPS_PROXY={proxy}"))],
            )
            .because("it could not get through", [unit.cite(format!("{service}.log"), line)])
            .fix(format!("Set NO_PROXY=localhost,127.0.0.1,{} for {service} and restart it; in the template, no_proxy.", list.join(",")))
            .run(Command::new(Risk::ReadOnly, n.exec(&format!("systemctl cat {service}")))))
    })
}

/// Go reads addresses, ranges and names, parted by commas.
fn names_the_network(n: &NodeAsk<'_>, list: &str) -> bool {
    let network = n.all.cluster.layout.network_cidr;
    let covers = |word: &str| {
        let range = word.parse::<ipnet::Ipv4Net>().ok();
        let alone = word.parse::<std::net::Ipv4Addr>().ok();
        word == "*" || network.is_some_and(|net| range.is_some_and(|r| r.contains(&net)) || alone.is_some_and(|a| net.contains(&a)))
    };
    list.split(',').map(str::trim).any(covers)
}
