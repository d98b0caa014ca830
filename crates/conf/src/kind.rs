// SPDX-License-Identifier: Apache-2.0
//! Text to value, by oslo's rules for each type. An error's text says what is accepted.

use crate::definition::{Kind, Unit};
use crate::value::Value;
use std::net::IpAddr;
use std::time::Duration;

const TRUE: &[&str] = &["true", "1", "on", "yes"];
const FALSE: &[&str] = &["false", "0", "off", "no"];

impl Kind {
    /// Reads one text. The error says what would be right, without repeating the text.
    pub fn read(self, text: &str) -> Result<Value, String> {
        match self {
            Self::Text => Ok(Value::Text(text.to_owned())),
            Self::Choice(words) if words.contains(&text) => Ok(Value::Text(text.to_owned())),
            Self::Choice(words) => Err(format!("write one of {}", words.join(", "))),
            Self::Bool => flag(text),
            Self::Integer(low, high) => integer(text, low, high),
            Self::Float(low, high) => float(text, low, high),
            Self::Port => integer(text, Some(0), Some(65_535)),
            Self::Host if text.parse::<IpAddr>().is_ok() => Ok(Value::Text(text.to_owned())),
            Self::Host => host(text),
            Self::Address if text.parse::<IpAddr>().is_ok() => Ok(Value::Text(text.to_owned())),
            Self::Address => Err("write an IPv4 or IPv6 address".to_owned()),
            Self::Uri if uri(text) => Ok(Value::Text(text.to_owned())),
            Self::Uri => Err("write a URL with scheme and host, such as http://controller:5000/v3".to_owned()),
            Self::Duration(unit) => duration(text, unit),
            Self::List(bounds) => list(text, bounds),
            Self::Dict(bounds) => dict(text, bounds),
            Self::Many => Ok(Value::List(vec![text.to_owned()])),
        }
    }

    /// What is accepted, in a few words for the sample file.
    pub fn name(self) -> String {
        let between = |what: &str, low: Option<String>, high: Option<String>| match (low, high) {
            (None, None) => what.to_owned(),
            (Some(low), None) => format!("{what}, at least {low}"),
            (None, Some(high)) => format!("{what}, at most {high}"),
            (Some(low), Some(high)) => format!("{what}, {low} to {high}"),
        };
        match self {
            Self::Text => "text".to_owned(),
            Self::Choice(words) => format!("one of {}", words.join(", ")),
            Self::Bool => "true or false".to_owned(),
            Self::Integer(low, high) => between("whole number", low.map(|n| n.to_string()), high.map(|n| n.to_string())),
            Self::Float(low, high) => between("number", low.map(|n| n.to_string()), high.map(|n| n.to_string())),
            Self::Port => "port number, 0 to 65535".to_owned(),
            Self::Host => "host name or IP address".to_owned(),
            Self::Address => "IP address".to_owned(),
            Self::Uri => "URL".to_owned(),
            Self::Duration(unit) => format!("time in {}", unit.name()),
            Self::List(false) => "list with commas".to_owned(),
            Self::List(true) => "list with commas in [ ]".to_owned(),
            Self::Dict(false) => "key:value pairs with commas".to_owned(),
            Self::Dict(true) => "key:value pairs with commas in { }".to_owned(),
            Self::Many => "text; may be given more than once".to_owned(),
        }
    }

    /// What a right text is, without its limits.
    pub(crate) const fn noun(self) -> &'static str {
        match self {
            Self::Text | Self::Many => "text",
            Self::Choice(_) => "known word",
            Self::Bool => "word for true or false",
            Self::Integer(..) => "whole number within the limits",
            Self::Float(..) => "number within the limits",
            Self::Port => "port number",
            Self::Host => "host name or IP address",
            Self::Address => "right IP address",
            Self::Uri => "URL",
            Self::Duration(_) => "length of time",
            Self::List(_) => "list in brackets",
            Self::Dict(_) => "set of pairs",
        }
    }
}

fn flag(text: &str) -> Result<Value, String> {
    let lower = text.to_lowercase();
    if TRUE.contains(&lower.as_str()) {
        Ok(Value::Bool(true))
    } else if FALSE.contains(&lower.as_str()) {
        Ok(Value::Bool(false))
    } else {
        Err(format!("write one of {} or {}", TRUE.join(", "), FALSE.join(", ")))
    }
}

