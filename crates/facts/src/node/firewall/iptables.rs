// SPDX-License-Identifier: Apache-2.0
//! Reads `iptables-save -c`.

use super::model::{Chain, FirewallRule, Hook, Match, Ports, Proto, Ruleset, Table, Verdict};
use ipnet::Ipv4Net;
use std::net::Ipv4Addr;

impl Ruleset {
    /// Reads `iptables-save -c`. Lines that cannot be read are left out; conditions that cannot be read are kept as
    /// [`Match::Unknown`], so they never make a rule look wider than it is.
    pub fn from_iptables_save(text: &str) -> Ruleset {
        let mut rules = Ruleset::default();
        for line in text.lines().map(str::trim) {
            if let Some(name) = line.strip_prefix('*') {
                rules.tables.push(Table { name: name.to_owned(), chains: Vec::new() });
            } else if let Some(table) = rules.tables.last_mut() {
                if let Some(chain) = line.strip_prefix(':').and_then(chain_line) {
                    table.chains.push(chain);
                } else {
                    add_rule(table, line);
                }
            }
        }
        rules
    }
}

fn chain_line(line: &str) -> Option<Chain> {
    let mut words = line.split_whitespace();
    let name = words.next()?.to_owned();
    let policy = match words.next()? {
        "ACCEPT" => Some(Verdict::Accept),
        "DROP" => Some(Verdict::Drop),
        _ => None,
    };
    let hook = match name.as_str() {
        "PREROUTING" => Some(Hook::Prerouting),
        "INPUT" => Some(Hook::Input),
        "FORWARD" => Some(Hook::Forward),
        "OUTPUT" => Some(Hook::Output),
        "POSTROUTING" => Some(Hook::Postrouting),
        _ => None,
    };
    let policy_packets = words.next().and_then(counters).map(|(packets, _)| packets);
    Some(Chain { name, hook, policy, policy_packets, rules: Vec::new() })
}

fn counters(word: &str) -> Option<(u64, u64)> {
    let (packets, bytes) = word.strip_prefix('[')?.strip_suffix(']')?.split_once(':')?;
    Some((packets.parse().ok()?, bytes.parse().ok()?))
}

fn add_rule(table: &mut Table, line: &str) {
    let (count, rest) = match line.split_once(' ') {
        Some((first, rest)) if first.starts_with('[') => (counters(first), rest),
        _ => (None, line),
    };
    let words = split(rest);
    let [flag, chain, conditions @ ..] = words.as_slice() else { return };
    if flag != "-A" {
        return;
    }
    let (matches, verdict) = parse(conditions);
    let rule = FirewallRule { text: rest.to_owned(), matches, verdict, packets: count.map(|c| c.0), bytes: count.map(|c| c.1) };
    if let Some(chain) = table.chains.iter_mut().find(|c| &c.name == chain) {
        chain.rules.push(rule);
    }
}

/// Splits at blanks; double quotes hold a word together.
fn split(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quoted, mut open) = (Vec::new(), String::new(), false, false);
    for c in line.chars() {
        match c {
            '"' => {
                quoted = !quoted;
                open = true;
            }
            ' ' if !quoted => {
                if open {
                    words.push(std::mem::take(&mut word));
                }
                open = false;
            }
            c => {
                word.push(c);
                open = true;
            }
        }
    }
    if open {
        words.push(word);
    }
    words
}

fn parse(words: &[String]) -> (Vec<Match>, Verdict) {
    let (mut matches, mut verdict, mut not) = (Vec::new(), Verdict::Continue, false);
    let mut rest = words.iter().map(String::as_str).peekable();
    while let Some(word) = rest.next() {
        if word == "!" {
            not = true;
            continue;
        }
        let mut value = || rest.next().unwrap_or_default().to_owned();
        match word {
            "-p" => matches.push(Match::Protocol { is: Proto::from_word(&value()), not }),
            "--dport" | "--dports" => {
                matches.push(ports(&value()).map_or_else(unknown(word), |ports| Match::DestinationPort { ports, not }))
            }
            "--sport" | "--sports" => matches.push(ports(&value()).map_or_else(unknown(word), |ports| Match::SourcePort { ports, not })),
            "-s" => matches.push(net(&value()).map_or_else(unknown(word), |n| Match::Source { nets: vec![n], not })),
            "-d" => matches.push(net(&value()).map_or_else(unknown(word), |n| Match::Destination { nets: vec![n], not })),
            "--mark" => matches.push(mark(&value()).map_or_else(unknown(word), |(value, mask)| Match::Mark { value, mask, not })),
            "-i" => matches.push(Match::InInterface { name: value(), not }),
            "-o" => matches.push(Match::OutInterface { name: value(), not }),
            "--ctstate" | "--state" => {
                let states = value().to_lowercase().split(',').map(str::to_owned).collect();
                matches.push(Match::State { states, not });
            }
            "-j" | "-g" => {
                verdict = target(&value(), word == "-g");
                // What follows a target belongs to it.
                break;
            }
            "-m" => {
                let module = value();
                if !matches!(module.as_str(), "tcp" | "udp" | "multiport" | "conntrack" | "state" | "comment" | "mark") {
                    matches.push(Match::Unknown { text: format!("-m {module}") });
                }
            }
            "--comment" => {
                value();
            }
            other => matches.push(Match::Unknown { text: other.to_owned() }),
        }
        not = false;
    }
    (matches, verdict)
}

