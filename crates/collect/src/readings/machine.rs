// SPDX-License-Identifier: Apache-2.0
//! Disks, memory, kernel settings, clock.

use crate::parse::{list, text, time};
use crate::reading::{Answer, Reading};
use jiff::Timestamp;
use magnum_facts::node::{Clock, Filesystem, Killed, Memory, NodeFacts};
use serde_json::Value;

pub(crate) static READING: Reading = Reading { names: |_, _| &["disk", "mem", "sysctl", "time"], read };

fn read(facts: &mut NodeFacts, answer: &Answer<'_>) {
    facts.filesystems = answer.fact("disk", "df", |v| list(v, "/mounts").map(filesystem).collect());
    facts.memory = answer.fact("mem", "cat /proc/meminfo", memory);
    facts.sysctls = answer.fact("sysctl", "sysctl", |v| {
        let pairs = v.as_object().into_iter().flatten();
        pairs.filter_map(|(k, v)| Some((k.clone(), v.as_str()?.to_owned()))).collect()
    });
    facts.clock = answer.maybe("time", "date", |v| clock(time(text(v, "now"))?, answer.asked, answer.answered));
}

fn filesystem(item: &Value) -> Filesystem {
    let number = |key: &str| item.get(key).and_then(Value::as_u64);
    Filesystem {
        mount: text(item, "path").to_owned(),
        device: text(item, "device").to_owned(),
        kind: text(item, "fstype").to_owned(),
        size_bytes: number("bytes").unwrap_or(0),
        free_bytes: number("bytes_available").unwrap_or(0),
        inodes: number("inodes").filter(|n| *n > 0),
        inodes_free: number("inodes_available"),
        read_only: item.get("read_only").and_then(Value::as_bool).unwrap_or(false),
    }
}

/// The flavor's limit is the node's memory, where there is one.
fn memory(value: &Value) -> Memory {
    let number = |key: &str| value.get(key).and_then(Value::as_u64);
    let (total, available) = (number("total_kib").unwrap_or(0) << 10, number("available_kib").unwrap_or(0) << 10);
    let limit = number("cgroup_limit_bytes").filter(|l| *l < total);
    let left = limit.zip(number("cgroup_usage_bytes")).map(|(limit, used)| limit.saturating_sub(used));
    let killed = list(value, "/killed").map(|item| Killed {
        unit: text(item, "unit").to_owned(),
        process: text(item, "process").to_owned(),
        seconds_ago: item.get("seconds_ago").and_then(Value::as_u64).unwrap_or(0),
    });
    let (total_bytes, available_bytes) = (limit.unwrap_or(total), left.unwrap_or(available));
    Memory { total_bytes, available_bytes, oom_kills: number("oom_kills"), killed: killed.collect() }
}

/// The node looked between `asked` and `answered`; within that, its clock is right.
fn clock(node: Timestamp, asked: Timestamp, answered: Timestamp) -> Option<Clock> {
    let bound = node.clamp(asked, answered);
    Some(Clock { node, offset_ms: node.as_millisecond() - bound.as_millisecond() })
}