fn integer(text: &str, low: Option<i64>, high: Option<i64>) -> Result<Value, String> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(Value::Nothing);
    }
    let wrong = || format!("write a {}", Kind::Integer(low, high).name());
    let number: i64 = digits(text).and_then(|t| t.parse().ok()).ok_or_else(wrong)?;
    let inside = low.is_none_or(|l| number >= l) && high.is_none_or(|h| number <= h);
    if inside { Ok(Value::Integer(number)) } else { Err(wrong()) }
}

fn float(text: &str, low: Option<f64>, high: Option<f64>) -> Result<Value, String> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(Value::Nothing);
    }
    let wrong = || format!("write a {}", Kind::Float(low, high).name());
    let number: f64 = digits(text).and_then(|t| t.parse().ok()).ok_or_else(wrong)?;
    let inside = low.is_none_or(|l| number >= l) && high.is_none_or(|h| number <= h);
    if inside { Ok(Value::Float(number)) } else { Err(wrong()) }
}

/// Without the underscores Python allows between digits.
fn digits(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let digit = |at: Option<usize>| at.and_then(|i| bytes.get(i)).is_some_and(u8::is_ascii_digit);
    let fine = bytes.iter().enumerate().filter(|(_, b)| **b == b'_').all(|(i, _)| digit(i.checked_sub(1)) && digit(Some(i + 1)));
    fine.then(|| text.replace('_', ""))
}

fn duration(text: &str, unit: Unit) -> Result<Value, String> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(Value::Nothing);
    }
    let (number, seconds) = match text.as_bytes().last() {
        Some(b's') => (&text[..text.len() - 1], 1),
        Some(b'm') => (&text[..text.len() - 1], 60),
        Some(b'h') => (&text[..text.len() - 1], 3600),
        Some(b'd') => (&text[..text.len() - 1], 86_400),
        _ => (text, unit.seconds()),
    };
    let whole = digits(number).and_then(|t| t.parse::<u64>().ok()).and_then(|n| n.checked_mul(seconds));
    let wrong = || format!("write a whole number of {}, or one with s, m, h or d behind it", unit.name());
    whole.map(|s| Value::Duration(Duration::from_secs(s))).ok_or_else(wrong)
}

fn list(text: &str, bounds: bool) -> Result<Value, String> {
    let text = text.trim().trim_end_matches(',');
    let inner =
        if bounds { text.strip_prefix('[').and_then(|t| t.strip_suffix(']')).ok_or("write the list between [ and ]")? } else { text };
    if inner.is_empty() {
        return Ok(Value::List(Vec::new()));
    }
    Ok(Value::List(inner.split(',').map(|item| item.trim().to_owned()).collect()))
}

fn dict(text: &str, bounds: bool) -> Result<Value, String> {
    let text = text.trim();
    let inner =
        if bounds { text.strip_prefix('{').and_then(|t| t.strip_suffix('}')).ok_or("write the pairs between { and }")? } else { text };
    let mut pairs: Vec<(String, String)> = Vec::new();
    if inner.is_empty() {
        return Ok(Value::Dict(pairs));
    }
    // Like oslo: a part without a colon belongs to the next pair's key, up to the first colon.
    let mut held = String::new();
    let mut open = false;
    for part in inner.split(',') {
        if open {
            held.push(',');
        }
        held.push_str(part);
        let Some((key, value)) = held.split_once(':') else {
            open = true;
            continue;
        };
        let key = key.trim().to_owned();
        if key.is_empty() {
            return Err("write a key before each colon".to_owned());
        }
        if pairs.iter().any(|(k, _)| *k == key) {
            return Err("give each key once".to_owned());
        }
        pairs.push((key, value.trim().to_owned()));
        held.clear();
        open = false;
    }
    if open { Err("write key:value pairs with commas between them".to_owned()) } else { Ok(Value::Dict(pairs)) }
}

fn host(text: &str) -> Result<Value, String> {
    let text = text.strip_suffix('.').unwrap_or(text);
    let label = |l: &str| {
        let plain = l.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        (1..=63).contains(&l.len()) && plain && !l.starts_with('-') && !l.ends_with('-')
    };
    // With digits only at its end it would be an address, and a wrong one.
    let number = text.rsplit('.').next().is_some_and(|last| last.chars().all(|c| c.is_ascii_digit()));
    let fine = text.len() <= 253 && text.split('.').all(label) && !number;
    if fine { Ok(Value::Text(text.to_owned())) } else { Err("write an IP address or a host name".to_owned()) }
}

