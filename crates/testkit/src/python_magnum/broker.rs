// SPDX-License-Identifier: Apache-2.0
//! A RabbitMQ of one's own, from Debian's package: loopback ports, a temporary directory, gone afterwards.

use crate::process::Process;
use crate::server::free_port;
use crate::wsgi::{make_private, write_private};
use anyhow::{Context, Result};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

/// A running broker, through which Python Magnum's API calls its conductor.
pub struct Broker {
    port: u16,
    // Dropped in this order: the broker, the name service it registers with, their directory.
    _broker: Process,
    _names: Process,
    _dir: Dir,
}

/// Removed with everything in it.
struct Dir(PathBuf);

impl Broker {
    /// Starts it and waits until it takes connections.
    pub fn start() -> Result<Self> {
        let dir = Dir(std::env::temp_dir().join(format!("magnum-broker-{}", std::process::id())));
        make_private(&dir.0)?;
        let (port, names_port, between) = (free_port()?, free_port()?, free_port()?);
        write_private(&dir.0.join("rabbitmq.conf"), &format!("listeners.tcp.local = 127.0.0.1:{port}\nlog.console = true\n"))?;
        write_private(&dir.0.join("advanced.config"), "[{kernel,[{inet_dist_use_interface,{127,0,0,1}}]}].\n")?;
        write_private(&dir.0.join("enabled_plugins"), "[].\n")?;
        let environment = |command: &mut Command| {
            let at = |name: &str| dir.0.join(name);
            command.current_dir(&dir.0).env("HOME", &dir.0);
            command.env("ERL_EPMD_ADDRESS", "127.0.0.1").env("ERL_EPMD_PORT", names_port.to_string());
            command.env("RABBITMQ_NODENAME", format!("bench{port}@localhost")).env("RABBITMQ_DIST_PORT", between.to_string());
            command.env("RABBITMQ_CONFIG_FILE", at("rabbitmq.conf")).env("RABBITMQ_ADVANCED_CONFIG_FILE", at("advanced.config"));
            command.env("RABBITMQ_MNESIA_BASE", at("data")).env("RABBITMQ_LOG_BASE", at("log")).env("RABBITMQ_LOGS", "-");
            command.env("RABBITMQ_ENABLED_PLUGINS_FILE", at("enabled_plugins")).env("RABBITMQ_PID_FILE", at("pid"));
            // Otherwise its script stays between us and it, and a signal for it does not come through.
            command.env("RABBITMQ_ALLOW_INPUT", "true");
        };
        let mut names = Command::new("epmd");
        environment(&mut names);
        let names = Process::start("epmd (package erlang-base)", &names, &dir.0.join("names.log"))?;
        let mut broker = Command::new("/usr/lib/rabbitmq/bin/rabbitmq-server");
        broker.arg("-noinput");
        environment(&mut broker);
        let log = dir.0.join("broker.log");
        let mut broker = Process::start("RabbitMQ (package rabbitmq-server)", &broker, &log).context("starting the broker")?;
        let begun = |text: &str| text.contains("Server startup complete");
        broker.until(Duration::from_secs(90), || std::fs::read_to_string(&log).is_ok_and(|text| begun(&text)))?;
        Ok(Self { port, _broker: broker, _names: names, _dir: dir })
    }

    /// As in `transport_url`.
    pub fn url(&self) -> String {
        format!("rabbit://guest:guest@127.0.0.1:{}/", self.port)
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
