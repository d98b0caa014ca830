// SPDX-License-Identifier: Apache-2.0
//! The rules of the kernel's older packet filter, which `iptables` does not show. A node without its tables has none.

use crate::collect::Collector;
use crate::command;
use crate::error::Error;
use serde_json::{Value, json};
use std::time::Duration;

pub static COLLECTOR: Collector = Collector { name: "iptables-legacy", limit: Duration::from_secs(5), run };

/// Lists the tables that are there; the program itself would not make any.
const TABLES: &str = "/proc/net/ip_tables_names";

fn run() -> Result<Value, Error> {
    let names = std::fs::read_to_string(TABLES).unwrap_or_default();
    let save = match names.trim() {
        "" => String::new(),
        _ => command::run("iptables-legacy-save", &["-c"], Duration::from_secs(5))?,
    };
    Ok(json!({"save": save}))
}