fn uri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let fine = |c: char| !c.is_whitespace() && !c.is_control() && !"<>\"{}|\\^`".contains(c);
    let place = authority.rsplit_once('@').map_or(authority, |(_, place)| place);
    let after_address = place.rsplit_once(']').map_or(place, |(_, rest)| rest);
    let port = after_address.rsplit_once(':').map_or("", |(_, port)| port);
    scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
        && !place.is_empty()
        && port.chars().all(|c| c.is_ascii_digit())
        && rest.chars().all(fine)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(kind: Kind, text: &str) -> String {
        kind.read(text).map_or_else(|error| format!("! {error}"), |value| format!("{value:?}"))
    }

    #[test]
    fn every_type_reads_what_oslo_reads() {
        let wrong = |text: &str| text.to_owned();
        let number = || "! write a whole number, 1 to 9".to_owned();
        for (kind, text, expected) in [
            (Kind::Text, "", wrong("Text(\"\")")),
            (Kind::Choice(&["a", "b"]), "a", wrong("Text(\"a\")")),
            (Kind::Choice(&["a", "b"]), "A", wrong("! write one of a, b")),
            (Kind::Bool, "YES", wrong("Bool(true)")),
            (Kind::Bool, "off", wrong("Bool(false)")),
            (Kind::Bool, "t", wrong("! write one of true, 1, on, yes or false, 0, off, no")),
            (Kind::Integer(None, None), " +1_000 ", wrong("Integer(1000)")),
            (Kind::Integer(None, None), "", wrong("Nothing")),
            (Kind::Integer(Some(1), Some(9)), "0", number()),
            (Kind::Integer(Some(1), Some(9)), "1_", number()),
            (Kind::Integer(Some(1), Some(9)), "99999999999999999999", number()),
            (Kind::Integer(None, None), "1.0", wrong("! write a whole number")),
            (Kind::Float(Some(0.5), None), "1e1", wrong("Float(10.0)")),
            (Kind::Float(Some(0.5), None), "nan", wrong("! write a number, at least 0.5")),
            (Kind::Port, "65536", wrong("! write a whole number, 0 to 65535")),
            (Kind::Host, "::1", wrong("Text(\"::1\")")),
            (Kind::Host, "node-1.example", wrong("Text(\"node-1.example\")")),
            (Kind::Host, "node_1", wrong("! write an IP address or a host name")),
            (Kind::Host, "a.example.", wrong("Text(\"a.example\")")),
            (Kind::Host, "10.0.0.300", wrong("! write an IP address or a host name")),
            (Kind::Address, "localhost", wrong("! write an IPv4 or IPv6 address")),
            (Kind::Uri, "http://a:5000/v3", wrong("Text(\"http://a:5000/v3\")")),
            (Kind::Uri, "a:5000", wrong("! write a URL with scheme and host, such as http://controller:5000/v3")),
            (Kind::Uri, "http://u:p@[::1]:80/", wrong("Text(\"http://u:p@[::1]:80/\")")),
            (Kind::Uri, "http://a:port", wrong("! write a URL with scheme and host, such as http://controller:5000/v3")),
            (Kind::Uri, "http:///x", wrong("! write a URL with scheme and host, such as http://controller:5000/v3")),
            (Kind::Duration(Unit::Minutes), "2", wrong("Duration(120s)")),
            (Kind::Duration(Unit::Seconds), "2h", wrong("Duration(7200s)")),
            (Kind::Duration(Unit::Days), "-1", wrong("! write a whole number of days, or one with s, m, h or d behind it")),
            (Kind::List(false), "a, b ,", wrong("List([\"a\", \"b\"])")),
            (Kind::List(false), "a,,b", wrong("List([\"a\", \"\", \"b\"])")),
            (Kind::List(false), " ", wrong("List([])")),
            (Kind::List(true), "[a,b]", wrong("List([\"a\", \"b\"])")),
            (Kind::List(true), "a,b", wrong("! write the list between [ and ]")),
            (Kind::Dict(false), "a:1, b:2:3", wrong("Dict([(\"a\", \"1\"), (\"b\", \"2:3\")])")),
            (Kind::Dict(false), "a,b:1", wrong("Dict([(\"a,b\", \"1\")])")),
            (Kind::Dict(false), "a:1,b", wrong("! write key:value pairs with commas between them")),
            (Kind::Dict(false), "a:1,a:2", wrong("! give each key once")),
            (Kind::Dict(false), ":1", wrong("! write a key before each colon")),
            (Kind::Dict(true), "{a:1}", wrong("Dict([(\"a\", \"1\")])")),
            (Kind::Many, "a,b", wrong("List([\"a,b\"])")),
        ] {
            assert_eq!(shown(kind, text), expected, "{kind:?} {text:?}");
        }
    }
}
