// SPDX-License-Identifier: Apache-2.0
//! One observation: the value, or that it is not there, or why nobody could look. Time-outs and refused access are
//! `NotLooked`, never a value: "could not look" must not be mistaken for "ok" or for "broken".

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::ops::Deref;

/// From where something was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Vantage {
    /// Magnum's own database.
    Magnum,
    /// The engine below the nodes: containers, ports, consoles.
    Engine,
    /// On the node itself, by its agent or by plain commands.
    Node,
    /// The API of the running COE.
    CoeApi,
    /// Packets that were sent to see whether they arrive.
    Path,
}

impl Vantage {
    /// The word in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Vantage::Magnum => "magnum",
            Vantage::Engine => "engine",
            Vantage::Node => "node",
            Vantage::CoeApi => "coe-api",
            Vantage::Path => "path",
        }
    }
}

/// Where and when a value was read. One source may carry many values; a [`Citation`] points into it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// The evidence id: stable over runs, e.g. `node-1/units` or `kubernetes/pods`.
    pub id: String,
    /// How to read the same thing by hand: `systemctl show kubelet` on node-1.
    pub what: String,
    pub vantage: Vantage,
    pub at: Timestamp,
}

/// The class of a reason for not having looked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WhyKind {
    /// It took longer than its budget.
    TimedOut,
    /// The vantage did not answer: node off, API down, agent missing.
    Unreachable,
    /// The vantage answered that we may not look.
    Denied,
    /// What came back could not be read.
    Garbled,
    /// There is no such vantage here (this engine, this COE); nothing is wrong with that.
    NotHere,
    /// Nothing called for it.
    NotNeeded,
}

impl WhyKind {
    /// Whether the missing look leaves a question open, so that a silent report would be a guess.
    pub fn leaves_doubt(self) -> bool {
        !matches!(self, WhyKind::NotHere | WhyKind::NotNeeded)
    }
}

/// Why something was not looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Why {
    pub kind: WhyKind,
    /// For a person: `no answer from node-1 after 2 s`.
    pub reason: String,
}

impl Why {
    /// A reason of this class.
    pub fn new(kind: WhyKind, reason: impl Into<String>) -> Self {
        Self { kind, reason: reason.into() }
    }
}

/// One observation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum Fact<T> {
    /// It was looked at, and this is what was there.
    Seen { value: T, source: Source },
    /// It was looked at, and it is not there.
    Absent { source: Source },
    /// It was not looked at.
    NotLooked(Why),
}

impl<T> Default for Fact<T> {
    fn default() -> Self {
        Fact::NotLooked(Why::new(WhyKind::NotNeeded, "nothing collected this"))
    }
}

impl<T> Fact<T> {
    /// A value read from `source`.
    pub fn seen(value: T, source: Source) -> Self {
        Fact::Seen { value, source }
    }

    /// A fact nobody could look at.
    pub fn not_looked(kind: WhyKind, reason: impl Into<String>) -> Self {
        Fact::NotLooked(Why::new(kind, reason))
    }

    /// The value; `Ok(None)` when it is certainly not there, the reason when nobody looked.
    pub fn look(&self) -> Result<Option<Look<'_, T>>, &Why> {
        match self {
            Fact::Seen { value, source } => Ok(Some(Look { value, source })),
            Fact::Absent { .. } => Ok(None),
            Fact::NotLooked(why) => Err(why),
        }
    }

    /// The value, if one was seen; for uses where the other two cases do not matter.
    pub fn value(&self) -> Option<&T> {
        match self {
            Fact::Seen { value, .. } => Some(value),
            _ => None,
        }
    }

    /// The value to change, if one was seen: for fixtures.
    pub fn value_mut(&mut self) -> Option<&mut T> {
        match self {
            Fact::Seen { value, .. } => Some(value),
            _ => None,
        }
    }

    /// Where it was looked at.
    pub fn source(&self) -> Option<&Source> {
        match self {
            Fact::Seen { source, .. } | Fact::Absent { source } => Some(source),
            Fact::NotLooked(_) => None,
        }
    }
}

/// A seen value with its source. Derefs to the value.
#[derive(Debug)]
pub struct Look<'a, T> {
    pub value: &'a T,
    pub source: &'a Source,
}

impl<T> Clone for Look<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Look<'_, T> {}

impl<T> Deref for Look<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        self.value
    }
}

impl<'a, T> Look<'a, T> {
    /// A part of the value, with the same source.
    pub fn part<U>(self, part: impl FnOnce(&'a T) -> Option<&'a U>) -> Option<Look<'a, U>> {
        Some(Look { value: part(self.value)?, source: self.source })
    }

    /// Quotes this source: `pointer` says where in it, `quote` what stands there.
    pub fn cite(&self, pointer: impl Into<String>, quote: impl Into<String>) -> Citation {
        self.source.cite(pointer, quote)
    }
}

impl Source {
    /// Quotes this source: `pointer` says where in it, `quote` what stands there.
    pub fn cite(&self, pointer: impl Into<String>, quote: impl Into<String>) -> Citation {
        Citation { source: self.clone(), pointer: pointer.into(), quote: quote.into() }
    }
}

/// A quotation that a claim rests on, exact enough to be read again by hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Citation {
    pub source: Source,
    /// Where in the source: a unit's name, a JSON path, a rule's number. May be empty.
    pub pointer: String,
    pub quote: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_answers_read_back_as_themselves() {
        let source = Source { id: "x".into(), what: "cat x".into(), vantage: Vantage::Node, at: Timestamp::UNIX_EPOCH };
        let facts: Vec<Fact<Vec<u32>>> =
            vec![Fact::seen(vec![1], source.clone()), Fact::Absent { source }, Fact::not_looked(WhyKind::TimedOut, "no answer after 2 s")];
        let text = serde_json::to_string(&facts).unwrap();
        assert_eq!(serde_json::from_str::<Vec<Fact<Vec<u32>>>>(&text).unwrap(), facts);
        assert!(facts[2].look().is_err(), "not looked is an answer of its own");
        assert!(matches!(facts[1].look(), Ok(None)));
    }
}
