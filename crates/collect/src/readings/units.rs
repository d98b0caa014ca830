// SPDX-License-Identifier: Apache-2.0
//! systemd units.

use crate::parse::{list, text, time};
use crate::reading::{Answer, Reading};
use magnum_facts::node::{Activity, NodeFacts, Unit};
use magnum_facts::{Fact, WhyKind};
use serde_json::Value;

pub(crate) static READING: Reading = Reading { names: |_, _| &["units"], read };

fn read(facts: &mut NodeFacts, answer: &Answer<'_>) {
    facts.journals = match answer.value("units").map(|v| text(v, "journals_error")).filter(|error| !error.is_empty()) {
        Some(error) => Fact::not_looked(WhyKind::Unreachable, format!("the journals on {}: {error}", answer.node)),
        None => answer.fact("units", "journalctl", |_| true),
    };
    facts.units = answer.fact("units", "systemctl show", |v| list(v, "/units").filter_map(unit).collect());
}

fn unit(item: &Value) -> Option<(String, Unit)> {
    let name = text(item, "name");
    let lines = |path: &str| list(item, path).filter_map(Value::as_str).map(str::to_owned).collect();
    let unit = Unit {
        load: text(item, "load").to_owned(),
        active: Activity::from_systemd(text(item, "active"))?,
        sub: text(item, "sub").to_owned(),
        result: text(item, "result").to_owned(),
        exit_status: item.get("status").and_then(Value::as_i64).and_then(|n| i32::try_from(n).ok()),
        restarts: item.get("restarts").and_then(Value::as_u64).and_then(|n| u32::try_from(n).ok()).unwrap_or(0),
        enabled: text(item, "enabled").to_owned(),
        since: time(text(item, "since")),
        log: lines("/journal"),
        trouble: lines("/trouble"),
        pid: item.get("pid").and_then(Value::as_u64).and_then(|n| u32::try_from(n).ok()).unwrap_or(0),
    };
    Some((name.strip_suffix(".service").unwrap_or(name).to_owned(), unit))
}
