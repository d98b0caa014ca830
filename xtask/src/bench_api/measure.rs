// SPDX-License-Identifier: Apache-2.0
//! The rows: each asked of Python Magnum first, then of ours, while the other one rests.

use super::ask::Asker;
use super::filled::{self, CLUSTER, Filled};
use super::report::{Need, Row, grouped};
use super::wrk::Load;
use super::{cargo, median};
use crate::{compile, sh};
use anyhow::{Context, Result, ensure};
use magnum_testkit::{Installation, Persona, PythonMagnum, resident};
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long wrk asks.
const SECONDS: u64 = 5;
/// How often ours is measured; the middle one counts.
const RUNS: usize = 3;
/// How long Python Magnum may take for a list.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long a conductor may look at all clusters before the memory is read.
const SETTLE: Duration = Duration::from_secs(30);

/// A server of the same make that does nothing.
pub struct Idle(PathBuf);

impl Idle {
    pub fn build() -> Result<Self> {
        sh::say("building the handler that does nothing (release)");
        sh::run(cargo().args(["build", "--release", "--quiet", "--package", "magnum-api", "--example", "nothing"]))?;
        Ok(Self(compile::target().join("release/examples/nothing")))
    }

    /// Answers a second.
    fn run(&self) -> Result<f64> {
        struct Ended(Child);
        impl Drop for Ended {
            fn drop(&mut self) {
                let _ = self.0.kill();
                let _ = self.0.wait();
            }
        }
        let mut child = Ended(Command::new(&self.0).stdin(Stdio::null()).stdout(Stdio::piped()).spawn().context("starting it")?);
        let mut line = String::new();
        BufReader::new(child.0.stdout.take().context("no output")?).read_line(&mut line).context("reading its address")?;
        Load { url: format!("http://{}/", line.trim()), token: None, body: None, seconds: SECONDS }.run()
    }
}

/// Both servers and what is measured so far.
pub struct Both<'a> {
    // The clusters go first: ours would delete them one by one.
    pub filled: Filled<'a>,
    pub python: Option<PythonMagnum>,
    pub world: Installation,
    pub asker: Asker,
    pub rows: Vec<Row>,
}

