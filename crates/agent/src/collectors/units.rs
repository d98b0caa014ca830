// SPDX-License-Identifier: Apache-2.0
//! The well-known units: how systemd sees them, and what they said last.

use crate::collect::Collector;
use crate::error::Error;
use crate::systemd::{self, State};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

pub static COLLECTOR: Collector = Collector { name: "units", limit: Duration::from_secs(5), run };

const UNITS: [&str; 13] = [
    "magnum-agent.service",
    "etcd.service",
    "kube-apiserver.service",
    "kube-controller-manager.service",
    "kube-scheduler.service",
    "kubelet.service",
    "kube-proxy.service",
    "flanneld.service",
    "containerd.service",
    "docker.service",
    "docker.socket",
    "kube-dns.service",
    "kube-dns-feed.service",
];
const LINES: usize = 3;

fn run() -> Result<Value, Error> {
    let states = systemd::show(&UNITS)?;
    let known: Vec<&str> =
        UNITS.into_iter().filter(|unit| states.get(*unit).is_some_and(|state| state.get("LoadState") != "not-found")).collect();
    let mut journals = systemd::journals(&known, LINES).unwrap_or_default();
    Ok(json!({"units": UNITS.map(|unit| describe(unit, states.get(unit), &mut journals))}))
}

fn describe(unit: &str, state: Option<&State>, journals: &mut BTreeMap<String, Vec<String>>) -> Value {
    let empty = State::default();
    let state = state.unwrap_or(&empty);
    json!({
        "name": unit,
        "load": state.get("LoadState"),
        "active": state.get("ActiveState"),
        "sub": state.get("SubState"),
        "result": state.get("Result"),
        "status": state.number("ExecMainStatus"),
        "restarts": state.number("NRestarts"),
        "pid": state.number("MainPID"),
        "since": since(state.get("ActiveEnterTimestamp")),
        "status_text": state.get("StatusText"),
        "journal": journals.remove(unit).unwrap_or_default(),
    })
}

/// `@1700000000` as RFC 3339.
fn since(stamp: &str) -> String {
    let seconds = stamp.strip_prefix('@').and_then(|text| text.parse().ok()).filter(|seconds| *seconds > 0);
    seconds.and_then(|seconds| jiff::Timestamp::from_second(seconds).ok()).map(|at| at.to_string()).unwrap_or_default()
}
