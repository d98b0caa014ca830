// SPDX-License-Identifier: Apache-2.0
//! The overlay network: `magnum-agent flanneld` as flanneld.service, and Docker's share of it.

use crate::error::Error;
use crate::kubernetes as k8s;
use crate::overlay::{DOCKER_ENV, SUBNET_ENV};
use crate::spec::Questions;
use crate::step::{Context, Gate, Step};
use crate::unit::{self, Unit};
use std::time::Duration;

pub static STEP: Step = Step {
    name: "overlay",
    applies: |spec| spec.kubernetes().is_some(),
    needs: &["network", "certificates"],
    limit: Duration::from_secs(600),
    run,
};

const UNIT: &str = "flanneld.service";

fn run(context: &Context) -> Result<(), Error> {
    let program =
        std::env::current_exe().map_err(|error| Error::Command { program: "magnum-agent".to_owned(), what: error.to_string() })?;
    let unit = Unit {
        name: UNIT,
        description: "flannel overlay network",
        command: vec![program.display().to_string(), "flanneld".to_owned()],
        service: &["Type=notify", "TimeoutStartSec=infinity"],
        after: "network.target etcd.service",
        reads: k8s::reads(&[k8s::CA], &[k8s::ETCD_CLIENT]),
    };
    let mut changed = unit.install()?;
    changed |= unit::drop_in("docker.service", &format!("[Unit]\nAfter={UNIT}\n[Service]\nEnvironmentFile=-{DOCKER_ENV}\n"))?;
    // Docker starts when somebody uses it: pods do not need it.
    let was_enabled = unit::disable("docker.service", "multi-user.target")?;
    unit::enable("docker.socket", "sockets.target", "/lib/systemd/system/docker.socket")?;
    context.systemd.start(&[UNIT], changed)?;
    if was_enabled {
        context.systemd.stop(&["docker.service"])?;
    }
    context.systemd.start(&["docker.socket"], false)?;
    context.wait("the overlay network", &[UNIT], || {
        let state = context.systemd.state(UNIT)?;
        if state.is_active() && std::fs::exists(SUBNET_ENV).unwrap_or(false) {
            return Ok(Gate::Open(()));
        }
        Ok(Gate::Closed(state.get("StatusText").to_owned()))
    })
}
