// SPDX-License-Identifier: Apache-2.0
//! A policy file: YAML or JSON, rule names to rules.

use serde_json::{Map, Value};

/// A policy file's name and text.
pub struct RuleFile {
    /// The name it is spoken of by, usually its path.
    pub name: String,
    /// All of it.
    pub text: String,
}

/// What a file says.
pub(crate) struct Read {
    pub rules: Map<String, Value>,
    /// The line on which a name stands again; the last one counts.
    pub twice: Option<usize>,
}

/// Why a file says nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unreadable {
    pub file: String,
    pub line: usize,
    pub what: String,
}

impl RuleFile {
    /// Its rules; the error says why there are none to be had.
    pub(crate) fn read(&self) -> Result<Read, Unreadable> {
        let unreadable = |line, what| Unreadable { file: self.name.clone(), line, what };
        let taken = |value, twice| match value {
            Value::Object(rules) => Ok(Read { rules, twice }),
            // An empty file, or one of comments only.
            Value::Null => Ok(Read { rules: Map::new(), twice }),
            _ => Err(unreadable(1, "it is no mapping of names to rules".to_owned())),
        };
        let strict = match serde_saphyr::from_str::<Value>(&self.text) {
            Ok(value) => return taken(value, None),
            Err(error) => error,
        };
        let line = strict.location().and_then(|location| usize::try_from(location.line()).ok()).unwrap_or(1);
        let lenient = serde_saphyr::options! { duplicate_keys: serde_saphyr::options::DuplicateKeyPolicy::LastWins };
        if let Ok(value) = serde_saphyr::from_str_with_options::<Value>(&self.text, lenient) {
            return taken(value, Some(line));
        }
        // JSON may be indented with tabs, which YAML may not.
        match serde_json::from_str::<Value>(&self.text) {
            Ok(value) => taken(value, None),
            Err(_) => Err(unreadable(line, complaint(&strict.to_string()))),
        }
    }

    /// The line a rule stands on, found by its name; 1 when it is not found.
    pub(crate) fn line(&self, rule: &str) -> usize {
        let names = |line: &str| {
            let line = line.trim_start_matches(|c: char| c.is_whitespace() || c == '{' || c == ',');
            let quoted = |quote: char| line.strip_prefix(quote).and_then(|l| l.strip_prefix(rule)).and_then(|l| l.strip_prefix(quote));
            let rest = quoted('"').or_else(|| quoted('\'')).or_else(|| line.strip_prefix(rule));
            rest.is_some_and(|rest| rest.trim_start().starts_with(':'))
        };
        self.text.lines().enumerate().filter(|(_, line)| names(line)).map(|(index, _)| index + 1).last().unwrap_or(1)
    }
}

/// The parser's words without its picture of the place, which is told apart.
fn complaint(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default().trim();
    let line = line.strip_prefix("error: ").unwrap_or(line);
    match line.split_once(": ") {
        Some((place, words)) if place.starts_with("line ") => words.to_owned(),
        _ => line.to_owned(),
    }
}
