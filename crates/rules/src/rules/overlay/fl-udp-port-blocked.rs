// SPDX-License-Identifier: Apache-2.0
//! The overlay's UDP port is blocked between nodes.
//!
//! ## What you see
//! Pods reach pods on the same node only. Nodes reach each other, every node stays `Ready`, and a service answers or hangs depending
//! on where its pods are.
//!
//! ## Why it happens
//! Flannel wraps every packet between nodes in UDP (port 8472 for vxlan, 8285 for udp). A security group in front of the node or a
//! firewall on it drops that port.
//!
//! ## What to do
//! Allow the port from the nodes' own network, in the place that the evidence names.

use crate::ask::NodeAsk;
use crate::fixture::{drop_rule, kubernetes, stopped};
use crate::report::{Command, Confidence, Risk};
use crate::{Act, CoeKind, Finding, Layer, Rule, Stop, Verdict, blind, each_node, fires, need, quiet, when};
use magnum_facts::node::{Decision, Hook, NodeFacts, Packet, Proto};
use magnum_facts::{Citation, CounterRise, Facts, HostFacts, PairProbe, ProbeFacts, Source};

pub static RULE: Rule = Rule {
    id: "fl-udp-port-blocked",
    layer: Layer::Overlay,
    coe: CoeKind::Kubernetes,
    guide: "L245-284",
    symptoms: &["S7"],
    needs: &[ProbeFacts::OVERLAY, ProbeFacts::BURST, NodeFacts::FIREWALL, HostFacts::PORT],
    explains: &["kp-no-endpoints", "dns-*"],
    not_if: &["nv-shutoff"],
    set_so: true,
    check,
    cases: &[
        fires("a firewall on the node drops it", || kubernetes(1, 2).input_rules("node-1", &[drop_rule(8472, 20)]).overlay_dead("node-1")),
        fires("the security group lacks it", || kubernetes(1, 2).port_rules("node-1", GROUP_WITHOUT_UDP).overlay_dead("node-1")),
        fires("the rule is there, no probe could be sent", || kubernetes(1, 2).input_rules("node-1", &[drop_rule(8472, 20)]).no_probes()),
        quiet("another port is dropped", || kubernetes(1, 2).input_rules("node-1", &[drop_rule(4789, 20)])),
        quiet("ping is dropped, TCP works", || {
            kubernetes(1, 2).input_rules("node-1", &["[3:252] -A INPUT -p icmp -j DROP".to_owned()]).overlay_dead("node-1").with(|f| {
                for pair in f.probes.overlay.value_mut().into_iter().flatten() {
                    pair.tcp = Some(magnum_facts::Reach::Connected);
                }
            })
        }),
        quiet("flannel is not running", || kubernetes(1, 2).unit("node-1", "flanneld", stopped()).overlay_dead("node-1")),
        blind("no probe and no view of the filters", || kubernetes(1, 2).no_probes().node_dark("node-1").host_dark("node-1")),
        blind("it is dead, and the filters cannot be read", || {
            kubernetes(1, 2).overlay_dead("node-1").node_dark("node-1").host_dark("node-1")
        }),
    ],
    inject: &[Act::On { node: "node-1", argv: &["iptables", "-I", "INPUT", "-p", "udp", "--dport", "8472", "-j", "DROP"] }],
    undo: &[Act::On { node: "node-1", argv: &["iptables", "-D", "INPUT", "-p", "udp", "--dport", "8472", "-j", "DROP"] }],
    ..Rule::BASE
};

const GROUP_WITHOUT_UDP: &[&str] = &["[4:400] -A port-in -s 10.0.0.0/24 -p tcp -j ACCEPT", "[40:5920] -A port-in -j DROP"];

/// Where the packet is stopped.
struct Block {
    at_port: bool,
    rule: String,
    packets: Option<u64>,
    citation: Citation,
}

fn check(facts: &Facts) -> Verdict {
    let port = facts.cluster.layout.overlay_port.unwrap_or(8472);
    each_node(facts, |n| {
        let dead = dead_pairs(&n)?;
        let block = match find_block(&n, port) {
            Ok(block) => block,
            // A filter nobody could read matters only when packets are lost, or when nobody could probe either.
            Err(stop) => return Err(if dead == Some(Vec::new()) { Stop::Quiet } else { stop }),
        };
        when(dead.as_ref().is_none_or(|pairs| !pairs.is_empty()))?;
        let rise = burst(&n, &block);
        let place = if block.at_port { "its security group" } else { "its own firewall" };
        let finding =
            Finding::cause(n.subject(), format!("UDP {port}, the overlay's port, is dropped on the way to {} by {place}.", n.name))
                .confidence(if rise.is_some() { Confidence::Reproduced } else { Confidence::Observed })
                .because_if(dead.and_then(|pairs| lost(&n, &pairs)))
                .because(sentence(&block), [block.citation.clone()])
                .because_if(rise);
        let finding = underlay(&n).into_iter().fold(finding, |f, c| f.rules_out("nv-shutoff", "the nodes reach each other directly", [c]));
        let finding = vxlan(&n).into_iter().fold(finding, |f, c| f.rules_out("fl-not-running", "flanneld runs and its device is up", [c]));
        Ok(remedy(finding, &n, &block, port))
    })
}

