// SPDX-License-Identifier: Apache-2.0
//! Kernel settings on which the pods' and services' packets depend.

use crate::collect::Collector;
use serde_json::{Map, Value};
use std::time::Duration;

pub static COLLECTOR: Collector = Collector {
    name: "sysctl",
    limit: Duration::from_secs(5),
    run: || Ok(Value::Object(KEYS.iter().map(|key| ((*key).to_owned(), read(key))).collect::<Map<_, _>>())),
};

const KEYS: [&str; 10] = [
    "net.ipv4.ip_forward",
    "net.ipv4.conf.all.forwarding",
    "net.ipv4.conf.all.rp_filter",
    "net.ipv4.conf.default.rp_filter",
    "net.ipv4.conf.eth0.rp_filter",
    "net.bridge.bridge-nf-call-iptables",
    "net.netfilter.nf_conntrack_count",
    "net.netfilter.nf_conntrack_max",
    "fs.inotify.max_user_instances",
    "kernel.hostname",
];

fn read(key: &str) -> Value {
    let text = std::fs::read_to_string(format!("/proc/sys/{}", key.replace('.', "/")));
    text.map_or(Value::Null, |text| Value::String(text.trim().to_owned()))
}
