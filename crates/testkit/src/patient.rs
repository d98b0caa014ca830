// SPDX-License-Identifier: Apache-2.0
//! A real cluster on which faults are brought about, diagnosed and mended: what all tests of the doctor share.

use crate::{Kubectl, Server, WEB, wait};
use anyhow::{Context, Result, ensure};
use magnum_rules::{ALL, Act, Entry, Ward};
use serde_json::Value;
use std::io::Write;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

/// A cluster with everything that doing harm to it takes.
pub struct Patient<'a> {
    /// The server it belongs to.
    pub server: &'a Server,
    /// The cluster's name.
    pub cluster: &'static str,
    /// None on Swarm.
    pub kubectl: Option<Kubectl>,
}

/// One diagnosis.
#[derive(Debug, Clone)]
pub struct Diagnosis {
    /// What the command ended with.
    pub exit: i32,
    /// The report, `magnum.doctor/v1`.
    pub report: Value,
    /// How long the whole command took.
    pub took: Duration,
}

impl<'a> Patient<'a> {
    /// Creates a cluster for such faults, on Kubernetes with two web servers, and waits until it is healthy.
    pub fn admit(server: &'a Server, coe: &str, ward: Ward) -> Result<Self> {
        let cluster = if coe == "kubernetes" { "k" } else { "s" };
        let (masters, nodes) = if ward == Ward::Small { ("1", "2") } else { ("3", "1") };
        let template = ["cluster-template", "create", "t", "--coe", coe, "--master-lb-enabled"];
        // Several masters need a balancer in front of them.
        server.ok(template.into_iter().take(if ward == Ward::Small { 5 } else { 6 }))?;
        let create = ["cluster", "create", cluster, "--cluster-template", "t", "--master-count", masters, "--node-count", nodes, "--watch"];
        server.ok(create)?;
        let kubectl = if coe == "kubernetes" { Some(Kubectl::new(server, cluster)?) } else { None };
        if let Some(kubectl) = &kubectl {
            kubectl.apply(WEB)?;
            kubectl.pods("app=web", 2)?;
        }
        let patient = Self { server, cluster, kubectl };
        patient.healthy("at the beginning")?;
        Ok(patient)
    }

    /// kubectl, where there is one.
    pub fn kubectl(&self) -> Result<&Kubectl> {
        self.kubectl.as_ref().context("not a Kubernetes cluster")
    }

