// SPDX-License-Identifier: Apache-2.0
//! `cargo xtask bench`: the numbers the README states, measured on this machine, with its load beside them.

use crate::{bench_api, bench_doctor, bench_pages, compile, setup, sh};
use anyhow::{Context, Result, bail, ensure};
use magnum_testkit::{Server, leftovers};
use std::process::Stdio;
use std::time::{Duration, Instant};

/// What to measure.
#[derive(clap::Args)]
pub struct Args {
    /// How often each create is repeated; medians are printed.
    #[arg(long, default_value_t = 5)]
    runs: usize,
    /// Only the pages of long lists, on the three databases; no nodes.
    #[arg(long)]
    pages: bool,
    /// Only the API, beside Python Magnum 15.0.1 on the same database and Keystone; the table goes into docs/scoreboard.md.
    #[arg(long, conflicts_with = "pages")]
    api: bool,
    /// Leave Python Magnum out: its column says so.
    #[arg(long, requires = "api")]
    without_python: bool,
    /// Measure what --pages measures with the dev profile: to see that it works, not for its numbers.
    #[arg(long, requires = "pages")]
    dev: bool,
}

/// One number of the table.
pub struct Row {
    pub what: &'static str,
    pub measured: f64,
    pub required: f64,
    pub unit: &'static str,
    pub load: String,
}

/// Measures and prints; fails when a required number is missed.
pub fn run(args: &Args) -> Result<()> {
    if args.api {
        return bench_api::run(!args.without_python);
    }
    setup::run()?;
    if args.pages {
        return judge(&bench_pages::rows(args.dev)?);
    }
    let dist = compile::dist()?;
    setup::image(&dist)?;
    let before = leftovers()?;
    let server = Server::start(&dist)?;
    let mut rows = Vec::new();
    for (coe, create, required) in
        [("kubernetes", "Kubernetes 1 + 2, POST to CREATE_COMPLETE", 15.0), ("swarm", "Swarm 1 + 2, POST to CREATE_COMPLETE", 8.0)]
    {
        sh::run(server.magnum(["cluster-template", "create", coe, "--coe", coe]).stdout(Stdio::null()))?;
        let (mut creates, mut deletes) = (Vec::new(), Vec::new());
        for _ in 0..args.runs {
            creates.push(timed(&server, &["cluster", "create", "b1", "--cluster-template", coe, "--node-count", "2", "--watch"])?);
            deletes.push(timed(&server, &["cluster", "delete", "b1", "--watch"])?);
            sh::say(&format!("{coe}: created in {:.1} s, deleted in {:.1} s", creates[creates.len() - 1], deletes[deletes.len() - 1]));
        }
        rows.push(Row { what: create, measured: median(creates), required, unit: "s", load: sh::load() });
        rows.push(Row { what: "delete of it", measured: median(deletes), required: 5.0, unit: "s", load: sh::load() });
    }
    let left: Vec<String> = leftovers()?.difference(&before).filter(|t| !t.contains(" serve ")).cloned().collect();
    sh::say(&format!("left after all deletes: {left:?}"));
    let faults = (0..args.runs).map(|_| fault(&server)).collect::<Result<Vec<_>>>()?;
    rows.push(Row {
        what: "bootstrap fault to CREATE_FAILED with the reason",
        measured: median(faults),
        required: 15.0,
        unit: "s",
        load: sh::load(),
    });
    rows.extend(bench_doctor::rows(&server, args.runs)?);
    rows.extend(memory(&server)?);
    drop(server);
    rows.extend(bench_pages::rows(false)?);
    judge(&rows)
}

/// Prints the table; a missed number is an error.
fn judge(rows: &[Row]) -> Result<()> {
    print(rows);
    ensure!(rows.iter().all(|r| r.measured <= r.required), "a required number was missed");
    Ok(())
}

/// Seconds of a command that must succeed.
pub fn timed(server: &Server, args: &[&str]) -> Result<f64> {
    let started = Instant::now();
    sh::run(server.magnum(args.iter().copied()).stdout(Stdio::null()).stderr(Stdio::null()))?;
    Ok(started.elapsed().as_secs_f64())
}

/// Breaks etcd's program on the booting master and waits for the create to fail for that reason.
fn fault(server: &Server) -> Result<f64> {
    sh::run(server.magnum(["cluster", "create", "f1", "--cluster-template", "kubernetes", "--node-count", "1"]).stdout(Stdio::null()))?;
    server.break_etcd("f1")?;
    let started = Instant::now();
    loop {
        let cluster = server.json(["cluster", "show", "f1"])?;
        match cluster["status"].as_str() {
            Some("CREATE_FAILED") => {
                let reason = cluster["status_reason"].as_str().unwrap_or_default();
                ensure!(reason.contains("master-0") && reason.contains("etcd"), "the reason names neither node nor step: {reason}");
                break;
            }
            Some("CREATE_IN_PROGRESS") if started.elapsed() < Duration::from_secs(60) => {}
            other => bail!("the broken create is {other:?}"),
        }
    }
    let seconds = started.elapsed().as_secs_f64();
    sh::run(server.magnum(["cluster", "delete", "f1", "--watch"]).stdout(Stdio::null()).stderr(Stdio::null()))?;
    Ok(seconds)
}

/// Resident memory of the idle server with three clusters, and of an agent on a node.
fn memory(server: &Server) -> Result<Vec<Row>> {
    for name in ["m1", "m2", "m3"] {
        timed(server, &["cluster", "create", name, "--cluster-template", "swarm", "--node-count", "1", "--watch"])?;
    }
    std::thread::sleep(Duration::from_secs(10));
    let rss = |pid: &str| -> Result<f64> {
        resident(&std::fs::read_to_string(format!("/proc/{pid}/status")).with_context(|| format!("reading the status of {pid}"))?)
    };
    let mut agent = 0.0_f64;
    for node in ["master-0", "node-0"] {
        let (_, pid) = server.exec("m1", node, &["systemctl", "show", "magnum-agent", "--property=MainPID", "--value"])?;
        let (_, status) = server.exec("m1", node, &["cat", &format!("/proc/{}/status", pid.trim())])?;
        agent = agent.max(resident(&status)?);
    }
    Ok(vec![
        Row {
            what: "resident memory, server idle with 3 clusters",
            measured: rss(&server.pid().context("the server runs")?.to_string())?,
            required: 60.0,
            unit: "MB",
            load: sh::load(),
        },
        Row { what: "resident memory, agent (largest)", measured: agent, required: 15.0, unit: "MB", load: sh::load() },
    ])
}

/// Megabytes of `VmRSS` in the text of `/proc/<pid>/status`.
fn resident(status: &str) -> Result<f64> {
    let line = status.lines().find(|l| l.starts_with("VmRSS:")).context("no VmRSS")?;
    Ok(line.split_whitespace().nth(1).context("no number")?.parse::<f64>()? / 1024.0)
}

/// The middle one.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

#[allow(clippy::print_stdout)]
fn print(rows: &[Row]) {
    println!("| what | measured | required | load |\n| --- | --- | --- | --- |");
    for row in rows {
        let verdict = if row.measured <= row.required { "" } else { " **missed**" };
        println!("| {} | {} {}{verdict} | ≤ {} {} | {} |", row.what, digits(row.measured), row.unit, row.required, row.unit, row.load);
    }
}

/// Small numbers with more digits.
fn digits(value: f64) -> String {
    if value < 1.0 { format!("{value:.2}") } else { format!("{value:.1}") }
}
