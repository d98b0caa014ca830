// SPDX-License-Identifier: Apache-2.0
//! The container runtime of a Swarm node: Docker, on managers with its API over TLS.

use crate::error::Error;
use crate::spec::Questions;
use crate::step::{Context, Gate, Step};
use crate::unit::{self, quote};
use crate::{command, docker};
use std::time::Duration;

pub static STEP: Step = Step {
    name: "docker",
    applies: |spec| spec.swarm().is_some(),
    needs: &["network", "docker-certificates"],
    limit: Duration::from_secs(120),
    run,
};

const UNIT: &str = "docker.service";

fn run(context: &Context) -> Result<(), Error> {
    let changed = unit::drop_in(UNIT, &drop_in(context)?)?;
    unit::enable(UNIT, "multi-user.target", "/lib/systemd/system/docker.service")?;
    unit::enable("docker.socket", "sockets.target", "/lib/systemd/system/docker.socket")?;
    context.systemd.start(&[UNIT], changed)?;
    context.wait("Docker to answer", &[UNIT], || docker::ping().map(Gate::Open))
}

fn drop_in(context: &Context) -> Result<String, Error> {
    let mut words = vec![
        command::find("dockerd")?.display().to_string(),
        "--host=fd://".to_owned(),
        "--containerd=/run/containerd/containerd.sock".to_owned(),
        "--live-restore=false".to_owned(),
    ];
    if context.spec.is_master() {
        words.push(format!("--host=tcp://0.0.0.0:{}", context.swarm()?.api_port));
        for (flag, file) in [("tlscacert", "ca.crt"), ("tlscert", "server.crt"), ("tlskey", "server.key")] {
            words.push(format!("--{flag}=/etc/docker/pki/{file}"));
        }
        words.push("--tlsverify".to_owned());
    }
    let words = words.iter().map(|word| quote(word)).collect::<Result<Vec<_>, _>>()?;
    let reads = if context.spec.is_master() {
        vec!["/etc/docker/pki/ca.crt".to_owned(), "/etc/docker/pki/server.crt".to_owned()]
    } else {
        Vec::new()
    };
    let reads = unit::read_files(&reads);
    Ok(format!(
        "{reads}\n[Unit]\nStartLimitIntervalSec=0\n[Service]\nExecStart=\nExecStart={}\nRestart=always\nRestartSec=1\n",
        words.join(" ")
    ))
}
