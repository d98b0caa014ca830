// SPDX-License-Identifier: Apache-2.0
//! Reads `nft --json list ruleset`.

use super::model::{Chain, FirewallRule, Hook, Match, Ports, Proto, Ruleset, Table, Verdict};
use crate::json::text;
use ipnet::Ipv4Net;
use serde_json::Value;
use std::net::Ipv4Addr;

impl Ruleset {
    /// Reads the document of `nft --json list ruleset`. Conditions that cannot be read are kept as [`Match::Unknown`].
    pub fn from_nft_json(document: &Value) -> Ruleset {
        let mut rules = Ruleset::default();
        let items = document.get("nftables").and_then(Value::as_array).into_iter().flatten();
        let sets = Sets::of(document);
        for item in items {
            if let Some(table) = item.get("table") {
                let name = format!("{} {}", text(table, "family"), text(table, "name"));
                rules.tables.push(Table { name, chains: Vec::new() });
            } else if let Some(chain) = item.get("chain") {
                if let Some(table) = owner(&mut rules, chain) {
                    table.chains.push(read_chain(chain));
                }
            } else if let Some(rule) = item.get("rule") {
                let read = read_rule(rule, &sets);
                let name = text(rule, "chain").to_owned();
                if let Some(chain) = owner(&mut rules, rule).and_then(|t| t.chains.iter_mut().find(|c| c.name == name)) {
                    chain.rules.push(read);
                }
            }
        }
        rules
    }
}

fn owner<'a>(rules: &'a mut Ruleset, item: &Value) -> Option<&'a mut Table> {
    let name = format!("{} {}", text(item, "family"), text(item, "table"));
    rules.tables.iter_mut().find(|t| t.name == name)
}

/// Named sets, so that `@nodes` can be read where it is used. Elements of sets with time-outs are added by packets, so
/// such a set holds what was seen before.
struct Sets<'a>(Vec<(&'a str, &'a str, &'a Value)>);

impl<'a> Sets<'a> {
    fn of(document: &'a Value) -> Self {
        let items = document.get("nftables").and_then(Value::as_array).into_iter().flatten();
        let sets = items.filter_map(|i| i.get("set"));
        Sets(sets.map(|s| (text(s, "table"), text(s, "name"), s)).collect())
    }

    fn named(&self, table: &str, value: &Value) -> Option<&'a Value> {
        let name = value.as_str()?.strip_prefix('@')?;
        self.0.iter().find(|(t, n, _)| *t == table && *n == name).map(|(_, _, set)| *set)
    }

    fn remembers(&self, table: &str, value: &Value) -> bool {
        let flags = self.named(table, value).and_then(|s| s.get("flags")).and_then(Value::as_array);
        flags.into_iter().flatten().any(|f| matches!(f.as_str(), Some("dynamic" | "timeout")))
    }

    fn resolve<'b>(&self, table: &str, value: &'b Value) -> Option<&'b Value>
    where
        'a: 'b,
    {
        match value.as_str().is_some_and(|v| v.starts_with('@')) {
            true => self.named(table, value)?.get("elem"),
            false => Some(value),
        }
    }
}

fn read_chain(chain: &Value) -> Chain {
    let hook = match text(chain, "hook") {
        "prerouting" => Some(Hook::Prerouting),
        "input" => Some(Hook::Input),
        "forward" => Some(Hook::Forward),
        "output" => Some(Hook::Output),
        "postrouting" => Some(Hook::Postrouting),
        _ => None,
    };
    let policy = match text(chain, "policy") {
        "accept" => Some(Verdict::Accept),
        "drop" => Some(Verdict::Drop),
        _ => None,
    };
    Chain { name: text(chain, "name").to_owned(), hook, policy, policy_packets: None, rules: Vec::new() }
}

fn read_rule(rule: &Value, sets: &Sets<'_>) -> FirewallRule {
    let mut read = FirewallRule { text: String::new(), matches: Vec::new(), verdict: Verdict::Continue, packets: None, bytes: None };
    let table = text(rule, "table");
    let mut words = Vec::new();
    for part in rule.get("expr").and_then(Value::as_array).into_iter().flatten() {
        if let Some(counter) = part.get("counter") {
            read.packets = counter.get("packets").and_then(Value::as_u64);
            read.bytes = counter.get("bytes").and_then(Value::as_u64);
        } else if let Some(condition) = part.get("match") {
            words.push(print_match(condition));
            read.matches.extend(implied_protocol(condition));
            read.matches.push(read_match(condition, table, sets));
        } else if let Some(verdict) = read_verdict(part) {
            words.push(print_verdict(&verdict));
            read.verdict = verdict;
        } else if let Some(map) = part.get("vmap") {
            words.push(format!("vmap {map}"));
            read.matches.push(Match::Unknown { text: "vmap".to_owned() });
            read.verdict = Verdict::Jump { chain: String::new() };
        } else if let Some(key) = part.as_object().and_then(|o| o.keys().next()) {
            words.push(key.clone());
        }
    }
    if let Some(comment) = rule.get("comment").and_then(Value::as_str) {
        words.push(format!("comment {comment:?}"));
    }
    read.text = words.join(" ");
    read
}

