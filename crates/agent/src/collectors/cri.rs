// SPDX-License-Identifier: Apache-2.0
//! containerd: whether it answers, and which images and containers Kubernetes has in it.

use crate::collect::Collector;
use crate::command;
use crate::error::Error;
use crate::kubernetes::CONTAINERD;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

pub static COLLECTOR: Collector = Collector { name: "cri", limit: Duration::from_secs(10), run };

/// Where containerd keeps the specification of each task, with Kubernetes' names as annotations.
const TASKS: &str = "/run/containerd/io.containerd.runtime.v2.task/k8s.io";

fn run() -> Result<Value, Error> {
    // ctr calls a socket that nobody serves a time-out; it is a refusal.
    let refused = |error: std::io::Error| Error::Unreachable { peer: format!("containerd at {CONTAINERD}"), what: error.to_string() };
    drop(UnixStream::connect(CONTAINERD).map_err(refused)?);
    let version = command::run("ctr", &["--connect-timeout", "2s", "version"], Duration::from_secs(4))?;
    let version = version.split("Server:").nth(1).and_then(|rest| rest.split("Version:").nth(1)).and_then(|rest| rest.lines().next());
    let images = ctr(&["images", "ls", "-q"])?;
    let mut tasks: BTreeMap<String, (Value, Value)> = BTreeMap::new();
    for line in ctr(&["tasks", "ls"])?.lines().skip(1) {
        let mut words = line.split_whitespace();
        if let (Some(id), Some(pid), Some(state)) = (words.next(), words.next(), words.next()) {
            tasks.insert(id.to_owned(), (json!(state), json!(pid.parse::<u64>().ok())));
        }
    }
    let list = ctr(&["containers", "ls"])?;
    let containers: Vec<Value> = list.lines().skip(1).filter_map(|line| container(line, &tasks)).collect();
    Ok(json!({
        "version": version.unwrap_or_default().trim(),
        "images": images.lines().filter(|name| !name.starts_with("sha256:")).collect::<Vec<_>>(),
        "containers": containers,
    }))
}

fn ctr(words: &[&str]) -> Result<String, Error> {
    let mut all = vec!["--connect-timeout", "2s", "-n", "k8s.io"];
    all.extend(words);
    command::run("ctr", &all, Duration::from_secs(5))
}

fn container(line: &str, tasks: &BTreeMap<String, (Value, Value)>) -> Option<Value> {
    let mut words = line.split_whitespace();
    let (id, image) = (words.next()?, words.next().unwrap_or_default());
    let spec = std::fs::read_to_string(Path::new(TASKS).join(id).join("config.json")).ok();
    let spec: Value = spec.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
    let annotation = |name: &str| {
        let found = spec.get("annotations").and_then(|all| all.get(format!("io.kubernetes.cri.{name}")));
        found.and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let (task, pid) = tasks.get(id).cloned().unwrap_or_default();
    Some(json!({
        "id": id,
        "image": image,
        "kind": annotation("container-type"),
        "pod": annotation("sandbox-name"),
        "namespace": annotation("sandbox-namespace"),
        "container": annotation("container-name"),
        "task": task,
        "pid": pid,
    }))
}
