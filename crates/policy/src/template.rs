// SPDX-License-Identifier: Apache-2.0
//! The right-hand side of a check: text in which `%(name)s` stands for a value of the target.

use crate::python;
use serde_json::{Map, Value};
use std::fmt;

/// Text with places to fill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Key(String),
}

impl Template {
    /// Takes a text apart. Python's `%` knows more forms; policies have no use for them, and none is accepted.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(at) = rest.find('%') {
            plain.push_str(&rest[..at]);
            let after = &rest[at + 1..];
            if let Some(after) = after.strip_prefix('%') {
                plain.push('%');
                rest = after;
                continue;
            }
            let (key, after) = after.strip_prefix('(')?.split_once(")s")?;
            if key.contains(['(', ')']) {
                return None;
            }
            if !plain.is_empty() {
                parts.push(Part::Text(std::mem::take(&mut plain)));
            }
            parts.push(Part::Key(key.to_owned()));
            rest = after;
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            parts.push(Part::Text(plain));
        }
        Some(Self(parts))
    }

    /// With the target's values filled in, as Python's `str` writes them; the error is the first name it has not.
    pub(crate) fn fill(&self, target: &Map<String, Value>) -> Result<String, &str> {
        let mut text = String::new();
        for part in &self.0 {
            match part {
                Part::Text(plain) => text.push_str(plain),
                Part::Key(key) => text.push_str(&python::text(target.get(key).ok_or(key.as_str())?)),
            }
        }
        Ok(text)
    }

    /// The target's values it takes in.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|part| match part {
            Part::Text(_) => None,
            Part::Key(key) => Some(key.as_str()),
        })
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|part| match part {
            Part::Text(text) => f.write_str(&text.replace('%', "%%")),
            Part::Key(key) => write!(f, "%({key})s"),
        })
    }
}
