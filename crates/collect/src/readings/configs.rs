// SPDX-License-Identifier: Apache-2.0
//! Configuration files.

use crate::parse::text;
use crate::reading::{Answer, Reading};
use magnum_facts::node::{ConfigFile, Configs, NodeFacts};
use serde_json::Value;

pub(crate) static READING: Reading = Reading { names: |_, _| &["configs"], read };

fn read(facts: &mut NodeFacts, answer: &Answer<'_>) {
    facts.configs = answer.fact("configs", "cat", configs);
}

fn configs(value: &Value) -> Configs {
    let object = |key: &str| value.get(key).and_then(Value::as_object).into_iter().flatten();
    let file = |f: &Value| ConfigFile { text: text(f, "text").to_owned(), mode: text(f, "mode").to_owned() };
    let names = |v: &Value| v.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
    Configs {
        files: object("files").map(|(path, f)| (path.clone(), file(f))).collect(),
        folders: object("folders").map(|(path, v)| (path.clone(), names(v))).collect(),
    }
}
