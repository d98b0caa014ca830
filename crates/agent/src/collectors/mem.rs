// SPDX-License-Identifier: Apache-2.0
//! Memory: the machine's, the limit this node lives under, and which of its services the kernel killed for lack of it.

use crate::collect::Collector;
use crate::command;
use crate::error::Error;
use crate::spec;
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
    let uptime = fs::read_to_string("/proc/uptime").unwrap_or_default();
    let uptime: f64 = uptime.split(' ').next().and_then(|text| text.parse().ok()).unwrap_or(0.0);
    let messages = command::run("dmesg", &[], Duration::from_secs(2)).unwrap_or_default();
    let killed = killed(&messages, uptime, payload().as_deref());
    let kills = events.lines().find_map(|line| line.strip_prefix("oom_kill ")).and_then(|number| number.trim().parse::<u64>().ok());
    Ok(json!({
        "total_kib": kib("MemTotal"), "available_kib": kib("MemAvailable"), "free_kib": kib("MemFree"), "swap_total_kib": kib("SwapTotal"),
        "cgroup_limit_bytes": limit, "cgroup_usage_bytes": usage, "oom_kills": kills, "killed": killed,
    }))
}

/// How long ago a kill is still news, in seconds.
const NEWS: f64 = 600.0;

/// The end of this node's control group where it is a container, which sees the messages of its host.
fn payload() -> Option<String> {
    fs::exists("/run/systemd/container").unwrap_or(true).then(|| {
        let node = spec::load().ok().map(|spec| spec.node);
        // Without a name nothing is this node's.
        node.map_or("/?".to_owned(), |n| format!("-{}-{}", n.cluster.short(), n.name))
    })
}

/// `[ 6236.02] oom-kill:…,task_memcg=/lxc.payload.x/system.slice/kubelet.service,task=kubelet,pid=…`
fn killed(messages: &str, uptime: f64, payload: Option<&str>) -> Vec<Value> {
    let of = |line: &str| {
        let (stamp, rest) = line.split_once("] oom-kill:")?;
        let ago = uptime - stamp.trim_start_matches('[').trim().parse::<f64>().ok()?;
        let field = |key: &str| rest.split(',').find_map(|part| part.strip_prefix(key)?.strip_prefix('='));
        let (group, inside) = field("task_memcg")?.split_once("/system.slice/")?;
        let own = payload.map_or(group.is_empty(), |end| group.ends_with(end));
        let unit = inside.split('/').next()?.strip_suffix(".service")?;
        (own && ago < NEWS).then(|| json!({"unit": unit, "process": field("task").unwrap_or_default(), "seconds_ago": ago.max(0.0) as u64}))
    };
    messages.lines().filter_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_of_this_node_is_told_from_the_neighbours() {
        let line = "[ 6236.020290] oom-kill:constraint=CONSTRAINT_MEMCG,oom_memcg=/lxc.payload.mg-1-a87b1180-node-1/system.slice/kubelet.service,task_memcg=/lxc.payload.mg-1-a87b1180-node-1/system.slice/kubelet.service,task=kubelet,pid=7158,uid=0";
        assert_eq!(killed(line, 6240.5, Some("-a87b1180-node-1")), [json!({"unit": "kubelet", "process": "kubelet", "seconds_ago": 4})]);
        assert!(killed(line, 6240.5, Some("-a87b1180-node-0")).is_empty() && killed(line, 6240.5, None).is_empty());
        assert!(killed(line, 7000.0, Some("-a87b1180-node-1")).is_empty(), "long ago");
    }
}
