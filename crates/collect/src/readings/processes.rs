// SPDX-License-Identifier: Apache-2.0
//! Processes of services.

use crate::parse::{list, text};
use crate::reading::{Answer, Reading};
use magnum_facts::node::{NodeFacts, Process};
use serde_json::Value;

pub(crate) static READING: Reading = Reading { names: |_, _| &["processes"], read };

fn read(facts: &mut NodeFacts, answer: &Answer<'_>) {
    facts.processes = answer.fact("processes", "ps -eo pid,stat,args", |v| list(v, "/processes").filter_map(process).collect());
}

fn process(item: &Value) -> Option<Process> {
    let number = |key: &str| item.get(key).and_then(Value::as_u64);
    Some(Process {
        pid: number("pid").and_then(|n| u32::try_from(n).ok())?,
        name: text(item, "name").to_owned(),
        state: text(item, "state").to_owned(),
        unit: text(item, "unit").to_owned(),
        argv: list(item, "/argv").filter_map(Value::as_str).map(str::to_owned).collect(),
        rss_kib: number("rss_kib").unwrap_or(0),
        open_files: number("open_files"),
        open_files_limit: number("open_files_limit"),
    })
}