fn read_verdict(part: &Value) -> Option<Verdict> {
    let object = part.as_object()?;
    let target = |key: &str| object.get(key).map(|v| text(v, "target").to_owned());
    if object.contains_key("accept") {
        Some(Verdict::Accept)
    } else if object.contains_key("drop") {
        Some(Verdict::Drop)
    } else if object.contains_key("reject") {
        Some(Verdict::Reject)
    } else if object.contains_key("return") {
        Some(Verdict::Return)
    } else if let Some(chain) = target("jump") {
        Some(Verdict::Jump { chain })
    } else {
        target("goto").map(|chain| Verdict::Goto { chain })
    }
}

fn print_verdict(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Accept => "accept".into(),
        Verdict::Drop => "drop".into(),
        Verdict::Reject => "reject".into(),
        Verdict::Return => "return".into(),
        Verdict::Continue => String::new(),
        Verdict::Jump { chain } => format!("jump {chain}"),
        Verdict::Goto { chain } => format!("goto {chain}"),
    }
}

fn read_match(condition: &Value, table: &str, sets: &Sets<'_>) -> Match {
    let unknown = || Match::Unknown { text: print_match(condition) };
    let not = text(condition, "op") == "!=";
    let (Some(left), Some(right)) = (condition.get("left"), condition.get("right")) else { return unknown() };
    if sets.remembers(table, right) || is_later_fragment(left, right, not) {
        return Match::Later { text: print_match(condition) };
    }
    let Some(right) = sets.resolve(table, right) else { return unknown() };
    let field = left.get("payload").map(|p| (text(p, "protocol"), text(p, "field")));
    let meta = left.get("meta").map(|m| text(m, "key"));
    let state = left.get("ct").map(|c| text(c, "key"));
    let read = match (field, meta, state) {
        (Some(("tcp" | "udp" | "th", "dport")), ..) => ports(right).map(|ports| Match::DestinationPort { ports, not }),
        (Some(("tcp" | "udp" | "th", "sport")), ..) => ports(right).map(|ports| Match::SourcePort { ports, not }),
        (Some(("ip", "saddr")), ..) => nets(right).map(|nets| Match::Source { nets, not }),
        (Some(("ip", "daddr")), ..) => nets(right).map(|nets| Match::Destination { nets, not }),
        (Some(("ip", "protocol")), ..) | (_, Some("l4proto"), _) => {
            let any: Option<Vec<Proto>> = elements(right).into_iter().map(protocol).collect();
            any.map(|any| Match::Protocols { any, not })
        }
        (Some(("ether", "type")), ..) | (_, Some("protocol"), _) => right.as_str().map(|is| Match::EtherType { is: is.to_owned(), not }),
        (_, Some("iifname" | "iif"), _) => right.as_str().map(|n| Match::InInterface { name: n.to_owned(), not }),
        (_, Some("oifname" | "oif"), _) => right.as_str().map(|n| Match::OutInterface { name: n.to_owned(), not }),
        (_, _, Some("state")) => Some(Match::State { states: words(right), not }),
        _ => None,
    };
    read.unwrap_or_else(unknown)
}

/// `ip frag-off & 0x1fff != 0`: a first fragment, or a whole packet, has no offset.
fn is_later_fragment(left: &Value, right: &Value, not: bool) -> bool {
    let field = left.get("&").and_then(|both| both.get(0)).and_then(|l| l.get("payload")).map(|p| text(p, "field"));
    field == Some("frag-off") && not && right.as_u64() == Some(0)
}

/// `udp dport 8472` also says that the protocol is UDP.
fn implied_protocol(condition: &Value) -> Option<Match> {
    let protocol = text(condition.get("left")?.get("payload")?, "protocol");
    matches!(protocol, "tcp" | "udp" | "icmp").then(|| Match::Protocol { is: Proto::from_word(protocol), not: false })
}

fn elements(value: &Value) -> Vec<&Value> {
    match value.get("set").unwrap_or(value) {
        Value::Array(items) => items.iter().collect(),
        one => vec![one],
    }
}