    /// Does one thing to it.
    pub fn act(&self, act: &Act) -> Result<()> {
        match act {
            Act::On { node, argv } => drop(self.server.exec_ok(self.cluster, node, argv)?),
            Act::Kubectl { argv, stdin } => {
                let mut child =
                    self.kubectl()?.command(argv).stdin(Stdio::piped()).stdout(Stdio::null()).spawn().context("starting kubectl")?;
                child.stdin.take().context("no input")?.write_all(stdin.as_bytes())?;
                ensure!(child.wait()?.success(), "kubectl {argv:?} failed");
            }
            Act::KubectlUntil { argv, contains, seconds } => {
                let kubectl = self.kubectl()?;
                wait(Duration::from_secs(u64::from(*seconds)), &format!("kubectl {argv:?} says {contains:?}"), || {
                    let output = kubectl.command(argv).output().context("running kubectl")?;
                    Ok(String::from_utf8_lossy(&output.stdout).contains(contains).then_some(()))
                })?;
            }
            Act::PowerOff { node } => {
                self.server.ok(["node", "stop", self.cluster, node])?;
                // What is not noted as stopped yet would not be started again.
                wait(Duration::from_secs(60), &format!("{node} is stopped"), || {
                    let nodes = self.server.json(["node", "list", self.cluster])?;
                    let stopped = |n: &Value| n["name"] == *node && n["status"] == "STOPPED";
                    Ok(nodes.as_array().is_some_and(|nodes| nodes.iter().any(stopped)).then_some(()))
                })?;
            }
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

    /// Does all of it, also what follows something that failed; answers the first failure.
    pub fn act_all(&self, acts: &[Act]) -> Result<()> {
        let failures: Vec<anyhow::Error> = acts.iter().filter_map(|act| self.act(act).err()).collect();
        failures.into_iter().next().map_or(Ok(()), Err)
    }

    /// One diagnosis.
    pub fn diagnose(&self) -> Result<Diagnosis> {
        self.doctor(&["doctor", self.cluster, "-o", "json"])
    }

    /// One diagnosis that is also written into a bundle; whether the bundle tells the same is for `replayed` to say.
    pub fn diagnose_into_bundle(&self) -> Result<Diagnosis> {
        let _ = std::fs::remove_file(self.bundle());
        self.doctor(&["doctor", self.cluster, "-o", "json", "--bundle", &self.bundle().to_string_lossy()])
    }

    fn doctor(&self, words: &[&str]) -> Result<Diagnosis> {
        let started = Instant::now();
        let output = self.server.output(words.iter().copied())?;
        let took = started.elapsed();
        let report =
            serde_json::from_slice(&output.stdout).with_context(|| format!("no report: {}", String::from_utf8_lossy(&output.stderr)))?;
        Ok(Diagnosis { exit: output.status.code().unwrap_or(-1), report, took })
    }

    fn bundle(&self) -> PathBuf {
        self.server.state().join("diagnosis.tar")
    }

    /// The last bundle, judged without the cluster, must tell what was told of the living one.
    pub fn replayed(&self, live: &Diagnosis) -> Result<()> {
        let again = self.doctor(&["doctor", "--from-bundle", &self.bundle().to_string_lossy(), "-o", "json"])?;
        ensure!(again.exit == live.exit, "the bundle's exit is {}, the live one was {}", again.exit, live.exit);
        for part in ["verdict", "findings", "unexplained", "not_seen", "near", "checks", "evidence"] {
            ensure!(
                again.report[part] == live.report[part],
                "the bundle tells other {part}:\n{}\nthan was told of the living cluster:\n{}",
                again.report[part],
                live.report[part]
            );
        }
        Ok(())
    }

    /// All nodes are up and nothing is wrong. A node that is coming up is not accused, but its agent would also mend
    /// what the next injection breaks.
    pub fn healthy(&self, when: &str) -> Result<Duration> {
        let mut last = Value::Null;
        wait(Duration::from_secs(90), &format!("all nodes are ready {when}"), || {
            let nodes = self.server.json(["node", "list", self.cluster])?;
            Ok(nodes.as_array().into_iter().flatten().all(|n| n["status"] == "READY").then_some(()))
        })?;
        let result = wait(Duration::from_secs(90), &format!("healthy {when}"), || {
            let seen = self.diagnose()?;
            last = seen.report;
            Ok((seen.exit == 0).then_some(seen.took))
        });
        result.with_context(|| brief(&last))
    }
}

/// The rule of this id.
pub fn rule(id: &str) -> Result<&'static Entry> {
    ALL.iter().find(|entry| entry.rule.id == id).with_context(|| format!("there is no rule {id}"))
}

/// A report's findings of this status.
pub fn findings<'a>(report: &'a Value, status: &str) -> Vec<&'a Value> {
    report["findings"].as_array().into_iter().flatten().filter(|f| f["status"] == status).collect()
}

/// The ids of a report's findings of this status, in the order in which they are told.
pub fn ids(report: &Value, status: &str) -> Vec<String> {
    findings(report, status).iter().filter_map(|f| f["id"].as_str().map(str::to_owned)).collect()
}

/// A report in one line, for the message of a test that fails.
pub fn brief(report: &Value) -> String {
    let all = report["findings"].as_array().into_iter().flatten();
    let lines: Vec<String> = all.map(|f| format!("{} {} {} {}", f["status"], f["id"], f["subject"], f["summary"])).collect();
    format!("verdict {}: {lines:?}; unexplained: {}; not seen: {}", report["verdict"], report["unexplained"], report["not_seen"])
}

/// Every claim of every finding points at evidence that is in the report.
pub fn grounded(report: &Value) -> Result<()> {
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

/// Adds a line to the file that `MAGNUM_FAULTS_FILE` names, from which docs/scoreboard.md is written.
pub fn record(section: Section, row: &str) -> Result<()> {
    let Some(path) = std::env::var_os("MAGNUM_FAULTS_FILE") else { return Ok(()) };
    let path = PathBuf::from(path).with_extension(section.extension());
    let mut file = std::fs::File::options().create(true).append(true).open(path).context("opening the scoreboard's rows")?;
    writeln!(file, "{row}").context("writing a row")
}

/// A table of docs/scoreboard.md.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Section {
    /// One fault alone.
    Faults,
    /// Two faults at the same time.
    Doubles,
    /// A fault while something could not be looked at.
    Withheld,
}

impl Section {
    /// How the name of the file with its rows ends.
    pub fn extension(self) -> &'static str {
        match self {
            Section::Faults => "md",
            Section::Doubles => "doubles.md",
            Section::Withheld => "withheld.md",
        }
    }
}

/// Whether everything is to be run, and not only what every change must pass.
pub fn full() -> bool {
    std::env::var_os("MAGNUM_TEST_FULL").is_some()
}
