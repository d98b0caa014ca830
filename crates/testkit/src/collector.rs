// SPDX-License-Identifier: Apache-2.0
//! In the place of a collector of OpenTelemetry: a receiver of OTLP over HTTP that reads what it gets by the official protobuf
//! classes, checks what every span must have, and writes it down.

use crate::authority::Authority;
use crate::process::Process;
use crate::server::{cache_dir, free_port};
use crate::wsgi::{make_private, write_private};
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// How long Python may take on a machine that is busy.
const LIMIT: Duration = Duration::from_secs(60);
/// The header it wants to see, and what is to be in it.
const HEADER: &str = "x-collector-key";
pub const COLLECTOR_KEY: &str = "k3y-of-the-collector";

/// A running receiver. Dropping it ends it and removes its directory.
pub struct Collector {
    dir: PathBuf,
    process: Option<Process>,
    port: u16,
    /// Whether it speaks TLS, by a certificate of this authority.
    authority: Option<Authority>,
}

impl Collector {
    /// Starts it in the clear, and waits until it listens.
    pub fn start() -> Result<Self> {
        Self::new(false)
    }

    /// Starts it with TLS.
    pub fn secure() -> Result<Self> {
        Self::new(true)
    }

    fn new(secure: bool) -> Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("magnum-collector-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let dir = std::env::temp_dir().join(name);
        make_private(&dir)?;
        let authority = if secure { Some(Authority::make(&dir)?) } else { None };
        let mut collector = Self { dir, process: None, port: free_port()?, authority };
        write_private(&collector.dir.join("receive.py"), include_str!("collector/receive.py"))?;
        collector.up()?;
        Ok(collector)
    }

    /// Starts it (again), and waits until it listens. What it heard before stays.
    pub fn up(&mut self) -> Result<()> {
        let python = cache_dir().join("traces/bin/python");
        ensure!(python.is_file(), "{} is not there; run cargo xtask test", python.display());
        let mut command = Command::new(python);
        command.arg(self.dir.join("receive.py")).arg(self.port.to_string()).arg(self.heard_file()).current_dir(&self.dir);
        command.args([HEADER, COLLECTOR_KEY]);
        if let Some(authority) = &self.authority {
            command.args([authority.file("server.pem"), authority.file("server.key")]);
        }
        let process = self.process.insert(Process::start("the receiver", &command, &self.dir.join("receiver.log"))?);
        let port = self.port;
        process.until(LIMIT, || TcpStream::connect(("127.0.0.1", port)).is_ok())
    }

    /// Ends it as a power cut would.
    pub fn kill(&mut self) -> Result<()> {
        if let Some(process) = self.process.take() {
            process.kill();
        }
        crate::kubectl::wait(Duration::from_secs(10), "the receiver is gone", || {
            Ok(TcpStream::connect(("127.0.0.1", self.port)).is_err().then_some(()))
        })
    }

    /// Its URL, as `[opentelemetry] endpoint` has it.
    pub fn url(&self) -> String {
        let scheme = if self.authority.is_some() { "https" } else { "http" };
        format!("{scheme}://127.0.0.1:{}", self.port)
    }

    /// What `[opentelemetry] headers` is to be.
    pub fn headers(&self) -> String {
        format!("{HEADER}={COLLECTOR_KEY}")
    }

    /// The file of the authority that vouches for it.
    pub fn authority(&self) -> Result<String> {
        Ok(self.authority.as_ref().context("it speaks no TLS")?.file("ca.pem"))
    }

    /// Every span heard so far, in order: `name`, `kind`, `trace`, `id`, `parent`, `began` and `ended` in seconds, `attributes`,
    /// `moments`, `error`, `resource`, and under `faults` what a span must not be.
    pub fn heard(&self) -> Result<Vec<Value>> {
        let text = match std::fs::read_to_string(self.heard_file()) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error).context("reading what was heard"),
        };
        let whole = text.rsplit_once('\n').map_or("", |(lines, _)| lines);
        whole.lines().map(|line| serde_json::from_str(line).with_context(|| format!("reading {line}"))).collect()
    }

    fn heard_file(&self) -> PathBuf {
        self.dir.join("heard.jsonl")
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        if let Some(process) = self.process.take() {
            process.kill();
        }
        if std::env::var_os("MAGNUM_TEST_KEEP").is_none() {
            let _ = std::fs::remove_dir_all(&self.dir);
        }
    }
}
