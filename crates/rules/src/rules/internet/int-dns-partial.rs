// SPDX-License-Identifier: Apache-2.0
//! One of a node's name servers does not answer.
//!
//! ## What you see
//! Everything that needs a name takes seconds longer, or fails now and then: image pulls, `curl`, pods that use the node's DNS.
//!
//! ## Why it happens
//! `/etc/resolv.conf` names several servers and one is dead. Programs ask it, wait, and only then ask the next one.
//!
//! ## What to do
//! Take the dead server out of the subnet's `dns_nameservers` and of `/etc/resolv.conf`, or bring it back.

use crate::fixture::{Scene, kubernetes};
use crate::report::{Command, Risk};
use crate::{Act, Finding, Layer, Rule, Stop, Verdict, blind, each_node, fires, need, quiet};
use magnum_facts::Facts;
use magnum_facts::node::{Lookup, NodeFacts, ServerRole};
use std::net::Ipv4Addr;

pub static RULE: Rule = Rule {
    id: "int-dns-partial",
    layer: Layer::Internet,
    guide: "L156-183",
    symptoms: &["S1", "S6", "S19"],
    needs: &[NodeFacts::LOOKUPS],
    explains: &["wl-pull-*", "dns-*"],
    not_if: &["nv-shutoff", "int-no-egress", "int-dns-unreachable"],
    check,
    cases: &[
        fires("the second server is dead", || second("")),
        quiet("the second server answers", || second("NOERROR")),
        quiet("the second server refuses at once", || second("REFUSED")),
        blind("the node cannot be read", || kubernetes(1, 2).node_dark("node-1").not_ready("node-1", "")),
    ],
    inject: &[Act::On {
        node: "node-1",
        argv: &["sh", "-c", "cp /etc/resolv.conf /root/ && echo nameserver 10.0.0.250 >> /etc/resolv.conf"],
    }],
    undo: &[Act::On { node: "node-1", argv: &["sh", "-c", "cat /root/resolv.conf > /etc/resolv.conf && rm /root/resolv.conf"] }],
    ..Rule::BASE
};

fn second(rcode: &'static str) -> Scene {
    kubernetes(1, 2).with(move |f| {
        let Some(all) = f.nodes.get_mut("node-1").and_then(|n| n.lookups.value_mut()) else { return };
        let more: Vec<Lookup> = all.iter().filter(|l| l.role == ServerRole::Node).cloned().collect();
        let error = if rcode.is_empty() { "timed out" } else { "" };
        all.extend(more.into_iter().map(|l| Lookup {
            server: Ipv4Addr::new(10, 0, 0, 250),
            rcode: rcode.into(),
            error: error.into(),
            ..l
        }));
    })
}

fn check(facts: &Facts) -> Verdict {
    each_node(facts, |n| {
        let all = need(&n.node.lookups, NodeFacts::LOOKUPS)?;
        let own = || all.value.iter().filter(|l| l.role == ServerRole::Node);
        let dead = |server: Ipv4Addr| own().filter(|l| l.server == server).all(|l| !l.answered());
        let living = own().find(|l| l.answered()).ok_or(Stop::Quiet)?;
        let lost = own().find(|l| dead(l.server)).ok_or(Stop::Quiet)?;
        let (name, server) = (n.name, lost.server);
        let quotes = own().filter(|l| l.server == server).map(|l| all.cite(format!("{server} {}", l.protocol), l.error.clone()));
        Ok(Finding::cause(
            n.subject(),
            format!("One of the name servers of {name}, {server}, does not answer: lookups stall or fail now and then."),
        )
        .because(format!("{server} answers neither UDP nor TCP"), quotes)
        .because(
            format!("{} answers", living.server),
            [all.cite(format!("{} {}", living.server, living.protocol), format!("{} in {} ms", living.rcode, living.ms))],
        )
        .fix(format!("Take {server} out of the subnet's name servers and of /etc/resolv.conf, or bring it back."))
        .run(Command::new(Risk::ReadOnly, n.exec("cat /etc/resolv.conf"))))
    })
}
