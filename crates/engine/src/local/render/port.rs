// SPDX-License-Identifier: Apache-2.0
//! A node's security groups, as one nftables table on its port of the private network's bridge.
//!
//! Bridges have no connection tracking on many kernels (`nf_conntrack_bridge` is a module of its own), and
//! br_netfilter would change how other people's bridges on this machine behave. So the table remembers itself what the
//! node has sent, in a set whose entries time out as conntrack's do, and lets replies to that in. A node cannot send
//! with another node's address. Every decision has a counter, for the doctor.

use crate::local::{digest, names};
use magnum_blueprint::{Blueprint, Protocol, SecurityRule, Server, Source};
use magnum_host::nft;
use std::fmt::Write;

/// The table's name, its text for nft, and the digest of the text.
pub(crate) struct PortRules {
    pub text: String,
    pub digest: String,
}

/// The rules of the server's port.
pub(crate) fn rules(blueprint: &Blueprint, server: &Server) -> PortRules {
    let text = nft::replace_table("bridge", &names::port_table(&server.name), &body(blueprint, server));
    PortRules { digest: digest::short(&text), text }
}

fn body(blueprint: &Blueprint, server: &Server) -> String {
    let (tap, mac, address) = (names::tap(server.address), names::mac(server.address), server.address);
    let mut allowed = String::new();
    for group in blueprint.security_groups.iter().filter(|g| server.security_groups.contains(&g.name)) {
        for rule in &group.ingress {
            // Writing to a String cannot fail.
            let _ = writeln!(allowed, "    {} counter accept comment \"{}: {}\"", matches(rule), plain(&group.name), plain(rule.purpose));
        }
    }
    format!(
        "  set sent {{
    type inet_proto . ipv4_addr . inet_service . ipv4_addr . inet_service
    size 262144
    flags dynamic,timeout
    timeout 3m
  }}
  set pinged {{
    type ipv4_addr . ipv4_addr
    size 65536
    flags dynamic,timeout
    timeout 30s
  }}
  chain forward {{
    type filter hook forward priority filter; policy accept
    iifname \"{tap}\" jump from_node
    oifname \"{tap}\" jump to_node
  }}
  chain from_node {{
    ether saddr != {mac} counter drop comment \"spoofed hardware address\"
    ether type arp arp saddr ip != {address} counter drop comment \"spoofed address in ARP\"
    ether type arp accept
    ether type ip ip saddr != {address} counter drop comment \"spoofed address\"
    ether type != ip counter drop comment \"not IPv4\"
    meta l4proto tcp tcp flags & (fin | rst) != 0 update @sent {{ meta l4proto . ip saddr . th sport . ip daddr . th dport timeout 1m }} accept
    meta l4proto tcp update @sent {{ meta l4proto . ip saddr . th sport . ip daddr . th dport timeout 2h }} accept
    meta l4proto udp update @sent {{ meta l4proto . ip saddr . th sport . ip daddr . th dport }} accept
    icmp type echo-request update @pinged {{ ip saddr . ip daddr }} accept
  }}
  chain to_node {{
    ether type arp accept
    ether type != ip counter drop comment \"not IPv4\"
    meta l4proto {{ tcp, udp }} meta l4proto . ip daddr . th dport . ip saddr . th sport @sent counter accept comment \"replies\"
    ip frag-off & 0x1fff != 0 counter accept comment \"later fragments\"
    icmp type echo-reply ip daddr . ip saddr @pinged counter accept comment \"replies to ping\"
    icmp type {{ destination-unreachable, time-exceeded, parameter-problem }} counter accept comment \"errors about own traffic\"
{allowed}    counter drop comment \"no rule allows it\"
  }}
"
    )
}

fn matches(rule: &SecurityRule) -> String {
    let source = match rule.source {
        Source::Anywhere => String::new(),
        Source::Cidr(range) => format!("ip saddr {range} "),
    };
    let protocol = match rule.protocol {
        Protocol::Tcp => "tcp",
        Protocol::Udp => "udp",
        Protocol::Icmp => "icmp",
    };
    match rule.ports {
        Some(ports) if rule.protocol != Protocol::Icmp && ports.from == ports.to => format!("{source}{protocol} dport {}", ports.from),
        Some(ports) if rule.protocol != Protocol::Icmp => format!("{source}{protocol} dport {}-{}", ports.from, ports.to),
        _ => format!("{source}meta l4proto {protocol}"),
    }
}

/// Text that can stand in a comment of nft: at most 60 characters, none with a meaning.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_alphanumeric() || " '.-_/".contains(c) { c } else { '_' }).take(60).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use magnum_blueprint::PortRange;

    #[test]
    fn rules_become_matches() {
        let rule = |source, protocol, ports: Option<(u16, u16)>| SecurityRule {
            source,
            protocol,
            ports: ports.map(|(from, to)| PortRange { from, to }),
            purpose: "x",
        };
        let nodes = Source::Cidr("10.0.0.0/24".parse().unwrap());
        for (rule, expected) in [
            (rule(Source::Anywhere, Protocol::Tcp, Some((22, 22))), "tcp dport 22"),
            (rule(nodes, Protocol::Udp, Some((30000, 32767))), "ip saddr 10.0.0.0/24 udp dport 30000-32767"),
            (rule(Source::Anywhere, Protocol::Udp, None), "meta l4proto udp"),
            (rule(nodes, Protocol::Icmp, Some((8, 8))), "ip saddr 10.0.0.0/24 meta l4proto icmp"),
        ] {
            assert_eq!(matches(&rule), expected);
        }
    }

    #[test]
    fn comments_cannot_end_their_quotes() {
        assert_eq!(plain("flannel's \"VXLAN\"; drop\n}"), "flannel's _VXLAN__ drop__");
    }
}
