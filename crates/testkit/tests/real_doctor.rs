// SPDX-License-Identifier: Apache-2.0
//! Every rule that says how its fault is brought about, on real clusters: injected, named as the one cause with
//! evidence for every claim, mended, and healthy again. No list here: the rules bring their own injections.

#![allow(clippy::print_stdout)] // the scoreboard lines

use anyhow::{Context, Result, bail, ensure};
use magnum_rules::{ALL, Act, Class, Entry, Ward};
use magnum_testkit::{Kubectl, Server, WEB, dist_dir, wait};
use magnum_types::Coe;
use serde_json::Value;
use std::io::Write;
use std::process::Stdio;
use std::time::{Duration, Instant};

struct Patient<'a> {
    server: &'a Server,
    cluster: &'static str,
    kubectl: Option<Kubectl>,
}

impl Patient<'_> {
    fn act(&self, act: &Act) -> Result<()> {
        match act {
            Act::On { node, argv } => {
                let (code, text) = self.server.exec(self.cluster, node, argv)?;
                ensure!(code == Some(0), "{argv:?} on {node}: {code:?} {text}");
            }
            Act::Kubectl { argv, stdin } => {
                let kubectl = self.kubectl.as_ref().context("not a Kubernetes cluster")?;
                let mut child = kubectl.command(argv).stdin(Stdio::piped()).stdout(Stdio::null()).spawn().context("starting kubectl")?;
                child.stdin.take().context("no input")?.write_all(stdin.as_bytes())?;
                ensure!(child.wait()?.success(), "kubectl {argv:?} failed");
            }
            Act::KubectlUntil { argv, contains, seconds } => {
                let kubectl = self.kubectl.as_ref().context("not a Kubernetes cluster")?;
                wait(Duration::from_secs(u64::from(*seconds)), &format!("kubectl {argv:?} says {contains:?}"), || {
                    let output = kubectl.command(argv).output().context("running kubectl")?;
                    Ok(String::from_utf8_lossy(&output.stdout).contains(contains).then_some(()))
                })?;
            }
            Act::PowerOff { node } => drop(self.server.ok(["node", "stop", self.cluster, node])?),
            Act::Converge => {
                for node in self.server.json(["node", "list", self.cluster])?.as_array().into_iter().flatten() {
                    if node["status"] == "STOPPED" {
                        self.server.ok(["node", "start", self.cluster, node["name"].as_str().unwrap_or_default()])?;
                    }
                }
                self.server.allow_ports(self.cluster)?;
            }
            Act::PortDrop { node, protocol, port } => self.server.drop_port(self.cluster, node, protocol, *port)?,
            Act::Until { node, argv, seconds } => wait(Duration::from_secs(u64::from(*seconds)), &format!("{argv:?} on {node}"), || {
                Ok((self.server.exec(self.cluster, node, argv)?.0 == Some(0)).then_some(()))
            })?,
        }
        Ok(())
    }

    /// One diagnosis: the exit code, the report, and how long it took.
    fn diagnose(&self) -> Result<(i32, Value, Duration)> {
        let started = Instant::now();
        let output = self.server.output(["doctor", self.cluster, "-o", "json"])?;
        let took = started.elapsed();
        let report =
            serde_json::from_slice(&output.stdout).with_context(|| format!("no report: {}", String::from_utf8_lossy(&output.stderr)))?;
        Ok((output.status.code().unwrap_or(-1), report, took))
    }

    /// All nodes are up and nothing is wrong. A node that is coming up is not accused, but its agent would also mend
    /// what the next injection breaks.
    fn healthy(&self, when: &str) -> Result<Duration> {
        let mut last = Value::Null;
        wait(Duration::from_secs(90), &format!("all nodes are ready {when}"), || {
            let nodes = self.server.json(["node", "list", self.cluster])?;
            Ok(nodes.as_array().into_iter().flatten().all(|n| n["status"] == "READY").then_some(()))
        })?;
        let result = wait(Duration::from_secs(90), &format!("healthy {when}"), || {
            let (code, report, took) = self.diagnose()?;
            last = report;
            Ok((code == 0).then_some(took))
        });
        result.with_context(|| brief(&last))
    }
}

fn findings<'a>(report: &'a Value, status: &str) -> Vec<&'a Value> {
    report["findings"].as_array().into_iter().flatten().filter(|f| f["status"] == status).collect()
}

fn brief(report: &Value) -> String {
    let all = report["findings"].as_array().into_iter().flatten();
    let lines: Vec<String> = all.map(|f| format!("{} {} {}", f["status"], f["id"], f["subject"])).collect();
    format!("verdict {}: {lines:?}; not seen: {}", report["verdict"], report["not_seen"])
}

/// Every claim of every finding points at evidence that is in the report.
fn grounded(report: &Value) -> Result<()> {
    for finding in report["findings"].as_array().into_iter().flatten() {
        for claim in finding["chain"].as_array().into_iter().flatten() {
            let evidence = claim["evidence"].as_array().context("a claim without evidence")?;
            ensure!(!evidence.is_empty(), "a claim without evidence: {claim}");
            for id in evidence {
                ensure!(!report["evidence"][id.as_str().unwrap_or_default()].is_null(), "{id} is not in the report");
            }
        }
    }
    Ok(())
}

