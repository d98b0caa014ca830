// SPDX-License-Identifier: Apache-2.0
//! A member of etcd tells everybody an address that is not its own.
//!
//! ## What you see
//! `etcdctl member list` shows `127.0.0.1`, `localhost` or an old address for a member. `etcdctl --cluster` and clients that ask for the list
//! of members fail, although each member is healthy by itself; new members cannot join.
//!
//! ## Why it happens
//! `--advertise-client-urls` or `--initial-advertise-peer-urls` was left at its default, or the node got a new address.
//!
//! ## What to do
//! Correct the flags and restart etcd; a wrong peer address also needs `etcdctl member update`.

use crate::fixture::{Scene, kubernetes};
use crate::report::{Command, Risk};
use crate::{Act, CoeKind, Finding, Layer, Rule, Stop, Verdict, blind, fires, masters, need, quiet};
use magnum_facts::Facts;
use magnum_facts::node::{EtcdMember, NodeFacts};

pub static RULE: Rule = Rule {
    id: "etcd-advertise-wrong",
    layer: Layer::Etcd,
    coe: CoeKind::Kubernetes,
    guide: "L380",
    symptoms: &["S2", "S5"],
    needs: &[NodeFacts::ETCD],
    explains: &["etcd-not-running", "kcp-apiserver-no-etcd", "fl-etcd-unreachable"],
    not_if: &[],
    check,
    cases: &[
        fires("clients are told localhost", || listed("https://10.0.0.10:2380", "https://127.0.0.1:2379")),
        fires("peers are told an old address", || listed("https://10.0.0.99:2380", "https://10.0.0.10:2379")),
        quiet("its own address", || listed("https://10.0.0.10:2380", "https://10.0.0.10:2379")),
        quiet("its own name", || listed("https://master-0:2380", "https://master-0:2379")),
        blind("the master cannot be read", || kubernetes(1, 2).node_dark("master-0").api_dark()),
    ],
    inject: &[Act::On {
        node: "master-0",
        argv: &[
            "bash",
            "-c",
            "mkdir -p /run/systemd/system/etcd.service.d; { echo '[Service]'; echo ExecStart=; sed -n '/^ExecStart/,/log-level/p' \
             /etc/systemd/system/etcd.service | sed 's,advertise-client-urls=[^ ]*,advertise-client-urls=https://127.0.0.1:2379,'; } > \
             /run/systemd/system/etcd.service.d/50-advertise.conf; systemctl daemon-reload; systemctl restart etcd",
        ],
    }],
    undo: &[Act::On {
        node: "master-0",
        argv: &["bash", "-c", "rm -r /run/systemd/system/etcd.service.d; systemctl daemon-reload; systemctl restart etcd"],
    }],
    ..Rule::BASE
};

fn listed(peer: &str, client: &str) -> Scene {
    let (peer_urls, client_urls) = (vec![peer.to_owned()], vec![client.to_owned()]);
    kubernetes(1, 2).with(|f| {
        if let Some(etcd) = f.nodes.get_mut("master-0").and_then(|n| n.etcd.value_mut()) {
            etcd.members = vec![EtcdMember { id: "7".into(), name: "master-0".into(), peer_urls, client_urls }];
        }
    })
}

/// The first of the URLs that leads to an address the node does not have; names are believed.
fn foreign<'a>(urls: &'a [String], own: &str) -> Option<&'a str> {
    let wrong = |url: &&String| {
        let host = url.split_once("://").map_or("", |(_, rest)| rest).rsplit_once(':').map_or("", |(host, _)| host);
        host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.to_string() != own)
    };
    urls.iter().find(wrong).map(String::as_str)
}

fn check(facts: &Facts) -> Verdict {
    masters(facts, |n| {
        let own = n.member.address.map(|a| a.to_string()).unwrap_or_default();
        let etcd = need(&n.node.etcd, NodeFacts::ETCD)?;
        let me = etcd.value.members.iter().find(|m| m.name == n.name).ok_or(Stop::Quiet)?;
        let (url, whom) = match (foreign(&me.peer_urls, &own), foreign(&me.client_urls, &own)) {
            (Some(url), _) => (url, "its peers"),
            (None, Some(url)) => (url, "its clients"),
            (None, None) => return Err(Stop::Quiet),
        };
        let name = n.name;
        Ok(Finding::cause(n.subject(), format!("etcd on {name} tells {whom} to find it at {url}, which is not its address."))
            .because("the list of members says so", [etcd.cite(format!("members {name}"), url)])
            .because(format!("{name} has the address {own}"), [facts.cluster.cite(format!("members {name}"), own)])
            .fix("Correct its advertised URLs and restart it; a wrong peer URL also needs `etcdctl member update`.")
            .run(Command::new(Risk::ReadOnly, n.exec("bash -lc 'etcdctl member list -w table'")))
            .run(Command::new(Risk::ChangesNode, n.exec("systemctl restart magnum-agent etcd"))))
    })
}
