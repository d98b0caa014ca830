// SPDX-License-Identifier: Apache-2.0
//! A value after its option's type has read it.

use secrecy::{ExposeSecret, SecretString};
use std::time::Duration;

/// A typed value. Printing one for debugging shows no secret.
#[derive(Debug, Clone)]
pub enum Value {
    /// Nobody set it and it has no default, or its text was empty where a number was due.
    Nothing,
    /// A text.
    Text(String),
    /// A text that is never shown.
    Secret(SecretString),
    /// Yes or no.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// A number.
    Float(f64),
    /// A length of time.
    Duration(Duration),
    /// Texts.
    List(Vec<String>),
    /// Keys with texts, in the order of the file.
    Dict(Vec<(String, String)>),
}

impl Value {
    /// As Python's `str` would write it; that is what `$name` puts into another value. Secrets are written out.
    pub(crate) fn python(&self) -> String {
        match self {
            Self::Nothing => String::new(),
            Self::Text(text) => text.clone(),
            Self::Secret(text) => text.expose_secret().to_owned(),
            Self::Bool(true) => "True".to_owned(),
            Self::Bool(false) => "False".to_owned(),
            Self::Integer(number) => number.to_string(),
            Self::Float(number) => format!("{number:?}"),
            Self::Duration(length) => length.as_secs().to_string(),
            Self::List(items) => format!("[{}]", items.iter().map(|i| quoted(i)).collect::<Vec<_>>().join(", ")),
            Self::Dict(pairs) => {
                let pairs: Vec<String> = pairs.iter().map(|(k, v)| format!("{}: {}", quoted(k), quoted(v))).collect();
                format!("{{{}}}", pairs.join(", "))
            }
        }
    }

    /// As a file would hold it; secrets are masked, and no value is `<None>`.
    pub fn shown(&self) -> String {
        match self {
            Self::Nothing => "<None>".to_owned(),
            Self::Secret(_) => "****".to_owned(),
            Self::Bool(flag) => flag.to_string(),
            Self::Duration(length) => format!("{}s", length.as_secs()),
            Self::List(items) => items.join(","),
            Self::Dict(pairs) => pairs.iter().map(|(k, v)| format!("{k}:{v}")).collect::<Vec<_>>().join(","),
            other => other.python(),
        }
    }
}

fn quoted(text: &str) -> String {
    if text.contains('\'') && !text.contains('"') {
        return format!("\"{}\"", text.replace('\\', "\\\\"));
    }
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}
