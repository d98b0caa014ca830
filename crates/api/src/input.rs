// SPDX-License-Identifier: Apache-2.0
//! A request's own data: path parameters, query arguments, body. Each is read once, and what was not asked for is
//! refused, as WSME does.

use crate::failure::Failure;
use crate::shape::Argument;
use crate::typed::{Field, Record};
use magnum_types::Microversion;
use serde_json::Value;

/// What the request brings.
#[derive(Debug, Clone, Default)]
pub(crate) struct Input {
    pub path: Vec<(&'static str, String)>,
    pub query: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// The most entries of one page.
    pub page_max: i64,
    /// Whether the caller's `Accept` names JSON.
    pub json: bool,
}

impl Input {
    /// A parameter of the operation's path.
    pub fn param(&self, name: &str) -> &str {
        self.path.iter().find(|(own, _)| *own == name).map_or("", |(_, value)| value.as_str())
    }

    /// A query argument; the last one when given several times.
    pub fn argument(&self, name: &str) -> Option<&str> {
        self.query.iter().rev().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// Refuses query arguments that the operation does not have in this version.
    pub fn only(&self, known: &[Argument], version: Microversion) -> Result<(), Failure> {
        let has = |name: &str| known.iter().any(|argument| argument.name == name && argument.since <= version);
        match self.query.iter().find(|(name, _)| !has(name)) {
            Some((name, _)) => Err(Failure::bad(format!("Unknown argument: \"{name}\""))),
            None => Ok(()),
        }
    }

    /// A query argument that is a number.
    pub fn int_argument(&self, name: &str) -> Result<Option<i64>, Failure> {
        self.argument(name)
            .map(|text| {
                text.trim().parse().map_err(|_| {
                    Failure::field(name, text, format!("unable to convert to int. Error: invalid literal for int() with base 10: '{text}'"))
                })
            })
            .transpose()
    }

    /// A query argument that is true or false.
    pub fn bool_argument(&self, name: &str) -> Result<Option<bool>, Failure> {
        self.argument(name)
            .map(|text| {
                crate::typed::truth(&Value::String(text.to_owned())).ok_or_else(|| Failure::field(name, text, "unable to convert to bool."))
            })
            .transpose()
    }

    /// The body as JSON, named `argument` in messages.
    pub fn json(&self, argument: &str) -> Result<Value, Failure> {
        if self.body.iter().all(u8::is_ascii_whitespace) {
            return Err(Failure::bad(format!("Missing argument: \"{argument}\"")));
        }
        serde_json::from_slice(&self.body).map_err(|_| {
            let text: String = String::from_utf8_lossy(&self.body).chars().take(200).collect();
            Failure::bad(format!("Unknown argument: \"{text}\""))
        })
    }

    /// The body as a typed object.
    pub fn record(&self, argument: &str, fields: &[Field]) -> Result<Record, Failure> {
        Record::read(argument, fields, &self.json(argument)?)
    }
}
