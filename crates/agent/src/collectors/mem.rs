// SPDX-License-Identifier: Apache-2.0
//! Memory: the machine's, and the limit this node lives under.

use crate::collect::Collector;
use crate::error::Error;
use serde_json::{Value, json};
use std::fs;
use std::time::Duration;

pub static COLLECTOR: Collector = Collector { name: "mem", limit: Duration::from_secs(5), run };

fn run() -> Result<Value, Error> {
    let info = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let kib = |field: &str| {
        let line = info.lines().find(|line| line.split(':').next() == Some(field));
        line.and_then(|line| line.split_whitespace().nth(1)).and_then(|number| number.parse::<u64>().ok())
    };
    let read = |one: &str, two: &str| fs::read_to_string(one).or_else(|_| fs::read_to_string(two)).ok();
    let number = |text: Option<String>| text.and_then(|text| text.trim().parse::<u64>().ok());
    let (v1, v2) = ("/sys/fs/cgroup/memory", "/sys/fs/cgroup");
    // Without a limit v1 has the largest number of pages, v2 the word max.
    let limit = number(read(&format!("{v1}/memory.limit_in_bytes"), &format!("{v2}/memory.max"))).filter(|limit| *limit < 1 << 62);
    let usage = number(read(&format!("{v1}/memory.usage_in_bytes"), &format!("{v2}/memory.current")));
    let events = read(&format!("{v1}/memory.oom_control"), &format!("{v2}/memory.events")).unwrap_or_default();
    let kills = events.lines().find_map(|line| line.strip_prefix("oom_kill ")).and_then(|number| number.trim().parse::<u64>().ok());
    Ok(json!({
        "total_kib": kib("MemTotal"), "available_kib": kib("MemAvailable"), "free_kib": kib("MemFree"), "swap_total_kib": kib("SwapTotal"),
        "cgroup_limit_bytes": limit, "cgroup_usage_bytes": usage, "oom_kills": kills,
    }))
}