fn words(value: &Value) -> Vec<String> {
    elements(value).into_iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn ports(value: &Value) -> Option<Ports> {
    let port = |v: &Value| v.as_u64().and_then(|p| u16::try_from(p).ok());
    elements(value)
        .into_iter()
        .map(|v| match v.get("range").and_then(Value::as_array).map(Vec::as_slice) {
            Some([from, to]) => Some((port(from)?, port(to)?)),
            _ => port(v).map(|p| (p, p)),
        })
        .collect()
}

fn nets(value: &Value) -> Option<Vec<Ipv4Net>> {
    elements(value)
        .into_iter()
        .map(|v| match v.get("prefix") {
            Some(prefix) => {
                let length = prefix.get("len").and_then(Value::as_u64).and_then(|l| u8::try_from(l).ok())?;
                Ipv4Net::new(text(prefix, "addr").parse().ok()?, length).ok()
            }
            None => v.as_str()?.parse::<Ipv4Addr>().ok().map(Ipv4Net::from),
        })
        .collect()
}

fn protocol(value: &Value) -> Option<Proto> {
    match value {
        Value::String(word) => Some(Proto::from_word(word)),
        Value::Number(number) => Some(Proto::from_word(&number.to_string())),
        _ => None,
    }
}

fn print_match(condition: &Value) -> String {
    let side = |value: Option<&Value>| match value {
        Some(v) if v.get("payload").is_some() => {
            v.get("payload").map(|p| format!("{} {}", text(p, "protocol"), text(p, "field"))).unwrap_or_default()
        }
        Some(v) if v.get("meta").is_some() => v.get("meta").map(|m| text(m, "key").to_owned()).unwrap_or_default(),
        Some(v) if v.get("ct").is_some() => v.get("ct").map(|c| format!("ct {}", text(c, "key"))).unwrap_or_default(),
        Some(v) if v.get("concat").is_some() => "a flow".to_owned(),
        Some(Value::String(word)) => word.clone(),
        Some(v) => {
            v.get("prefix").map_or_else(|| v.to_string(), |p| format!("{}/{}", text(p, "addr"), p.get("len").cloned().unwrap_or_default()))
        }
        None => String::new(),
    };
    let op = match text(condition, "op") {
        "==" | "in" | "" => " ".to_owned(),
        other => format!(" {other} "),
    };
    format!("{}{op}{}", side(condition.get("left")), side(condition.get("right")))
}

#[cfg(test)]
mod tests {
    use super::super::{Decision, Packet};
    use super::*;

    #[test]
    fn a_port_of_the_local_engine_is_understood() {
        let document: Value = serde_json::from_str(include_str!("samples/port.json")).unwrap();
        let rules = Ruleset::from_nft_json(&document);
        let decide = |protocol, source: &str, port| {
            let (source, destination) = (source.parse().unwrap(), "10.0.0.5".parse().unwrap());
            rules.decide_chain("to_node", &Packet { protocol, source, destination, destination_port: port, in_interface: None }).unwrap()
        };
        assert_eq!(decide(Proto::Udp, "10.0.0.6", 8472), Decision::Accept);
        assert_eq!(decide(Proto::Tcp, "192.0.2.1", 22), Decision::Accept);
        match decide(Proto::Udp, "192.0.2.1", 8472) {
            Decision::DropRule { rule, .. } => assert_eq!(rule.text, "drop comment \"no rule allows it\""),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_security_group_without_the_overlay_port_drops_it() {
        let document: Value = serde_json::from_str(
            r#"{"nftables":[{"table":{"family":"inet","name":"port"}},
            {"set":{"family":"inet","table":"port","name":"nodes","elem":[{"prefix":{"addr":"10.0.0.0","len":24}}]}},
            {"chain":{"family":"inet","table":"port","name":"in"}},
            {"rule":{"family":"inet","table":"port","chain":"in","expr":[{"match":{"op":"in","left":{"ct":{"key":"state"}},"right":["established","related"]}},{"accept":null}]}},
            {"rule":{"family":"inet","table":"port","chain":"in","expr":[{"match":{"op":"==","left":{"payload":{"protocol":"ip","field":"saddr"}},"right":"@nodes"}},{"match":{"op":"==","left":{"payload":{"protocol":"tcp","field":"dport"}},"right":{"range":[1,65535]}}},{"counter":{"packets":7,"bytes":1}},{"accept":null}]}},
            {"rule":{"family":"inet","table":"port","chain":"in","expr":[{"counter":{"packets":20,"bytes":900}},{"drop":null}]}}]}"#,
        )
        .unwrap();
        let rules = Ruleset::from_nft_json(&document);
        let packet = |protocol, port| Packet {
            protocol,
            source: "10.0.0.6".parse().unwrap(),
            destination: "10.0.0.5".parse().unwrap(),
            destination_port: port,
            in_interface: None,
        };
        match rules.decide_chain("in", &packet(Proto::Udp, 8472)).unwrap() {
            Decision::DropRule { rule, .. } => assert_eq!((rule.text.as_str(), rule.packets), ("drop", Some(20))),
            other => panic!("{other:?}"),
        }
        assert_eq!(rules.decide_chain("in", &packet(Proto::Tcp, 6443)), Some(Decision::Accept));
    }
}
