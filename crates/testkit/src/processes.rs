// SPDX-License-Identifier: Apache-2.0
//! Several `magnum api` and `magnum conductor` on one database, each of which can be killed and started again.

use crate::http::http_agent;
use crate::server::{cache_dir, free_port, silent};
use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// The processes. Dropping them deletes their clusters, ends them and removes their state directory.
pub struct Processes {
    dist: PathBuf,
    state: PathBuf,
    members: Vec<Member>,
}

struct Member {
    /// Where an API answers; none for a conductor.
    port: Option<u16>,
    log: PathBuf,
    child: Option<Child>,
}

/// Commands against one of the APIs.
#[derive(Debug, Clone)]
pub struct Client {
    dist: PathBuf,
    state: PathBuf,
    port: u16,
}

impl Processes {
    /// Starts so many of each, with a `magnum.conf` of this text, and waits until the APIs answer.
    pub fn start(dist: &Path, conf: &str, apis: usize, conductors: usize) -> Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("magnum-test-{}-parts-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let state = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&state).context("making the state directory")?;
        crate::leftovers::claim(&state);
        let file = state.join("magnum.conf");
        std::fs::write(&file, conf).context("writing magnum.conf")?;
        std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).context("making magnum.conf private")?;
        let mut members = Vec::new();
        for number in 0..apis + conductors {
            let port = if number < apis { Some(free_port()?) } else { None };
            members.push(Member { port, log: state.join(format!("{number}.log")), child: None });
        }
        let mut processes = Self { dist: dist.to_owned(), state, members };
        // All at once: whatever only one may make first, one makes.
        for number in 0..processes.len() {
            processes.spawn(number)?;
        }
        for number in 0..processes.len() {
            processes.answers(number)?;
        }
        Ok(processes)
    }

    /// How many there are, the APIs first.
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Who speaks with each of the APIs.
    pub fn clients(&self) -> Vec<Client> {
        let client = |port| Client { dist: self.dist.clone(), state: self.state.clone(), port };
        self.members.iter().filter_map(|member| member.port).map(client).collect()
    }

    /// `kill -9`.
    pub fn kill(&mut self, number: usize) -> Result<()> {
        if let Some(mut child) = self.members[number].child.take() {
            child.kill().context("killing a process")?;
            child.wait().context("waiting for a process")?;
        }
        self.members[number].port.map_or(Ok(()), silent)
    }

    /// Starts it again and waits until it answers.
    pub fn up(&mut self, number: usize) -> Result<()> {
        self.spawn(number)?;
        self.answers(number)
    }

    /// The end of every log.
    pub fn last_words(&self) -> String {
        let tail = |member: &Member| {
            let log = std::fs::read_to_string(&member.log).unwrap_or_default();
            let lines: Vec<&str> = log.lines().collect();
            format!("{}:\n{}\n", member.log.display(), lines[lines.len().saturating_sub(30)..].join("\n"))
        };
        self.members.iter().map(tail).collect()
    }

    fn spawn(&mut self, number: usize) -> Result<()> {
        let member = &mut self.members[number];
        let log = File::options().create(true).append(true).open(&member.log).context("opening a log")?;
        let mut command = Command::new(self.dist.join("magnum"));
        match member.port {
            Some(port) => command.args(["api", "--listen", &format!("127.0.0.1:{port}")]),
            None => command.arg("conductor"),
        };
        command.arg("--state-dir").arg(&self.state).arg("--config-file").arg(self.state.join("magnum.conf"));
        command.arg("--cache-dir").arg(cache_dir()).stdin(Stdio::null());
        command.stdout(log.try_clone().context("sharing a log")?).stderr(log);
        member.child = Some(command.spawn().context("starting a process")?);
        Ok(())
    }

    /// Waits until an API answers, or a conductor has begun.
    fn answers(&mut self, number: usize) -> Result<()> {
        let member = &mut self.members[number];
        let deadline = Instant::now() + Duration::from_secs(30);
        let Some(port) = member.port else { return Ok(()) };
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            if let Some(status) = member.child.as_mut().and_then(|child| child.try_wait().ok().flatten()) {
                bail!("a process ended with {status}: {}", std::fs::read_to_string(&member.log).unwrap_or_default());
            }
            ensure!(Instant::now() < deadline, "magnum api does not answer on port {port}");
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }
}

impl Client {
    /// Runs a `magnum` command.
    pub fn output(&self, args: &[&str]) -> Result<Output> {
        let mut command = Command::new(self.dist.join("magnum"));
        command.args(args).env("MAGNUM_URL", format!("http://127.0.0.1:{}", self.port)).env("MAGNUM_STATE_DIR", &self.state);
        command.env_remove("MAGNUM_TOKEN").current_dir(&self.state).stdin(Stdio::null());
        command.output().with_context(|| format!("running magnum {args:?}"))
    }

    /// What is at this path of the API; none when nothing is. For who looks again and again: a process each time costs more
    /// than the question.
    pub fn get(&self, path: &str) -> Result<Option<Value>> {
        let agent = http_agent(Duration::from_secs(30));
        let token = std::fs::read_to_string(self.state.join("token")).context("reading the token")?;
        let request = agent.get(format!("http://127.0.0.1:{}{path}", self.port)).header("X-Auth-Token", token.trim());
        let mut answer = request.header("OpenStack-API-Version", "container-infra latest").call().context("asking an API")?;
        match answer.status().as_u16() {
            200 => answer.body_mut().read_json().map(Some).context("reading an answer"),
            404 => Ok(None),
            status => bail!("{path} is answered with {status}"),
        }
    }

    /// A command's JSON answer.
    pub fn json(&self, args: &[&str]) -> Result<Value> {
        let all: Vec<&str> = args.iter().copied().chain(["-o", "json"]).collect();
        let output = self.output(&all)?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "magnum {args:?} ended with {}: {said}", output.status);
        serde_json::from_slice(&output.stdout).with_context(|| format!("magnum {args:?} printed no JSON"))
    }
}

impl Drop for Processes {
    fn drop(&mut self) {
        for number in 0..self.len() {
            if self.members[number].child.is_none() {
                let _ = self.up(number);
            }
        }
        if let Some(client) = self.clients().first() {
            let list = || client.json(&["cluster", "list"]).unwrap_or_default();
            for uuid in list().as_array().into_iter().flatten().filter_map(|c| c["uuid"].as_str()) {
                let _ = client.output(&["cluster", "delete", uuid, "--watch"]);
            }
        }
        for mut child in self.members.iter_mut().filter_map(|member| member.child.take()) {
            let _ = Command::new("kill").arg(child.id().to_string()).status();
            let deadline = Instant::now() + Duration::from_secs(25);
            while matches!(child.try_wait(), Ok(None)) && Instant::now() < deadline {
                std::thread::sleep(Duration::from_millis(20));
            }
            let _ = child.kill();
            let _ = child.wait();
        }
        if std::env::var_os("MAGNUM_TEST_KEEP").is_none() {
            let _ = std::fs::remove_dir_all(&self.state);
        }
    }
}
