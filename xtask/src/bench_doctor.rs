// SPDX-License-Identifier: Apache-2.0
//! What the doctor takes: of the user's time, and of the nodes'.

use crate::bench::{Row, median, timed};
use crate::sh;
use anyhow::{Context, Result, ensure};
use magnum_bundle::Bundle;
use magnum_testkit::{Kubectl, Pod, Server, WEB};
use serde_json::Value;
use std::process::Stdio;
use std::time::{Duration, Instant};

/// How many nodes the judged bundle has.
const NODES: usize = 50;
/// How long an idle agent is watched.
const IDLE: Duration = Duration::from_secs(30);
const DROP: &str = "FORWARD -p icmp -j DROP";

/// Measures on a cluster of its own.
pub fn rows(server: &Server, runs: usize) -> Result<Vec<Row>> {
    timed(server, &["cluster", "create", "d1", "--cluster-template", "kubernetes", "--node-count", "2", "--watch"])?;
    let kubectl = Kubectl::new(server, "d1")?;
    kubectl.apply(WEB)?;
    let pods = kubectl.pods("app=web", 2)?;
    let [a, b] = pods.as_slice() else { anyhow::bail!("two pods are wanted: {pods:?}") };
    let mut rows = Vec::new();
    let mut add = |what: &'static str, measured: f64, required: f64, unit: &'static str| {
        rows.push(Row { what, measured, required, unit, load: sh::load() })
    };
    add("magnum doctor, healthy 1 + 2", each(runs, || ended(server, &["doctor", "d1"], 0))?, 3.0, "s");
    let path = ["doctor", "path", "--cluster", "d1", &a.name, &b.name];
    add("magnum doctor path, pod to pod", each(runs, || ended(server, &path, 0))?, 2.0, "s");
    add("the same path broken, to the rule that drops", each(runs, || broken(server, a, &path))?, 2.0, "s");
    add(
        "magnum doctor path --matrix, 3 nodes and their pods",
        each(runs, || ended(server, &["doctor", "path", "--cluster", "d1", "--matrix"], 0))?,
        5.0,
        "s",
    );
    add("agent's CPU for one full collection on a worker", each(runs, || collection(server))?, 0.5, "s");
    add("agent's CPU while idle", idle(server)?, 0.2, "%");
    add("judging a bundle of 50 nodes (whole process)", judging(server, runs)?, 200.0, "ms");
    timed(server, &["cluster", "delete", "d1", "--watch"])?;
    Ok(rows)
}

fn each(runs: usize, mut once: impl FnMut() -> Result<f64>) -> Result<f64> {
    Ok(median((0..runs).map(|_| once()).collect::<Result<Vec<_>>>()?))
}

/// Seconds of a command that has to end with this code.
fn ended(server: &Server, args: &[&str], code: i32) -> Result<f64> {
    let started = Instant::now();
    let output = server.output(args.iter().copied())?;
    let took = started.elapsed().as_secs_f64();
    let said = || format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    ensure!(output.status.code() == Some(code), "{args:?} should have ended with {code}: {:?} {}", output.status.code(), said());
    Ok(took)
}

fn broken(server: &Server, a: &Pod, path: &[&str]) -> Result<f64> {
    let rule = |act: &str| -> Result<()> {
        let words: Vec<&str> = ["iptables", act].into_iter().chain(DROP.split(' ')).collect();
        server.exec_ok("d1", &a.node, &words).map(drop)
    };
    rule("-I")?;
    let took = ended(server, path, 1);
    rule("-D")?;
    took
}

/// Seconds of processor time that the agent and the programs it starts use to look at everything once.
fn collection(server: &Server) -> Result<f64> {
    let script = "TIMEFORMAT='%U %S'; time magnum-agent collect all >/dev/null 2>&1";
    let text = server.exec_ok("d1", "node-0", &["bash", "-c", script])?;
    let numbers: Vec<f64> = text.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    ensure!(numbers.len() == 2, "bash should have printed two times: {text}");
    Ok(numbers.iter().sum())
}

/// Percent of one processor that the agent's own services use when nothing is asked of them.
fn idle(server: &Server) -> Result<f64> {
    let used = || -> Result<f64> {
        // Ticks of both services and of the programs that they ran, at 100 a second.
        let script =
            "for u in magnum-agent flanneld; do cut -d' ' -f14-17 /proc/$(systemctl show $u --property=MainPID --value)/stat; done";
        let text = server.exec_ok("d1", "node-0", &["sh", "-c", script]).context("reading the services' processor time")?;
        Ok(text.split_whitespace().filter_map(|word| word.parse::<f64>().ok()).sum::<f64>() / 100.0)
    };
    let before = used()?;
    std::thread::sleep(IDLE);
    Ok((used()? - before) / IDLE.as_secs_f64() * 100.0)
}

/// Milliseconds of `magnum doctor --from-bundle` with the facts of a real cluster, its worker made fifty.
fn judging(server: &Server, runs: usize) -> Result<f64> {
    let file = server.state().join("bench.tar");
    let name = file.to_string_lossy().into_owned();
    sh::run(server.magnum(["doctor", "d1", "--bundle", &name]).stdout(Stdio::null()).stderr(Stdio::null()))?;
    let mut bundle = Bundle::unpack(&std::fs::read(&file).context("reading the bundle")?)?;
    let mut facts = serde_json::to_value(&bundle.facts)?;
    multiply(&mut facts)?;
    bundle.facts = serde_json::from_value(facts).context("fifty nodes are no facts")?;
    std::fs::write(&file, bundle.pack()?).context("writing the bundle")?;
    let once = || -> Result<f64> {
        let started = Instant::now();
        let output = server.output(["doctor", "--from-bundle", &name, "-o", "json"])?;
        let took = started.elapsed().as_secs_f64() * 1000.0;
        let report: Value = serde_json::from_slice(&output.stdout).context("the bundle was not judged")?;
        let nodes = report["cluster"]["nodes"].as_u64().unwrap_or(0) + report["cluster"]["masters"].as_u64().unwrap_or(0);
        ensure!(nodes == NODES as u64, "{nodes} nodes were judged");
        Ok(took)
    };
    each(runs, once)
}

fn multiply(facts: &mut Value) -> Result<()> {
    let all = facts["cluster"]["members"].as_array().context("no members")?.clone();
    let pattern = all.iter().find(|m| m["name"] == "node-1").context("no node-1")?.clone();
    for number in all.len()..NODES {
        let name = format!("node-{number}");
        let mut member = pattern.clone();
        member["name"] = name.clone().into();
        member["address"] = format!("10.0.1.{number}").into();
        facts["cluster"]["members"].as_array_mut().context("no members")?.push(member);
        for part in ["nodes", "hosts"] {
            let copy = facts[part]["node-1"].clone();
            facts[part][name.as_str()] = copy;
        }
    }
    Ok(())
}
