// SPDX-License-Identifier: Apache-2.0
//! A real RabbitMQ of one's own, from Debian's package: loopback ports, a temporary directory, gone afterwards with all that
//! Erlang starts beside it. And a real listener: oslo.messaging's, as any OpenStack service has it.

use crate::authority::Authority;
use crate::keystone::random_text;
use crate::process::Process;
use crate::server::{cache_dir, free_port};
use crate::wsgi::{make_private, write_private};
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// Debian's own script, without the wrapper that changes the user.
const SERVER: &str = "/usr/lib/rabbitmq/bin/rabbitmq-server";
/// How long Erlang may take on a machine that is busy.
const LIMIT: Duration = Duration::from_secs(120);

/// A running broker. Dropping it ends it and removes its directory.
pub struct Rabbit {
    dir: PathBuf,
    process: Option<Process>,
    ports: Ports,
    password: String,
    authority: Authority,
}

/// All of them on loopback.
struct Ports {
    plain: u16,
    secure: u16,
    distribution: u16,
    names: u16,
}

impl Rabbit {
    /// Starts it, and waits until it speaks AMQP. It has the user `magnum` and the virtual host `clusters`.
    pub fn start() -> Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        ensure!(Path::new(SERVER).is_file(), "RabbitMQ is not installed; run cargo xtask setup");
        let name = format!("magnum-rabbit-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let dir = std::env::temp_dir().join(name);
        make_private(&dir)?;
        let ports = Ports { plain: free_port()?, secure: free_port()?, distribution: free_port()?, names: free_port()? };
        let authority = Authority::make(&dir)?;
        let mut rabbit = Self { dir, process: None, ports, password: random_text(12)?, authority };
        rabbit.configure()?;
        rabbit.up()?;
        Ok(rabbit)
    }

    fn configure(&self) -> Result<()> {
        let file = |name: &str| self.authority.file(name);
        let conf = format!(
            "listeners.tcp.1 = 127.0.0.1:{}\nlisteners.ssl.1 = 127.0.0.1:{}\n\
             ssl_options.cacertfile = {}\nssl_options.certfile = {}\nssl_options.keyfile = {}\n\
             default_user = magnum\ndefault_pass = {}\ndefault_vhost = clusters\ndisk_free_limit.absolute = 10MB\n",
            self.ports.plain,
            self.ports.secure,
            file("ca.pem"),
            file("server.pem"),
            file("server.key"),
            self.password,
        );
        write_private(&self.dir.join("rabbitmq.conf"), &conf)?;
        write_private(&self.dir.join("advanced.config"), "[{kernel, [{inet_dist_use_interface, {127,0,0,1}}]}].\n")?;
        write_private(&self.dir.join("enabled_plugins"), "[].\n")?;
        write_private(&self.dir.join("environment"), "")?;
        // Erlang's nodes know each other by it.
        let cookie = self.dir.join(".erlang.cookie");
        write_private(&cookie, &random_text(10)?)?;
        std::fs::set_permissions(&cookie, std::os::unix::fs::PermissionsExt::from_mode(0o400)).context("making the cookie private")
    }

    /// Starts it (again) on the same data, and waits until it speaks AMQP.
    pub fn up(&mut self) -> Result<()> {
        let file = |name: &str| self.dir.join(name);
        let mut command = Command::new("unshare");
        // Processes of its own: all of them end with the first, also the one for names that Erlang leaves running.
        command.args(["--pid", "--mount-proc", "--fork", "--kill-child", "--", SERVER]).current_dir(&self.dir);
        command
            .env("HOME", &self.dir)
            .env("RABBITMQ_NODENAME", format!("magnum{}@localhost", self.ports.plain))
            .env("RABBITMQ_CONF_ENV_FILE", file("environment"))
            .env("RABBITMQ_CONFIG_FILE", file("rabbitmq.conf"))
            .env("RABBITMQ_ADVANCED_CONFIG_FILE", file("advanced.config"))
            .env("RABBITMQ_ENABLED_PLUGINS_FILE", file("enabled_plugins"))
            .env("RABBITMQ_MNESIA_BASE", file("data"))
            .env("RABBITMQ_LOG_BASE", file("logs"))
            .env("RABBITMQ_PID_FILE", file("pid"))
            .env("RABBITMQ_DIST_PORT", self.ports.distribution.to_string())
            .env("ERL_EPMD_ADDRESS", "127.0.0.1")
            .env("ERL_EPMD_PORT", self.ports.names.to_string());
        let process = self.process.insert(Process::start("RabbitMQ", &command, &file("service.log"))?);
        let port = self.ports.plain;
        process.until(LIMIT, || speaks(port).unwrap_or(false))
    }