fn one(ward: &Patient<'_>, entry: &Entry) -> Result<Duration> {
    let id = entry.rule.id;
    let injected = entry.rule.inject.iter().try_for_each(|act| ward.act(act)).with_context(|| format!("injecting {id}"));
    let mut last = Value::Null;
    // What will fail later is a warning, and the cluster is healthy all the same.
    let risk = entry.rule.class == Class::Risk;
    let expected = if risk { ("warning", 0) } else { ("cause", 1) };
    let named = injected.and_then(|()| named(ward, id, expected, &mut last)).with_context(|| brief(&last));
    let causes: Vec<String> = findings(&last, "cause").iter().filter_map(|f| f["id"].as_str().map(str::to_owned)).collect();
    for act in entry.rule.undo {
        ward.act(act).with_context(|| format!("undoing {id}"))?;
    }
    let took = named?;
    ensure!(if risk { causes.is_empty() } else { causes == [id] }, "{id} should be the one cause: {}", brief(&last));
    grounded(&last).with_context(|| id.to_owned())?;
    ward.healthy(&format!("after {id} was undone"))?;
    Ok(took)
}

/// Asks until the fault is named; answers how long the diagnosis took that did.
fn named(ward: &Patient<'_>, id: &str, (status, exit): (&str, i32), last: &mut Value) -> Result<Duration> {
    wait(Duration::from_secs(60), &format!("{id} is named"), || {
        let (code, report, took) = ward.diagnose()?;
        *last = report;
        Ok((code == exit && findings(last, status).iter().any(|f| f["id"] == id)).then_some(took))
    })
}

fn suite(coe: Coe, ward: Ward) -> Result<()> {
    let rules: Vec<&Entry> = chosen(coe, ward);
    if rules.is_empty() {
        bail!("no rule for {coe} can be injected on {ward:?}");
    }
    let server = Server::start(&dist_dir()?)?;
    let cluster = if coe == Coe::Kubernetes { "k" } else { "s" };
    let (masters, nodes) = if ward == Ward::Small { ("1", "2") } else { ("3", "1") };
    let template = ["cluster-template", "create", "t", "--coe", coe.as_str(), "--master-lb-enabled"];
    // Several masters need a balancer in front of them.
    server.ok(template.into_iter().take(if ward == Ward::Small { 5 } else { 6 }))?;
    let create = ["cluster", "create", cluster, "--cluster-template", "t", "--master-count", masters, "--node-count", nodes, "--watch"];
    server.ok(create)?;
    let kubectl = if coe == Coe::Kubernetes { Some(Kubectl::new(&server, cluster)?) } else { None };
    let ward = Patient { server: &server, cluster, kubectl };
    if let Some(kubectl) = &ward.kubectl {
        kubectl.apply(WEB)?;
        kubectl.pods("app=web", 2)?;
    }
    ward.healthy("at the beginning")?;
    let mut failures = Vec::new();
    for entry in &rules {
        let started = Instant::now();
        let outcome = one(&ward, entry);
        let whole = started.elapsed().as_secs_f64();
        match &outcome {
            Ok(took) => println!("{:<28} named as the one cause in {:.1} s ({whole:.0} s with mending)", entry.rule.id, took.as_secs_f64()),
            Err(error) => println!("{:<28} FAILED after {whole:.0} s: {error:#}", entry.rule.id),
        }
        record(coe, entry, &outcome)?;
        failures.extend(outcome.err().map(|error| format!("{}: {error:#}", entry.rule.id)));
    }
    ensure!(failures.is_empty(), "{} of {} faults:\n{}", failures.len(), rules.len(), failures.join("\n"));
    Ok(())
}

/// A line for docs/scoreboard.md in the file that `MAGNUM_FAULTS_FILE` names.
fn record(coe: Coe, entry: &Entry, outcome: &Result<Duration>) -> Result<()> {
    let Some(path) = std::env::var_os("MAGNUM_FAULTS_FILE") else { return Ok(()) };
    let mut file = std::fs::File::options().create(true).append(true).open(path).context("opening the list of faults")?;
    let how = entry.rule.inject.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
    let short: String = how.replace(['|', '\n'], " ").chars().take(110).collect();
    let (named, took) = outcome.as_ref().map_or(("**no**", "–".to_owned()), |took| ("yes", format!("{:.1} s", took.as_secs_f64())));
    writeln!(file, "| {coe} | {} | {} | `{short}` | {named} | {took} |", entry.rule.layer.as_str(), entry.rule.id).context("writing a row")
}

/// Without `--full`, at most this many rules of each layer: all of them take too long for every change.
const SAMPLE: usize = 2;

/// The rules to inject; `MAGNUM_TEST_RULES=id,id,…` names some of them.
fn chosen(coe: Coe, ward: Ward) -> Vec<&'static Entry> {
    let names = std::env::var("MAGNUM_TEST_RULES").unwrap_or_default();
    let named = |id: &str| names.is_empty() || names.split(',').any(|name| name == id);
    let fits = |e: &&Entry| e.rule.coe.fits(coe) && e.rule.ward == ward && !e.rule.inject.is_empty() && named(e.rule.id);
    let all: Vec<&Entry> = ALL.iter().filter(fits).collect();
    if !names.is_empty() || std::env::var_os("MAGNUM_TEST_FULL").is_some() {
        return all;
    }
    let earlier = |at: usize| all.iter().take(at).filter(|e| e.rule.layer == all[at].rule.layer).count();
    (0..all.len()).filter(|at| earlier(*at) < SAMPLE).map(|at| all[at]).collect()
}

#[test]
fn kubernetes_faults_are_named_with_proof_and_nothing_else_is_accused() -> Result<()> {
    suite(Coe::Kubernetes, Ward::Small)
}

#[test]
fn swarm_faults_are_named_with_proof_and_nothing_else_is_accused() -> Result<()> {
    suite(Coe::Swarm, Ward::Small)
}

#[test]
fn kubernetes_faults_among_three_masters_are_named_with_proof() -> Result<()> {
    suite(Coe::Kubernetes, Ward::Masters)
}

#[test]
fn swarm_faults_among_three_managers_are_named_with_proof() -> Result<()> {
    suite(Coe::Swarm, Ward::Masters)
}
