// SPDX-License-Identifier: Apache-2.0
//! A walk over a whole document, whatever its type: every text in it is given to one cleaner, with the name it stands
//! under. New facts are covered without an edit here.

use crate::secret::{self, Secrets};
use serde_json::{Map, Value};
use std::collections::HashMap;

/// What a text becomes.
pub(crate) trait Clean {
    fn text(&mut self, text: &str) -> String;

    /// A name of a map's entry, such as a node's.
    fn key(&mut self, key: &str) -> String {
        self.text(key)
    }

    /// A value that stands under a secret's name.
    fn hidden(&mut self, text: &str) -> String {
        self.text(text)
    }

    /// Texts of a list, in order: a secret may begin in one and end in another.
    fn list(&mut self, texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| self.text(text)).collect()
    }
}

/// Remembers what became of each text: names of fields, sources and states come again and again.
pub(crate) struct Remember<C> {
    pub clean: C,
    seen: HashMap<String, String>,
}

impl<C: Clean> Remember<C> {
    pub fn new(clean: C) -> Self {
        Self { clean, seen: HashMap::new() }
    }
}

impl<C: Clean> Clean for Remember<C> {
    fn text(&mut self, text: &str) -> String {
        if let Some(known) = self.seen.get(text) {
            return known.clone();
        }
        let new = self.clean.text(text);
        self.seen.insert(text.to_owned(), new.clone());
        new
    }

    fn hidden(&mut self, text: &str) -> String {
        self.clean.hidden(text)
    }

    fn list(&mut self, texts: &[&str]) -> Vec<String> {
        self.clean.list(texts)
    }
}

/// Cleans every text of a document.
pub(crate) fn walk(value: Value, clean: &mut dyn Clean) -> Value {
    match value {
        Value::String(text) => Value::String(clean.text(&text)),
        Value::Array(list) if !list.is_empty() && list.iter().all(Value::is_string) => {
            let texts: Vec<&str> = list.iter().filter_map(Value::as_str).collect();
            Value::Array(clean.list(&texts).into_iter().map(Value::String).collect())
        }
        Value::Array(list) => Value::Array(list.into_iter().map(|item| walk(item, clean)).collect()),
        Value::Object(map) => Value::Object(object(map, clean)),
        other => other,
    }
}

fn object(map: Map<String, Value>, clean: &mut dyn Clean) -> Map<String, Value> {
    // `{"name": "DB_PASSWORD", "value": "…"}`, as environments are listed.
    let named = map.get("name").and_then(Value::as_str).is_some_and(secret::is_secret_name);
    let entry = |(key, value): (String, Value)| {
        let value = match value {
            Value::String(text) if secret::is_secret_name(&key) || (named && key == "value") => Value::String(clean.hidden(&text)),
            other => walk(other, clean),
        };
        (clean.key(&key), value)
    };
    map.into_iter().map(entry).collect()
}

impl Clean for Secrets {
    fn text(&mut self, text: &str) -> String {
        self.clean(text)
    }

    fn hidden(&mut self, text: &str) -> String {
        if text.is_empty() { String::new() } else { self.mark("secret", text) }
    }

    fn list(&mut self, texts: &[&str]) -> Vec<String> {
        self.clean_list(texts)
    }
}
