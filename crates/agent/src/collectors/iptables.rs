// SPDX-License-Identifier: Apache-2.0
//! All iptables rules with their counters.

use crate::collect::Collector;
use crate::command;
use serde_json::json;
use std::time::Duration;

pub static COLLECTOR: Collector = Collector {
    name: "iptables",
    limit: Duration::from_secs(5),
    run: || Ok(json!({"save": command::run("iptables-save", &["-c"], Duration::from_secs(5))?})),
};