fn unknown(word: &str) -> impl FnOnce() -> Match {
    let text = word.to_owned();
    || Match::Unknown { text }
}

fn target(name: &str, goto: bool) -> Verdict {
    match name {
        "ACCEPT" => Verdict::Accept,
        "DROP" => Verdict::Drop,
        "REJECT" => Verdict::Reject,
        "RETURN" => Verdict::Return,
        "MARK" | "CONNMARK" | "LOG" | "NFLOG" | "TRACE" | "DNAT" | "SNAT" | "MASQUERADE" | "REDIRECT" | "TCPMSS" | "CHECKSUM"
        | "NOTRACK" | "CT" => Verdict::Continue,
        chain if goto => Verdict::Goto { chain: chain.to_owned() },
        chain => Verdict::Jump { chain: chain.to_owned() },
    }
}

fn ports(text: &str) -> Option<Ports> {
    text.split(',')
        .map(|part| match part.split_once(':') {
            Some((from, to)) => Some((from.parse().ok()?, to.parse().ok()?)),
            None => part.parse().ok().map(|port| (port, port)),
        })
        .collect()
}

fn mark(text: &str) -> Option<(u32, u32)> {
    let number = |t: &str| match t.strip_prefix("0x") {
        Some(hex) => u32::from_str_radix(hex, 16).ok(),
        None => t.parse().ok(),
    };
    match text.split_once('/') {
        Some((value, mask)) => Some((number(value)?, number(mask)?)),
        None => Some((number(text)?, u32::MAX)),
    }
}

fn net(text: &str) -> Option<Ipv4Net> {
    text.parse().ok().or_else(|| text.parse::<Ipv4Addr>().ok().map(Ipv4Net::from))
}

#[cfg(test)]
mod tests {
    use super::super::{Decision, Packet};
    use super::*;

    const SAVE: &str = "\
*filter
:INPUT ACCEPT [10:600]
:FORWARD DROP [3:180]
:KUBE-FIREWALL - [0:0]
:OTHER - [0:0]
[9:540] -A INPUT -j KUBE-FIREWALL
[0:0] -A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
[20:2960] -A INPUT -p udp -m udp --dport 8472 -m comment --comment \"a b\" -j DROP
[0:0] -A INPUT -s 10.9.0.0/16 -p tcp -m multiport --dports 80,1000:2000 -j REJECT --reject-with icmp-port-unreachable
[1:60] -A INPUT -p tcp -m tcp --dport 22 -m string --string x -j DROP
[0:0] -A KUBE-FIREWALL -m mark --mark 0x8000/0x8000 -j DROP
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
[0:0] -A PREROUTING -p udp -m udp --dport 8472 -j DROP
COMMIT
";

    fn packet(protocol: Proto, source: &str, port: u16) -> Packet {
        let (source, destination) = (source.parse().unwrap(), "10.0.0.5".parse().unwrap());
        Packet { protocol, source, destination, destination_port: port, in_interface: Some("eth0".into()) }
    }

    #[test]
    fn the_rule_that_decides_is_named_with_its_counter() {
        let rules = Ruleset::from_iptables_save(SAVE);
        match rules.decide(Hook::Input, &packet(Proto::Udp, "10.0.0.6", 8472)) {
            Decision::Unsure { rule } => panic!("a mark nobody sets must not hide the drop: {rule:?}"),
            Decision::DropRule { rule, .. } => {
                assert_eq!(rule.packets, Some(20));
                assert!(rule.text.starts_with("-A INPUT -p udp"), "{}", rule.text);
            }
            other => panic!("{other:?}"),
        }
        assert!(matches!(rules.decide(Hook::Input, &packet(Proto::Tcp, "10.9.1.1", 1500)), Decision::DropRule { .. }));
        assert!(matches!(rules.decide(Hook::Forward, &packet(Proto::Udp, "10.0.0.6", 1)), Decision::DropPolicy { .. }));
        let unsure = rules.decide(Hook::Input, &packet(Proto::Tcp, "10.0.0.6", 22));
        assert!(matches!(unsure, Decision::Unsure { .. }), "{unsure:?}");
    }
}
