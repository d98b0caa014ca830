// SPDX-License-Identifier: Apache-2.0
//! The API server does not reach etcd, though etcd is well.
//!
//! ## What you see
//! "Connection refused" at the API; kube-apiserver ends about every 20 seconds with "context deadline exceeded" and is started again.
//!
//! ## Why it happens
//! Its `--etcd-servers` names an address or port where no etcd listens, or a packet filter stands between the two. etcd itself answers
//! those who ask it at its own address.
//!
//! ## What to do
//! Compare the address in `--etcd-servers` with where etcd listens, and correct it.

use crate::ask::NodeAsk;
use crate::fixture::{Scene, crashed, kubernetes, stopped};
use crate::report::{Command, Risk};
use crate::{Act, CoeKind, Finding, Layer, Rule, Stop, Verdict, blind, fires, masters, need, quiet, when};
use magnum_facts::Facts;
use magnum_facts::coe::KubernetesFacts;
use magnum_facts::node::NodeFacts;
use std::net::Ipv4Addr;

pub static RULE: Rule = Rule {
    id: "kcp-apiserver-no-etcd",
    layer: Layer::Control,
    coe: CoeKind::Kubernetes,
    guide: "L27-62, L380",
    symptoms: &["S2", "S5"],
    needs: &[NodeFacts::UNITS, NodeFacts::JOURNALS, NodeFacts::ETCD, NodeFacts::CONFIGS, KubernetesFacts::API],
    explains: &["kcp-*"],
    not_if: &["nv-shutoff"],
    check,
    cases: &[
        fires("nobody listens at the address it was given", no_etcd),
        fires("it has not given up yet", || {
            let line = "[Service]\nExecStart=/usr/local/bin/kube-apiserver --etcd-servers=https://10.0.0.10:2378\n";
            let scene = no_etcd().says("master-0", "kube-apiserver", &[SAID]);
            scene.file("master-0", "/etc/systemd/system/kube-apiserver.service.d/90-etcd.conf", Some(line))
        }),
        quiet("it said so before, of an address that it no longer has", || no_etcd().says("master-0", "kube-apiserver", &[SAID])),
        quiet("it crashed, and said so when etcd was restarted, of the address that etcd has", || {
            kubernetes(1, 2).unit("master-0", "kube-apiserver", crashed(1, &SAID.replace(":2378", ":2379"))).api_dark()
        }),
        quiet("etcd is down", || no_etcd().unit("master-0", "etcd", stopped())),
        quiet("etcd does not answer either", || {
            no_etcd().unit("master-0", "etcd", stopped()).with(|f| {
                f.nodes.get_mut("master-0").and_then(|n| n.etcd.value_mut()).into_iter().for_each(|e| e.healthy = false);
            })
        }),
        quiet("stopped by hand", || kubernetes(1, 2).unit("master-0", "kube-apiserver", stopped()).api_dark()),
        blind("the master cannot be read", || kubernetes(1, 2).node_dark("master-0").api_dark()),
    ],
    inject: &[Act::On { node: "master-0", argv: &["sh", "-c", ELSEWHERE] }],
    undo: &[Act::On { node: "master-0", argv: &["sh", "-c", BACK] }],
    ..Rule::BASE
};

const ELSEWHERE: &str = "cd /etc/systemd/system && mkdir -p kube-apiserver.service.d && \
sed -z 's/\\\\\\n *//g' kube-apiserver.service | sed -n '/^ExecStart=/{s/:2379/:2378/;s/^ExecStart=\\(.*\\)/[Service]\\nExecStart=\\nExecStart=\\1/p}' > \
kube-apiserver.service.d/90-etcd.conf && systemctl daemon-reload && systemctl restart --no-block kube-apiserver";
const BACK: &str = "rm /etc/systemd/system/kube-apiserver.service.d/90-etcd.conf && systemctl daemon-reload && \
systemctl restart --no-block kube-apiserver";

const SAID: &str = "W1125 12:00:00.1 clientconn.go:1223] grpc: addrConn.createTransport failed to connect to {https://10.0.0.10:2378}. Err \
                :connection error: desc = \"transport: Error while dialing dial tcp 10.0.0.10:2378: connect: connection refused\"";

fn no_etcd() -> Scene {
    kubernetes(1, 2).unit("master-0", "kube-apiserver", crashed(1, SAID)).api_dark()
}

fn check(facts: &Facts) -> Verdict {
    masters(facts, |n| {
        let unit = n.unit("kube-apiserver")?;
        let silent = facts.kubernetes.api.look().is_err() || facts.kubernetes.api.value().is_some_and(|a| !a.ready);
        when(n.member.came_up() && (unit.has_crashed() || (unit.is_up() && silent)))?;
        let said = unit.says(&["createTransport failed"]).ok_or_else(|| n.unheard())?;
        let asked = said.split("dial tcp ").nth(1).and_then(|rest| rest.split(": ").next()).ok_or(Stop::Quiet)?;
        when(n.unit("etcd")?.is_up())?;
        let etcd = need(&n.node.etcd, NodeFacts::ETCD)?;
        when(etcd.healthy)?;
        let given = given(&n, asked);
        // What it said may be of an earlier start, and of an etcd that was away for a moment: only an address that is not etcd's
        // counts. It runs for 20 seconds before it gives up; while it runs, it must still have the address.
        let port = etcd.endpoint.rsplit(':').next().unwrap_or("2379");
        let own = [Some(Ipv4Addr::LOCALHOST), n.member.address].into_iter().flatten().any(|a| asked == format!("{a}:{port}"));
        when(!own && (unit.has_crashed() || given.is_some()))?;
        Ok(Finding::cause(
            n.subject(),
            format!("kube-apiserver on {} asks for etcd at {asked} and gets no answer; etcd is well at {}.", n.name, etcd.endpoint),
        )
        .because("it cannot connect to etcd", [unit.cite("kube-apiserver.log", said)])
        .because("etcd is healthy at its own address", [etcd.cite(etcd.endpoint.clone(), format!("healthy, {}", etcd.version))])
        .because_if(given)
        .rules_out("etcd-not-running", "etcd runs and answers", [etcd.cite("healthy", "true")])
        .hides(None, "kubernetes.")
        .spreads_if(true)
        .fix("Set --etcd-servers to the address where etcd listens, or let the packet filter pass it; then restart kube-apiserver.")
        .run(Command::new(Risk::ReadOnly, n.exec("systemctl cat kube-apiserver")))
        .run(Command::new(Risk::ReadOnly, n.exec("ss -lntp"))))
    })
}

/// The file in which the address stands.
fn given(n: &NodeAsk<'_>, asked: &str) -> Option<(String, magnum_facts::Citation)> {
    let configs = n.node.configs.look().ok()??;
    let (path, _) = configs.value.unit_files("kube-apiserver").filter(|(_, text)| text.contains(asked)).last()?;
    Some((format!("the address stands in {path}"), configs.cite(path, asked)))
}
