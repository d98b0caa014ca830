// SPDX-License-Identifier: Apache-2.0
//! The lines of `magnum-agent collect` (`docs/agent-collect.md`) into a node's facts: one file per subject under
//! `readings/`. Lines are taken as they come: what did not arrive before the time limit stays not looked at.

use crate::parse::{text, time};
use jiff::Timestamp;
use magnum_facts::node::NodeFacts;
use magnum_facts::{Fact, Source, Vantage, WhyKind};
use magnum_types::{Coe, Role};
use serde_json::Value;

mod readings {
    include!(concat!(env!("OUT_DIR"), "/readings.rs"));
}

/// How one subject is read from the agent's lines.
pub(crate) struct Reading {
    /// The agent's collectors to ask, on a node of this role in a cluster of this COE.
    pub(crate) names: fn(Coe, Role) -> &'static [&'static str],
    /// Puts what the lines say into the facts.
    pub(crate) read: fn(&mut NodeFacts, &Answer<'_>),
}

/// The agent's collectors that such a node can have an answer to.
pub(crate) fn names(coe: Coe, role: Role) -> Vec<&'static str> {
    readings::ALL.iter().flat_map(|reading| (reading.names)(coe, role)).copied().collect()
}

/// Reads all lines that are whole. `asked` and `answered` bound the time at which the node looked, by our clock.
pub(crate) fn facts(node: &str, output: &str, asked: Timestamp, answered: Timestamp) -> NodeFacts {
    let lines: Vec<Value> = output.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let answer = Answer { node, lines: &lines, asked, answered };
    let mut facts = NodeFacts::default();
    readings::ALL.iter().for_each(|reading| (reading.read)(&mut facts, &answer));
    facts
}

/// What the agent of one node printed.
pub(crate) struct Answer<'a> {
    pub(crate) node: &'a str,
    lines: &'a [Value],
    /// When it was asked, by our clock.
    pub(crate) asked: Timestamp,
    /// When it had answered, by our clock.
    pub(crate) answered: Timestamp,
}

impl<'a> Answer<'a> {
    /// The line of one of the agent's collectors, if it came.
    pub(crate) fn line(&self, name: &str) -> Option<&'a Value> {
        self.lines.iter().find(|l| text(l, "name") == name)
    }

    /// The value of a line, if it came and was a success.
    pub(crate) fn value(&self, name: &str) -> Option<&'a Value> {
        self.line(name).filter(|l| is_ok(l)).and_then(|l| l.get("value"))
    }

    /// Where and when a line was read; `what` is how to read the same by hand.
    pub(crate) fn source(&self, line: &Value, what: &str) -> Source {
        let id = format!("{}/{}", self.node, text(line, "name"));
        let at = time(text(line, "at")).unwrap_or(self.answered);
        Source { id, what: format!("{what} on {}", self.node), vantage: Vantage::Node, at }
    }

    /// The fact that the line `name` holds.
    pub(crate) fn fact<T>(&self, name: &str, what: &str, read: impl FnOnce(&Value) -> T) -> Fact<T> {
        self.maybe(name, what, |value| Some(read(value)))
    }

    /// `read` answers None when the value says that the thing is not there.
    pub(crate) fn maybe<T>(&self, name: &str, what: &str, read: impl FnOnce(&Value) -> Option<T>) -> Fact<T> {
        let Some(line) = self.line(name) else { return Fact::default() };
        match line.get("value").filter(|_| is_ok(line)) {
            Some(value) => match read(value) {
                Some(value) => Fact::seen(value, self.source(line, what)),
                None => Fact::Absent { source: self.source(line, what) },
            },
            None => Fact::not_looked(kind(line), format!("{} on {}: {}", text(line, "name"), self.node, text(line, "error"))),
        }
    }
}

/// The line is a success.
pub(crate) fn is_ok(line: &Value) -> bool {
    line.get("ok").and_then(Value::as_bool) == Some(true)
}

/// The class of a failure.
pub(crate) fn kind(line: &Value) -> WhyKind {
    let error = text(line, "error").to_lowercase();
    if ["timed out", "time limit", "deadline", "did not end"].iter().any(|w| error.contains(w)) {
        WhyKind::TimedOut
    } else {
        WhyKind::Unreachable
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_lines_are_read_and_the_rest_stays_open() {
        let output = r#"{"name":"units","at":"2026-01-02T03:04:05.678Z","ok":true,"value":{"units":[{"name":"kubelet.service","load":"loaded","active":"failed","sub":"failed","result":"exit-code","status":255,"restarts":3,"pid":0,"since":"","status_text":"","journal":["boom"]}]},"ms":41}
{"name":"cri","at":"2026-01-02T03:04:05.700Z","ok":false,"error":"containerd: connection refused","ms":3}
{"name":"docker","at":"2026-01-02T03:04:05.700Z","ok":false,"error":"timed out after 5 s","ms":5000}
{"name":"subnet-env","at":"2026-01-02T03:04:05.700Z","ok":true,"value":{"present":false,"values":{},"docker":{},"cni":null},"ms":1}
{"name":"time","at":"2026-01-02T03:04:05.700Z","ok":true,"value":{"now":"2026-01-02T03:05:05.000Z"},"ms":1}
{"name":"links","at":"2026-01-0"#;
        let (asked, answered) = ("2026-01-02T03:04:05Z".parse().unwrap(), "2026-01-02T03:04:06Z".parse().unwrap());
        let facts = facts("node-1", output, asked, answered);
        let unit = facts.units.value().unwrap().get("kubelet").unwrap();
        assert_eq!((unit.is_down(), unit.last_words()), (true, Some("boom")));
        let runtimes = facts.runtimes.value().unwrap();
        assert_eq!((runtimes.len(), runtimes[0].answers), (1, false), "a time-out is no answer at all");
        assert!(matches!(facts.subnet_env, Fact::Absent { .. }));
        assert!(matches!(facts.links, Fact::NotLooked(_)), "half a line is nothing");
        assert_eq!(facts.clock.value().unwrap().offset_ms, 59_000);
    }
}
