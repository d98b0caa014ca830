// SPDX-License-Identifier: Apache-2.0
//! The load balancer's process. A changed configuration is taken over without closing the door: the new process
//! tells the old one to finish.

use crate::Error;
use crate::local::machine::Machine;
use crate::local::names::Names;
use crate::local::render::balancer;
use crate::local::{digest, failed};
use magnum_blueprint::LoadBalancer;
use magnum_host::{Program, file, process};
use magnum_types::ClusterId;
use std::path::PathBuf;
use std::time::Duration;

const RESOURCE: &str = "load balancer";
/// How long a load balancer may take to end.
const END_LIMIT: Duration = Duration::from_secs(5);

/// The digest of the newest configuration that was written, and the process that runs with it.
pub(crate) fn configured(machine: &Machine, names: &Names) -> Option<(String, Option<i32>)> {
    let folder = folder(machine, names);
    let config = file::names(&folder).into_iter().find_map(|n| Some(n.strip_prefix("haproxy-")?.strip_suffix(".cfg")?.to_owned()))?;
    let pid = process::daemon(&folder.join("haproxy.pid"), &path(machine, names, &config).display().to_string());
    Some((config, pid))
}

/// Starts it, or gives it what has changed.
pub(crate) fn ensure(machine: &Machine, cluster: ClusterId, wanted: &LoadBalancer) -> Result<(), Error> {
    let names = machine.names(cluster);
    let text = balancer::config(wanted);
    let config = digest::short(&text);
    let old = configured(machine, &names);
    if old.as_ref().is_some_and(|(running, pid)| *running == config && pid.is_some()) {
        return Ok(());
    }
    let new = path(machine, &names, &config);
    file::write(&new, text.as_bytes(), 0o600).map_err(failed(RESOURCE))?;
    let mut program = Program::new("haproxy").args(["-D", "-f"]).arg(&new).arg("-p").arg(folder(machine, &names).join("haproxy.pid"));
    if let Some((_, Some(pid))) = &old {
        program = program.arg("-sf").arg(pid.to_string());
    }
    names.router().enter(|| program.run().map(drop)).map_err(failed(RESOURCE))?.map_err(failed(RESOURCE))?;
    match old {
        Some((previous, _)) if previous != config => file::remove(&path(machine, &names, &previous)).map_err(failed(RESOURCE)),
        _ => Ok(()),
    }
}

/// Ends it.
pub(crate) fn remove(machine: &Machine, cluster: ClusterId) -> Result<(), Error> {
    let names = machine.names(cluster);
    while let Some((config, pid)) = configured(machine, &names) {
        if let Some(pid) = pid {
            process::end(&[pid], END_LIMIT).map_err(failed(RESOURCE))?;
        }
        file::remove(&path(machine, &names, &config)).map_err(failed(RESOURCE))?;
    }
    Ok(())
}

fn folder(machine: &Machine, names: &Names) -> PathBuf {
    machine.clusters_dir().join(names.short())
}

fn path(machine: &Machine, names: &Names, config: &str) -> PathBuf {
    folder(machine, names).join(format!("haproxy-{config}.cfg"))
}