    /// Ends it as a power cut would; what it has on disk stays.
    pub fn kill(&mut self) -> Result<()> {
        if let Some(process) = self.process.take() {
            process.kill();
        }
        crate::kubectl::wait(Duration::from_secs(10), "the broker is gone", || {
            Ok(TcpStream::connect(("127.0.0.1", self.ports.plain)).is_err().then_some(()))
        })
    }

    /// Its URL, as `transport_url` has it.
    pub fn url(&self) -> String {
        format!("rabbit://magnum:{}@127.0.0.1:{}/clusters", self.password, self.ports.plain)
    }

    /// Where it speaks TLS; the authority signed its certificate.
    pub fn secure_url(&self) -> String {
        format!("rabbit://magnum:{}@127.0.0.1:{}/clusters", self.password, self.ports.secure)
    }

    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    pub fn password(&self) -> &str {
        &self.password
    }

    /// Its loopback port.
    pub fn port(&self) -> u16 {
        self.ports.plain
    }

    /// What it printed.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(self.dir.join("service.log")).unwrap_or_default()).into_owned()
    }

    /// Starts a listener for the topic `notifications` of the exchange `magnum`, and waits until it listens.
    pub fn listen(&self) -> Result<Listener> {
        let python = cache_dir().join("notifications/bin/python");
        ensure!(python.is_file(), "{} is not there; run cargo xtask test", python.display());
        let script = self.dir.join("listen.py");
        if !script.is_file() {
            write_private(&script, include_str!("rabbit/listen.py"))?;
        }
        let heard = self.dir.join("heard.jsonl");
        let mut command = Command::new(python);
        command.arg(&script).arg(&heard).current_dir(&self.dir).env("TRANSPORT_URL", self.url());
        let mut process = Process::start("the listener", &command, &self.dir.join("listener.log"))?;
        process.until(LIMIT, || heard.is_file())?;
        Ok(Listener { _process: process, heard })
    }
}

impl Drop for Rabbit {
    fn drop(&mut self) {
        if let Some(process) = self.process.take() {
            process.kill();
        }
        if std::env::var_os("MAGNUM_TEST_KEEP").is_none() {
            let _ = std::fs::remove_dir_all(&self.dir);
        }
    }
}

/// A listener of oslo.messaging. It stays when the broker goes, and comes back with it.
pub struct Listener {
    _process: Process,
    heard: PathBuf,
}

impl Listener {
    /// What was heard so far, in order: `priority`, `context`, `publisher_id`, `event_type`, `payload`, `metadata`, and under
    /// `faults` what pycadf finds wrong with the payload.
    pub fn heard(&self) -> Result<Vec<Value>> {
        let text = std::fs::read_to_string(&self.heard).context("reading what was heard")?;
        let whole = text.rsplit_once('\n').map_or("", |(lines, _)| lines);
        whole.lines().map(|line| serde_json::from_str(line).with_context(|| format!("reading {line}"))).collect()
    }
}

/// Whether a broker answers the greeting of AMQP 0-9-1 with its own.
fn speaks(port: u16) -> Result<bool> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    stream.write_all(b"AMQP\x00\x00\x09\x01")?;
    let mut first = [0; 1];
    stream.read_exact(&mut first)?;
    Ok(first == [1])
}
