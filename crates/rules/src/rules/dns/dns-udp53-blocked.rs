// SPDX-License-Identifier: Apache-2.0
//! Questions to the cluster's DNS get lost when they are sent by UDP.
//!
//! ## What you see
//! Names do not resolve, or only after five seconds, in pods on some nodes; asked by TCP, the same server answers at once.
//!
//! ## Why it happens
//! UDP port 53 is blocked between the nodes and the server, while TCP port 53 is not: a security group or firewall that only thought of TCP.
//!
//! ## What to do
//! Allow UDP 53 from the nodes to where the cluster's DNS runs.

use crate::fixture::{Scene, kubernetes, stopped};
use crate::report::{Command, Confidence, Risk};
use crate::{Act, CoeKind, Finding, Layer, NodeAsk, Rule, Subject, Verdict, blind, fires, need, quiet};
use magnum_facts::node::{Decision, Hook, NodeFacts, Packet, Proto, ServerRole};
use magnum_facts::{Citation, Facts};
use magnum_types::Role;

pub static RULE: Rule = Rule {
    id: "dns-udp53-blocked",
    layer: Layer::Dns,
    coe: CoeKind::Kubernetes,
    guide: "L321-376",
    symptoms: &["S7"],
    needs: &[NodeFacts::LOOKUPS],
    not_if: &["nv-shutoff", "dns-coredns-down"],
    check,
    cases: &[
        fires("from both workers", || lost("udp")),
        fires("from one node", || kubernetes(1, 2).unanswered("node-1", ServerRole::Cluster, "udp")),
        quiet("by TCP, too: that is another fault", || lost("")),
        quiet("the server does not run", || lost("").unit("master-0", "kube-dns", stopped())),
        blind("no node can be read", || kubernetes(1, 2).node_dark("node-1").node_dark("node-0").node_dark("master-0")),
    ],
    inject: &[Act::On { node: "master-0", argv: &["iptables", "-I", "INPUT", "-i", "eth0", "-p", "udp", "--dport", "53", "-j", "DROP"] }],
    undo: &[Act::On { node: "master-0", argv: &["iptables", "-D", "INPUT", "-i", "eth0", "-p", "udp", "--dport", "53", "-j", "DROP"] }],
    ..Rule::BASE
};

fn lost(protocol: &str) -> Scene {
    kubernetes(1, 2).unanswered("node-0", ServerRole::Cluster, protocol).unanswered("node-1", ServerRole::Cluster, protocol)
}

fn check(facts: &Facts) -> Verdict {
    let mut verdict = Verdict::default();
    let mut hit: Vec<(String, [Citation; 2])> = Vec::new();
    for n in facts.cluster.members.iter().filter_map(|m| NodeAsk::of(facts, m)) {
        let lookups = match need(&n.node.lookups, NodeFacts::LOOKUPS) {
            Ok(lookups) => lookups,
            Err(stop) => {
                verdict.add(n.subject(), Err(stop));
                continue;
            }
        };
        let by = |protocol: &str| lookups.value.iter().find(|l| l.role == ServerRole::Cluster && l.protocol == protocol);
        if let (Some(udp), Some(tcp)) = (by("udp"), by("tcp"))
            && !udp.answered()
            && tcp.answered()
        {
            let at = |p: &str| format!("{} {p}", udp.server);
            hit.push((n.name.to_owned(), [lookups.cite(at("udp"), udp.error.clone()), lookups.cite(at("tcp"), tcp.rcode.clone())]));
        }
    }
    let subject = match hit.as_slice() {
        [] => return verdict,
        [(one, _)] => Subject::node(one),
        _ => Subject::Cluster,
    };
    let names = hit.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ");
    let cluster = &facts.cluster.name;
    let finding =
        Finding::cause(subject, format!("Questions by UDP from {names} to the cluster's DNS get lost; by TCP they are answered."))
            .confidence(Confidence::Reproduced)
            .because("the same question is answered by TCP and not by UDP", hit.into_iter().flat_map(|(_, quotes)| quotes))
            .because_if(dropped(facts))
            .spares_api()
            .fix("Allow UDP 53 from the nodes to the masters, in the place that the evidence names or in their security group.")
            .run(Command::new(Risk::ReadOnly, format!("magnum node exec {cluster} <master> -- iptables -S INPUT")));
    verdict.findings.push(finding);
    verdict
}

/// A master whose own firewall drops it.
fn dropped(facts: &Facts) -> Option<(String, Citation)> {
    let source = facts.cluster.members.iter().find(|m| m.role == Role::Worker)?.address?;
    facts.cluster.masters().find_map(|master| {
        let rules = facts.nodes.get(&master.name)?.firewall.look().ok()??;
        let in_interface = Some("eth0".to_owned());
        let packet = Packet { protocol: Proto::Udp, source, destination: master.address?, destination_port: 53, in_interface };
        match rules.decide(Hook::Input, &packet) {
            Decision::DropRule { table, chain, rule } => {
                let text = format!("the firewall of {} drops it: {}", master.name, rule.text);
                Some((text, rules.source.cite(format!("{table} {chain}"), rule.text.clone())))
            }
            _ => None,
        }
    })
}
