// SPDX-License-Identifier: Apache-2.0
//! The node's clock.

use crate::collect::Collector;
use crate::error::Error;
use crate::report::{boot_id, now};
use serde_json::{Value, json};
use std::time::Duration;

pub static COLLECTOR: Collector = Collector { name: "time", limit: Duration::from_secs(5), run };

fn run() -> Result<Value, Error> {
    let uptime = std::fs::read_to_string("/proc/uptime").unwrap_or_default();
    let uptime: Option<f64> = uptime.split(' ').next().and_then(|text| text.parse().ok());
    Ok(json!({"now": now(), "uptime_seconds": uptime, "boot_id": boot_id()}))
}
