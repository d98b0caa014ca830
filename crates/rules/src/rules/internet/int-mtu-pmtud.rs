// SPDX-License-Identifier: Apache-2.0
//! Full packets are lost on the way between nodes, and nobody says so.
//!
//! ## What you see
//! `ping` and small requests work; TLS handshakes, `kubectl logs` and image pulls hang. Connections are made and then stand still.
//!
//! ## Why it happens
//! Something between the nodes drops packets above a size without the ICMP message (type 3 code 4) by which the sender would learn of it:
//! a firewall, or a path with a smaller MTU behind a filter for ICMP. The nodes' own devices agree with each other.
//!
//! ## What to do
//! Remove what drops them, let ICMP type 3 through, or lower the MTU of the network and of the overlay.

use crate::fixture::{Scene, kubernetes};
use crate::report::{Command, Risk};
use crate::{Act, Finding, Layer, Rule, Subject, Verdict, blind, fires, need, quiet, when};
use magnum_facts::node::NodeFacts;
use magnum_facts::{Facts, ProbeFacts, SizeProbe};

pub static RULE: Rule = Rule {
    id: "int-mtu-pmtud",
    layer: Layer::Internet,
    guide: "L186-284",
    symptoms: &["S5", "S7", "S16"],
    needs: &[ProbeFacts::SIZES, NodeFacts::LINKS],
    explains: &["fl-*", "kn-*", "kp-*", "dns-*", "sw-*"],
    not_if: &["nv-shutoff", "nt-mtu-physical"],
    check,
    cases: &[
        fires("full packets vanish", || lost(|_| true)),
        quiet("nothing at all gets through: another fault", || kubernetes(1, 2).cut_off("node-1")),
        quiet("only in the overlay", || lost(|p| p.overlay)),
        blind("nothing could be sent", || kubernetes(1, 2).no_probes()),
        blind("the receiver's device cannot be seen", || lost(|p| p.to == "node-1").node_dark("node-1")),
    ],
    inject: &[Act::On {
        node: "node-1",
        argv: &[
            "iptables",
            "-t",
            "raw",
            "-I",
            "PREROUTING",
            "-i",
            "eth0",
            "-p",
            "icmp",
            "-m",
            "length",
            "--length",
            "1401:65535",
            "-j",
            "DROP",
        ],
    }],
    undo: &[Act::On {
        node: "node-1",
        argv: &[
            "iptables",
            "-t",
            "raw",
            "-D",
            "PREROUTING",
            "-i",
            "eth0",
            "-p",
            "icmp",
            "-m",
            "length",
            "--length",
            "1401:65535",
            "-j",
            "DROP",
        ],
    }],
    ..Rule::BASE
};

fn lost(which: fn(&SizeProbe) -> bool) -> Scene {
    kubernetes(1, 2).with(move |f| {
        let all = f.probes.sizes.value_mut().into_iter().flatten();
        all.filter(|p| which(p) && (p.from == "node-1" || p.to == "node-1")).for_each(|p| p.large_answered = 0);
    })
}

fn check(facts: &Facts) -> Verdict {
    let answer = || {
        let all = need(&facts.probes.sizes, ProbeFacts::SIZES)?;
        let eaten = |p: &&SizeProbe| !p.overlay && p.small_answered > 0 && p.large_answered == 0 && same_mtu(facts, p);
        let lost: Vec<&SizeProbe> = all.value.iter().filter(eaten).collect();
        when(!lost.is_empty())?;
        // Where the receiver's device cannot be seen, it may be the device that takes no more.
        for receiver in lost.iter().filter_map(|p| facts.nodes.get(&p.to)) {
            need(&receiver.links, NodeFacts::LINKS)?;
        }
        // The node that all lost packets have in common; of a single path, its end.
        let both = lost.first().map(|p| [p.to.as_str(), p.from.as_str()]).into_iter().flatten();
        let common = both.into_iter().find(|name| lost.iter().all(|p| p.from == *name || p.to == *name));
        let (subject, place) = match common {
            Some(name) => (Subject::node(name), format!("to and from {name}")),
            None => (Subject::Cluster, "between the nodes".to_owned()),
        };
        let bytes = lost.iter().map(|p| p.bytes).max().unwrap_or(0);
        let quotes = lost.iter().map(|p| {
            let quote = format!("{} small and {} full echo requests answered", p.small_answered, p.large_answered);
            all.cite(format!("{} -> {}", p.from, p.address), quote)
        });
        let (cluster, from) = (&facts.cluster.name, lost.first().map_or("", |p| p.from.as_str()));
        let (to, size) = (lost.first().map_or("", |p| p.address.as_str()), bytes.saturating_sub(28));
        Ok(Finding::cause(subject, format!("Packets of {bytes} bytes are lost {place} without a word; small ones get through."))
            .because("small echo requests are answered, full ones are not, and no device on the way said why", quotes)
            .fix("Remove what drops large packets, let ICMP type 3 code 4 through, or lower the MTU of the network and of the overlay.")
            .run(Command::new(Risk::ReadOnly, format!("magnum node exec {cluster} {from} -- ping -c 2 -M do -s {size} {to}"))))
    };
    Verdict::cluster(answer())
}

/// The receiver's device takes what the sender's sends; where it does not, that is the fault.
fn same_mtu(facts: &Facts, probe: &SizeProbe) -> bool {
    let links = facts.nodes.get(&probe.to).and_then(|n| n.links.value());
    let device = links.and_then(|all| all.iter().find(|l| l.addresses.iter().any(|a| a.addr().to_string() == probe.address)));
    probe.error.is_empty() && device.is_none_or(|d| d.mtu >= probe.bytes)
}
