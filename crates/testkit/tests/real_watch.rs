// SPDX-License-Identifier: Apache-2.0
//! A create that hangs says so long before it times out: the node, its step, since when, and what is behind it, without
//! anybody asking. What is put right then goes on, and nothing of it is left in the status.

use anyhow::{Context, Result, ensure};
use magnum_testkit::{Server, dist_dir, wait};
use serde_json::Value;
use std::process::Stdio;
use std::time::{Duration, Instant};

/// What is done to a cluster that is coming up, and what has to be said of it.
struct Hang {
    coe: &'static str,
    /// Tried until it succeeds.
    hurt: fn(&Server) -> Result<()>,
    mend: fn(&Server) -> Result<()>,
    /// The node at the root, and its step.
    node: &'static str,
    step: &'static str,
    cause: &'static str,
    /// What is said of those that wait for it.
    others: &'static str,
}

fn on_master(server: &Server, script: &str) -> Result<()> {
    server.exec_ok("h", "master-0", &["sh", "-c", script]).map(drop)
}

fn reason(cluster: &Value) -> &str {
    cluster["status_reason"].as_str().unwrap_or_default()
}

fn hangs_and_goes_on(hang: &Hang) -> Result<()> {
    let server = Server::start(&dist_dir()?)?;
    server.ok(["cluster-template", "create", "t", "--coe", hang.coe])?;
    server.ok(["cluster", "create", "h", "--cluster-template", "t", "--node-count", "1"])?;
    wait(Duration::from_secs(30), "the master can be hurt", || Ok((hang.hurt)(&server).ok()))?;
    let hurt = Instant::now();
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
    let step = format!("node {}, step {}", hang.node, hang.step);
    told("the status names node, step and time", &[&step, " since ", hang.others])?;
    told("the status says that it hangs", &[&step, "hung since ", hang.others])?;
    let cause = format!("; cause: {}: ", hang.cause);
    told("the status names the cause", &[&step, "hung since ", &cause, "(magnum doctor h)"])?;
    ensure!(hurt.elapsed() < Duration::from_secs(110), "an hour was left, and it took {:?}", hurt.elapsed());
    let last = server.output(["doctor", "h", "--last", "-o", "json"])?;
    let report: Value = serde_json::from_slice(&last.stdout).context("the last report")?;
    ensure!(report["findings"][0]["id"] == hang.cause, "the conductor's report is kept: {}", report["findings"]);

    (hang.mend)(&server)?;
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
    hangs_and_goes_on(&Hang {
        coe: "kubernetes",
        hurt: |server| server.drop_port("h", "master-0", "tcp", 2379),
        mend: |server| server.allow_ports("h"),
        node: "node-0",
        step: "overlay: waiting for the overlay network",
        cause: "nt-sg-port-blocked",
        others: "",
    })
}

#[test]
fn a_swarm_create_whose_manager_hangs_blames_the_manager_and_not_who_waits_for_it() -> Result<()> {
    hangs_and_goes_on(&Hang {
        coe: "swarm",
        hurt: |server| on_master(server, "until p=$(pidof dockerd); do sleep 0.05; done; kill -STOP $p"),
        mend: |server| on_master(server, "kill -CONT $(pidof dockerd)"),
        node: "master-0",
        step: "docker",
        cause: "cr-hung",
        others: "node node-0, step swarm: waiting for the first manager's token",
    })
}
