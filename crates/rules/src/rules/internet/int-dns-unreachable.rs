// SPDX-License-Identifier: Apache-2.0
//! A node's name servers do not answer.
//!
//! ## What you see
//! "lookup … i/o timeout" or "temporary failure in name resolution" for every name on the node; images are not pulled. Addresses work.
//!
//! ## Why it happens
//! None of the servers in `/etc/resolv.conf` answers, by UDP or by TCP: the subnet names wrong ones, port 53 is blocked, or they are down.
//!
//! ## What to do
//! Ask each server from the node (`dig @server`), and correct the subnet's `dns_nameservers` or what blocks port 53.

use crate::fixture::{Scene, kubernetes};
use crate::report::{Command, Risk};
use crate::{Act, Finding, Layer, Rule, Verdict, blind, each_node, fires, need, quiet, when};
use magnum_facts::Facts;
use magnum_facts::node::{Lookup, NodeFacts, ServerRole};
use std::collections::BTreeSet;

pub static RULE: Rule = Rule {
    id: "int-dns-unreachable",
    layer: Layer::Internet,
    guide: "L156-183",
    symptoms: &["S1", "S6", "S19"],
    needs: &[NodeFacts::LOOKUPS],
    explains: &["wl-pull-*", "dns-*", "int-registry-*", "boot-agent-image-pull"],
    not_if: &["nv-shutoff", "int-no-egress"],
    check,
    cases: &[
        fires("nothing comes back", || silent(ServerRole::Node, &["udp", "tcp"])),
        quiet("only the cluster's own DNS is silent", || silent(ServerRole::Cluster, &["udp", "tcp"])),
        quiet("one packet was lost", || silent(ServerRole::Node, &["udp"])),
        blind("the node cannot be read", || kubernetes(1, 2).node_dark("node-1").not_ready("node-1", "")),
    ],
    inject: &[Act::On {
        node: "node-1",
        argv: &["sh", "-c", "for p in udp tcp; do iptables -I OUTPUT -d 10.0.0.1 -p $p --dport 53 -j DROP; done"],
    }],
    undo: &[Act::On {
        node: "node-1",
        argv: &["sh", "-c", "for p in udp tcp; do iptables -D OUTPUT -d 10.0.0.1 -p $p --dport 53 -j DROP; done"],
    }],
    ..Rule::BASE
};

fn silent(role: ServerRole, protocols: &'static [&'static str]) -> Scene {
    kubernetes(1, 2).with(move |f| {
        let all = f.nodes.get_mut("node-1").and_then(|n| n.lookups.value_mut()).into_iter().flatten();
        for lookup in all.filter(|l| l.role == role && protocols.contains(&l.protocol.as_str())) {
            (lookup.rcode, lookup.answers, lookup.error) = (String::new(), 0, "timed out".into());
        }
    })
}

fn check(facts: &Facts) -> Verdict {
    each_node(facts, |n| {
        let all = need(&n.node.lookups, NodeFacts::LOOKUPS)?;
        let own: Vec<&Lookup> = all.value.iter().filter(|l| l.role == ServerRole::Node).collect();
        when(!own.is_empty() && own.iter().all(|l| !l.answered()))?;
        let servers: BTreeSet<String> = own.iter().map(|l| l.server.to_string()).collect();
        let servers: Vec<String> = servers.into_iter().collect();
        let quotes = own.iter().map(|l| all.cite(format!("{} {}", l.server, l.protocol), l.error.clone()));
        let (name, list) = (n.name, servers.join(", "));
        let first = servers.first().cloned().unwrap_or_default();
        Ok(Finding::cause(n.subject(), format!("No name server of {name} answers: {list}."))
            .because("neither UDP nor TCP brings an answer", quotes)
            .fix("Correct the subnet's name servers, or let the node reach port 53 of them.")
            .run(Command::new(Risk::ReadOnly, n.exec("cat /etc/resolv.conf")))
            .run(Command::new(Risk::ReadOnly, n.exec(&format!("ping -c 1 {first}")))))
    })
}