impl Both<'_> {
    fn push(&mut self, what: &str, python: String, ours: String, need: Need) {
        sh::say(&format!("{what}: Python {python}, ours {ours}"));
        self.rows.push(Row { what: what.to_owned(), python, ours, need, load: sh::load() });
    }

    fn per_second(&self, base: &str, path: &str, body: Option<&str>) -> Result<f64> {
        let token = (path != "/").then(|| self.asker.token());
        Load { url: format!("{base}{path}"), token, body, seconds: SECONDS }.run()
    }

    fn ours(&self, path: &str, body: Option<&str>) -> Result<f64> {
        let url = self.world.server.url();
        median((0..RUNS).map(|_| self.per_second(&url, path, body)).collect::<Result<_>>()?)
    }

    /// What Python comes to, in words; one that cannot be measured says why, and the others go on.
    fn theirs(&self, measure: impl FnOnce(&PythonMagnum) -> Result<String>) -> String {
        let Some(python) = &self.python else { return "not asked".to_owned() };
        measure(python).unwrap_or_else(|error| {
            sh::say(&format!("Python Magnum: {error:#}\n{}", python.last_words()));
            let reason = format!("{error:#}").replace(['|', '\n'], " ");
            format!("not measured: {}", reason.chars().take(100).collect::<String>())
        })
    }

    fn rate(&self, what: &str, path: &str, bodies: (Option<&str>, Option<&str>), required: f64) -> Result<(Row, f64)> {
        let python = self.theirs(|python| {
            match bodies.0 {
                Some(body) => drop(self.asker.post(&format!("{}{path}", python.url()), &body.replace("%N", "first"))?),
                None if path == "/" => {}
                None => drop(self.asker.get(&format!("{}{path}", python.url()), PATIENCE)?),
            }
            Ok(format!("{}/s", grouped(self.per_second(&python.url(), path, bodies.0)?)))
        });
        let ours = self.ours(path, bodies.1)?;
        let need = Need::at_least(ours, required, "/s");
        Ok((Row { what: what.to_owned(), python, ours: format!("{}/s", grouped(ours)), need, load: sh::load() }, ours))
    }

    fn add(&mut self, row: Row) {
        sh::say(&format!("{}: Python {}, ours {}", row.what, row.python, row.ours));
        self.rows.push(row);
    }

    /// Single things, and what they cost at Keystone.
    pub fn requests(&mut self, idle: &Idle) -> Result<()> {
        let (row, _) = self.rate("GET /", "/", (None, None), 20_000.0)?;
        self.add(row);
        let path = format!("/v1/clusters/{CLUSTER}");
        let (row, shown) = self.rate("GET /v1/clusters/{uuid}", &path, (None, None), 8_000.0)?;
        self.add(row);
        let nothing = median((0..RUNS).map(|_| idle.run()).collect::<Result<_>>()?)?;
        let part = shown / nothing * 100.0;
        let words = format!("{part:.0} % of {}/s", grouped(nothing));
        self.push(
            "the same, as part of a handler of the same server that does nothing",
            "–".to_owned(),
            words,
            Need::at_least(part, 40.0, " %"),
        );
        let python = self.theirs(|python| self.asked_keystone(&python.url(), &path).map(grouped));
        let ours = self.asked_keystone(&self.world.server.url(), &path)?;
        self.push("Keystone requests for one GET of a cluster, token known", python, grouped(ours), Need::at_most(ours, 0.0, ""));
        Ok(())
    }

    /// Requests that Keystone gets for each of some reads with a token that is known already.
    fn asked_keystone(&self, base: &str, path: &str) -> Result<f64> {
        const READS: u32 = 10;
        let url = format!("{base}{path}");
        // Each of Python's processes has a memory of its own: all of them get to know it.
        for _ in 0..READS {
            self.asker.get(&url, PATIENCE)?;
        }
        let asked = || self.world.keystone.log().lines().filter(|line| line.contains("=> generated")).count();
        let before = asked();
        for _ in 0..READS {
            self.asker.get(&url, PATIENCE)?.context("no answer")?;
        }
        Ok((asked() - before) as f64 / f64::from(READS))
    }

    /// Lists of a hundred and of a thousand clusters, asked alone.
    pub fn lists(&mut self) -> Result<()> {
        for (count, required) in [(100, 5.0), (1000, 30.0)] {
            self.filled.grow(count)?;
            let path = format!("/v1/clusters?limit={count}");
            let python = self.theirs(|python| match self.alone(&python.url(), &path, count, 1)? {
                Some(ms) => Ok(format!("{:.1} s", ms / 1000.0)),
                None => Ok(format!("none in {} s", PATIENCE.as_secs())),
            });
            // It works on although nobody waits any more.
            self.restart_python()?;
            let ours = self.alone(&self.world.server.url(), &path, count, 15)?.context("no answer")?;
            let what = format!("GET /v1/clusters, {} rows, alone", grouped(count as f64));
            self.push(&what, python, format!("{ours:.1} ms"), Need::at_most(ours, required, " ms"));
        }
        Ok(())
    }

    fn restart_python(&mut self) -> Result<()> {
        if let Some(python) = &mut self.python {
            python.stop();
            python.up()?;
        }
        Ok(())
    }

    /// Milliseconds of a list that must have so many rows; none when it does not come.
    fn alone(&self, base: &str, path: &str, count: usize, runs: usize) -> Result<Option<f64>> {
        let mut all = Vec::new();
        for _ in 0..runs {
            let Some((took, answer)) = self.asker.get(&format!("{base}{path}"), PATIENCE)? else { return Ok(None) };
            let rows = answer["clusters"].as_array().map_or(0, Vec::len);
            ensure!(rows == count, "{base}{path} has {rows} rows");
            all.push(took.as_secs_f64() * 1000.0);
        }
        median(all).map(Some)
    }

    /// What is written and what is signed.
    pub fn writes(&mut self) -> Result<()> {
        let template = |image: &str| {
            format!(
                r#"{{"name": "t-%N", "coe": "kubernetes", "image_id": "{image}", "external_network_id": "public", "flavor_id": "m1.small", "master_flavor_id": "m1.small", "network_driver": "flannel", "docker_volume_size": 10}}"#
            )
        };
        let (theirs, ours) = (template("fedora-coreos"), template("debian-12"));
        let (row, _) = self.rate("POST /v1/clustertemplates", "/v1/clustertemplates", (Some(&theirs), Some(&ours)), 500.0)?;
        self.add(row);
        let body = serde_json::json!({"cluster_uuid": CLUSTER, "csr": filled::request()?}).to_string();
        let signed = self.asker.post(&format!("{}/v1/certificates", self.world.server.url()), &body)?;
        ensure!(signed["pem"].as_str().is_some_and(|pem| pem.contains("BEGIN CERTIFICATE")), "nothing was signed: {signed}");
        let (row, _) = self.rate("POST /v1/certificates (sign, RSA-2048)", "/v1/certificates", (Some(&body), Some(&body)), 500.0)?;
        self.add(row);
        Ok(())
    }

    /// What a start takes, and what the programs hold when ten thousand clusters are there.
    pub fn restarts(&mut self, started: Option<Duration>) -> Result<()> {
        let mut starts = Vec::new();
        for _ in 0..RUNS {
            self.world.server.kill()?;
            let begun = Instant::now();
            self.world.server.up()?;
            self.asker.get(&format!("{}/", self.world.server.url()), PATIENCE)?.context("no answer")?;
            starts.push(begun.elapsed().as_secs_f64() * 1000.0);
        }
        let ours = median(starts)?;
        let python = started.map_or_else(|| "not asked".to_owned(), |took| format!("{:.1} s", took.as_secs_f64()));
        self.push("start to first answer (Python: the API alone)", python, format!("{ours:.0} ms"), Need::at_most(ours, 150.0, " ms"));
        self.filled.grow(10_000)?;
        self.world.server.kill()?;
        self.restart_python()?;
        self.world.server.up()?;
        std::thread::sleep(SETTLE);
        let python = self.theirs(|python| Ok(format!("{:.0} MB", python.resident()?)));
        let ours = resident(self.world.server.pid().context("our server does not run")?)?;
        let what = "resident memory, API + conductor, 10,000 clusters in the database";
        self.push(what, python, format!("{ours:.0} MB"), Need::at_most(ours, 80.0, " MB"));
        let last = "/v1/clusters?limit=1000&marker=20000000-0000-4000-8000-000000005000";
        for _ in 0..20 {
            self.asker.get(&format!("{}{last}", self.world.server.url()), PATIENCE)?.context("no answer")?;
        }
        let after = resident(self.world.server.pid().context("our server does not run")?)?;
        self.push("the same after twenty pages of a thousand", "–".to_owned(), format!("{after:.0} MB"), Need::Nothing);
        // Fresh tokens: the server's memory of them went with its process.
        let token = self.world.token(Persona::Admin)?;
        self.world.server.speak_with(token);
        Ok(())
    }
}