/// Pairs that lose everything towards or from this node. None = nobody could probe.
fn dead_pairs<'a>(n: &NodeAsk<'a>) -> Result<Option<Vec<&'a PairProbe>>, Stop> {
    match n.all.probes.overlay.look() {
        Ok(Some(pairs)) => Ok(Some(pairs.value.iter().filter(|p| (p.to == n.name || p.from == n.name) && p.is_dead()).collect())),
        Ok(None) => Err(Stop::Quiet),
        Err(_) => Ok(None),
    }
}

fn find_block(n: &NodeAsk<'_>, port: u16) -> Result<Block, Stop> {
    let peer = n.all.cluster.members.iter().find(|m| m.name != n.name).and_then(|m| m.address);
    let (Some(source), Some(destination)) = (peer, n.member.address) else { return Err(Stop::Quiet) };
    let packet = Packet { protocol: Proto::Udp, source, destination, destination_port: port, in_interface: Some("eth0".into()) };
    let on_node = need(&n.node.firewall, NodeFacts::FIREWALL);
    if let Ok(rules) = &on_node
        && let Some(block) = block(rules.decide(Hook::Input, &packet), rules.source, false)
    {
        return Ok(block);
    }
    let at_port = need(&n.host.port, HostFacts::PORT);
    if let Ok(port) = &at_port
        && let Some(block) = port.rules.decide_chain(&port.ingress_chain, &packet).and_then(|d| block(d, port.source, true))
    {
        return Ok(block);
    }
    on_node.map(|_| ()).and(at_port.map(|_| ()))?;
    Err(Stop::Quiet)
}

fn block(decision: Decision<'_>, source: &Source, at_port: bool) -> Option<Block> {
    match decision {
        Decision::DropRule { table, chain, rule } => {
            let count = rule.packets.map(|p| format!(" ({p} packets so far)")).unwrap_or_default();
            let citation = source.cite(format!("{table} {chain}"), format!("{}{count}", rule.text));
            Some(Block { at_port, rule: rule.text.clone(), packets: rule.packets, citation })
        }
        Decision::DropPolicy { table, chain } => {
            let citation = source.cite(format!("{table} {}", chain.name), "policy drop, and no rule lets it in");
            Some(Block { at_port, rule: format!("policy of {}", chain.name), packets: chain.policy_packets, citation })
        }
        Decision::Accept | Decision::Unsure { .. } => None,
    }
}

fn sentence(block: &Block) -> String {
    let place = if block.at_port { "the security group in front of the node" } else { "the node's packet filter" };
    if block.at_port && block.rule.starts_with("drop") {
        return "no rule of the security group in front of the node lets it in".to_owned();
    }
    match block.packets {
        Some(0) | None => format!("{place} drops it: {}", block.rule),
        Some(packets) => format!("{place} drops it, and has dropped {packets} packets with this rule: {}", block.rule),
    }
}

fn lost(n: &NodeAsk<'_>, pairs: &[&PairProbe]) -> Option<(String, Citation)> {
    let first = pairs.first()?;
    let source = n.all.probes.overlay.source()?;
    let quote =
        format!("{} sent, {} answered; tcp {}", first.sent, first.received, if first.tcp.is_some() { "not answered" } else { "not tried" });
    let text = format!("nothing comes back through the overlay between {} and {} other nodes", n.name, pairs.len().div_ceil(2));
    Some((text, source.cite(format!("{} -> {} ({})", first.from, first.to, first.address), quote)))
}

/// The drop's counter rose by at least as many packets as were sent.
fn burst(n: &NodeAsk<'_>, block: &Block) -> Option<(String, Citation)> {
    let rises = n.all.probes.burst.look().ok()??;
    let fits = |r: &&CounterRise| {
        r.node == n.name && r.at_port == block.at_port && r.rule == block.rule && r.after - r.before >= u64::from(r.burst)
    };
    let rise = rises.value.iter().find(fits)?;
    let text = format!("a burst of {} packets through the overlay raised its counter by {}", rise.burst, rise.after - rise.before);
    Some((text, rises.cite(rise.rule.clone(), format!("{} before, {} after", rise.before, rise.after))))
}

fn underlay(n: &NodeAsk<'_>) -> Option<Citation> {
    let pairs = n.all.probes.underlay.look().ok()??;
    let pair = pairs.value.iter().find(|p| p.to == n.name && p.received > 0)?;
    Some(pairs.cite(format!("{} -> {} ({})", pair.from, pair.to, pair.address), format!("{} of {} answered", pair.received, pair.sent)))
}

fn vxlan(n: &NodeAsk<'_>) -> Option<Citation> {
    let links = n.node.links.look().ok()??;
    let link = links.value.iter().find(|l| l.name.starts_with("flannel") && l.up)?;
    Some(links.cite(link.name.clone(), format!("up, mtu {}", link.mtu)))
}

fn remedy(finding: Finding, n: &NodeAsk<'_>, block: &Block, port: u16) -> Finding {
    let nodes = n.all.cluster.layout.network_cidr.map_or("the nodes' network".to_owned(), |net| net.to_string());
    if block.at_port {
        return finding.fix(format!("Allow UDP {port} from {nodes} in the security group of {}.", n.name));
    }
    let delete = block.rule.strip_prefix("-A ").map(|rest| n.exec(&format!("iptables -D {rest}")));
    let allow = n.exec(&format!("iptables -I INPUT -p udp --dport {port} -s {nodes} -j ACCEPT"));
    finding
        .fix(format!("Remove the rule, or allow UDP {port} from {nodes} before it."))
        .run(Command::new(Risk::ChangesNode, delete.unwrap_or(allow)))
}
