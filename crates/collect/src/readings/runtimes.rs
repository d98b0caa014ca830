// SPDX-License-Identifier: Apache-2.0
//! Container runtimes.

use crate::parse::{list, text, text_at};
use crate::reading::{Answer, Reading, is_ok, kind};
use magnum_facts::node::{NodeFacts, Runtime};
use magnum_facts::{Fact, WhyKind};
use magnum_types::Coe;
use serde_json::Value;

pub(crate) static READING: Reading = Reading { names: |coe, _| if coe == Coe::Kubernetes { &["cri"] } else { &["docker"] }, read };

fn read(facts: &mut NodeFacts, answer: &Answer<'_>) {
    facts.runtimes = runtimes(answer, answer.line("cri"), answer.line("docker"));
}

/// A runtime that refuses is one that does not answer; one that hangs, or that there is no program to ask with, has not
/// been looked at.
fn runtimes(answer: &Answer<'_>, cri: Option<&Value>, docker: Option<&Value>) -> Fact<Vec<Runtime>> {
    let known = [("containerd", "/run/containerd/containerd.sock", cri), ("docker", "/run/docker.sock", docker)];
    let (mut source, mut why) = (None, None);
    let mut all = Vec::new();
    for (name, socket, line) in known {
        let Some(line) = line else { continue };
        if !is_ok(line) && (kind(line) == WhyKind::TimedOut || text(line, "error").contains("is not installed")) {
            why = Some((kind(line), format!("{name} on {}: {}", answer.node, text(line, "error"))));
            continue;
        }
        let version = [text_at(line, "/value/version"), text_at(line, "/value/info/ServerVersion")].concat();
        let latency_ms = line.get("ms").and_then(Value::as_u64);
        let error = text(line, "error").to_owned();
        let images = list(line, "/value/images").filter_map(Value::as_str).map(str::to_owned).collect();
        all.push(Runtime { name: name.into(), socket: socket.into(), answers: is_ok(line), version, error, latency_ms, images });
        source = source.or_else(|| Some(answer.source(line, "asking the container runtime")));
    }
    match (source, why) {
        (Some(source), _) => Fact::seen(all, source),
        (None, Some((kind, reason))) => Fact::not_looked(kind, reason),
        (None, None) => Fact::default(),
    }
}
