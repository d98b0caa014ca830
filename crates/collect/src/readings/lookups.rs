// SPDX-License-Identifier: Apache-2.0
//! Questions to name servers.

use crate::parse::{list, text};
use crate::reading::{Answer, Reading};
use magnum_facts::node::{Lookup, NodeFacts, ServerRole};
use serde_json::Value;

pub(crate) static READING: Reading = Reading { names: |_, _| &["lookups"], read };

fn read(facts: &mut NodeFacts, answer: &Answer<'_>) {
    facts.lookups = answer.fact("lookups", "dig", |v| list(v, "/lookups").filter_map(lookup).collect());
}

fn lookup(item: &Value) -> Option<Lookup> {
    let number = |key: &str| item.get(key).and_then(Value::as_u64);
    Some(Lookup {
        server: text(item, "server").parse().ok()?,
        role: match text(item, "role") {
            "cluster" => ServerRole::Cluster,
            "upstream" => ServerRole::Upstream,
            _ => ServerRole::Node,
        },
        name: text(item, "name").to_owned(),
        protocol: text(item, "protocol").to_owned(),
        rcode: text(item, "rcode").to_owned(),
        answers: number("answers").and_then(|n| u32::try_from(n).ok()).unwrap_or(0),
        error: text(item, "error").to_owned(),
        ms: number("ms").unwrap_or(0),
    })
}
