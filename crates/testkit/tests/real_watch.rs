// SPDX-License-Identifier: Apache-2.0
//! A create that hangs says so long before it times out: the node, its step, since when, and what is behind it, without
//! anybody asking. What is put right then goes on, and nothing of it is left in the status.

use anyhow::{Context, Result, ensure};
use magnum_testkit::{Server, dist_dir, wait};
use serde_json::Value;
use std::process::Stdio;
use std::time::{Duration, Instant};

/// What is blocked, and what has to be said of it.
struct Hang {
    coe: &'static str,
    port: u16,
    step: &'static str,
    cause: &'static str,
}

fn reason(cluster: &Value) -> &str {
    cluster["status_reason"].as_str().unwrap_or_default()
}

fn hangs_and_goes_on(hang: &Hang) -> Result<()> {
    let server = Server::start(&dist_dir()?)?;
    server.ok(["cluster-template", "create", "t", "--coe", hang.coe])?;
    server.ok(["cluster", "create", "h", "--cluster-template", "t", "--node-count", "1"])?;
    wait(Duration::from_secs(30), "the master's port is there", || Ok(server.drop_port("h", "master-0", "tcp", hang.port).ok()))?;
    let blocked = Instant::now();
    let watch = server.magnum(["doctor", "h", "--watch"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().context("watching")?;
    let told = |what: &str, words: &[&str]| -> Result<()> {
        let mut last = Value::Null;
        let seen = wait(Duration::from_secs(90), what, || {
            last = server.json(["cluster", "show", "h"])?;
            ensure!(last["status"] == "CREATE_IN_PROGRESS", "{last}");
            Ok(words.iter().all(|word| reason(&last).contains(word)).then_some(()))
        });
        seen.with_context(|| format!("{words:?} in {:?}", reason(&last)))
    };
    let step = format!("node node-0, step {}: waiting for ", hang.step);
    told("the status names node, step and time", &[&step, " since "])?;
    told("the status says that it hangs", &[&step, "hung since "])?;
    let cause = format!("; cause: {}: ", hang.cause);
    told("the status names the cause", &[&step, "hung since ", &cause, "(magnum doctor h)"])?;
    ensure!(blocked.elapsed() < Duration::from_secs(120), "an hour was left, and it took {:?}", blocked.elapsed());
    let last = server.output(["doctor", "h", "--last", "-o", "json"])?;
    let report: Value = serde_json::from_slice(&last.stdout).context("the last report")?;
    ensure!(report["findings"][0]["id"] == hang.cause, "the conductor's report is kept: {}", report["findings"]);

    server.allow_ports("h")?;
    let done = wait(Duration::from_secs(120), "the create goes on", || {
        let cluster = server.json(["cluster", "show", "h"])?;
        Ok((cluster["status"] != "CREATE_IN_PROGRESS").then_some(cluster))
    })?;
    ensure!(done["status"] == "CREATE_COMPLETE" && done["status_reason"].is_null(), "{done}");
    let watched = watch.wait_with_output().context("the doctor's watch")?;
    let text = String::from_utf8_lossy(&watched.stderr);
    for words in ["hung since ", &format!("cause: {}: ", hang.cause), "(magnum doctor h)", "h: CREATE_COMPLETE in "] {
        ensure!(text.contains(words), "{words:?} was not shown: {text}");
    }
    ensure!(watched.status.code() == Some(0), "healthy in the end: {}", String::from_utf8_lossy(&watched.stdout));
    server.ok(["cluster", "delete", "h", "--watch"]).map(drop)
}

#[test]
fn a_kubernetes_create_that_hangs_names_its_cause_and_goes_on_when_it_is_gone() -> Result<()> {
    hangs_and_goes_on(&Hang { coe: "kubernetes", port: 2379, step: "overlay", cause: "nt-sg-port-blocked" })
}

#[test]
fn a_swarm_create_that_hangs_names_its_cause_and_goes_on_when_it_is_gone() -> Result<()> {
    hangs_and_goes_on(&Hang { coe: "swarm", port: 2377, step: "swarm", cause: "sw-port-2377" })
}
