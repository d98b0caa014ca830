// SPDX-License-Identifier: Apache-2.0
//! Removal: everything that carries the name of a server, a cluster or the instance, whether complete or not. Nothing
//! is looked up in what we think we made; the machine is searched.

use crate::local::apply::in_parallel;
use crate::local::machine::Machine;
use crate::local::names::{Names, port_table};
use crate::local::{external, failed};
use crate::{Error, Progress};
use magnum_host::{Namespace, cgroup, file, link, nft, process};
use magnum_types::{ClusterId, NodeName};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long processes may take to end after they were killed.
const END_LIMIT: Duration = Duration::from_secs(5);
/// Where LXC keeps a lock file per container.
const LXC_LOCKS: &str = "/run/lxc/lock";

/// Removes everything of a cluster; the external network too when it was the last.
pub(crate) fn cluster(machine: &Machine, cluster: ClusterId) -> Result<Progress, Error> {
    let held = machine.hold(cluster)?;
    let names = machine.names(cluster);
    let mut did = Vec::new();
    remove_named(machine, &names, &mut did)?;
    let _external = machine.hold_external()?;
    file::remove(&machine.clusters_dir().join(names.short())).map_err(failed("cluster"))?;
    if file::names(&machine.clusters_dir()).is_empty() {
        external::remove(&machine.instance)?;
        remove_shell(machine)?;
    }
    held.remove()?;
    Ok(Progress { did, done: true })
}

/// Removes one server with its port and volume.
pub(crate) fn server(machine: &Machine, cluster: ClusterId, node: &NodeName) -> Result<(), Error> {
    let names = machine.names(cluster);
    let network = names.network();
    container(machine, &names.node(node))?;
    if network.exists() {
        let resource = format!("port of {node}");
        let tidy = || -> Result<(), magnum_host::Error> {
            nft::load(&nft::delete_table("bridge", &port_table(node)))?;
            let links = link::list()?;
            let own = links.iter().filter(|l| super::ports::applied(l).is_some_and(|(owner, _)| owner == node.as_str()));
            link::batch(&own.map(|l| format!("link delete {}", l.name)).collect::<Vec<_>>())
        };
        network.enter(tidy).map_err(failed(resource.as_str()))?.map_err(failed(resource.as_str()))?;
    }
    Namespace::named(names.node(node)).delete().map_err(failed(format!("port of {node}")))
}

/// Removes all clusters of the instance and its external network.
pub(crate) fn everything(machine: &Machine) -> Result<(), Error> {
    let stem = format!("mg-{}-", machine.instance.id);
    let namespaces = Namespace::list(&stem).into_iter().map(|n| n.name().to_owned());
    let all = namespaces.chain(file::names(&machine.containers_dir())).chain(cgroup::containers(&stem));
    let mut clusters: BTreeSet<String> = all.filter_map(|n| Some(n.strip_prefix(&stem)?.get(..8)?.to_owned())).collect();
    clusters.extend(file::names(&machine.clusters_dir()));
    for short in clusters {
        let Ok(id) = format!("{short}-0000-4000-8000-000000000000").parse::<ClusterId>() else { continue };
        cluster(machine, id)?;
    }
    let _held = machine.hold_external()?;
    external::remove(&machine.instance)?;
    remove_shell(machine)
}

fn remove_named(machine: &Machine, names: &Names, did: &mut Vec<String>) -> Result<(), Error> {
    let prefix = names.node_prefix();
    let ours = |name: &String| name.starts_with(&prefix);
    let mut containers: Vec<String> = file::names(&machine.containers_dir()).into_iter().filter(ours).collect();
    containers.extend(cgroup::containers(&prefix));
    containers.sort();
    containers.dedup();
    for (name, result) in containers.iter().zip(in_parallel(&containers, |name| container(machine, name))) {
        result?;
        did.push(format!("server {} removed", name.trim_start_matches(&prefix)));
    }
    let mut namespaces = Namespace::list(&prefix);
    namespaces.extend([names.router(), names.network()]);
    let any = namespaces.iter().any(Namespace::exists);
    for namespace in namespaces.iter().filter(|n| n.exists()) {
        // DNS server, load balancer, and whatever somebody else left running there.
        process::end(&process::in_network_namespace(namespace), END_LIMIT).map_err(failed(format!("namespace {}", namespace.name())))?;
    }
    detach_outside(machine, names)?;
    // Also a bare name: what was cut off between the name and its namespace leaves one.
    for namespace in &namespaces {
        namespace.delete().map_err(failed(format!("namespace {}", namespace.name())))?;
    }
    if any {
        did.push("network and router removed".to_owned());
    }
    Ok(())
}

/// The router's outer link, by hand: a listener of ours may keep the router's namespace alive a little longer.
fn detach_outside(machine: &Machine, names: &Names) -> Result<(), Error> {
    let (outside, tap) = (external::namespace(&machine.instance), names.external_tap());
    if !outside.exists() {
        return Ok(());
    }
    let work = || if link::exists(&tap) { link::delete(&tap) } else { Ok(()) };
    outside.enter(work).map_err(failed("router"))?.map_err(failed("router"))
}

fn container(machine: &Machine, name: &str) -> Result<(), Error> {
    let container = machine.container(name);
    let resource = || format!("container {name}");
    container.power_off().map_err(failed(resource()))?;
    file::remove(&container.path()).map_err(failed(resource()))?;
    let locks = lock_folder(machine);
    file::remove(&locks.join(format!(".{name}"))).map_err(failed(resource()))?;
    remove_empty(&locks, Path::new(LXC_LOCKS));
    Ok(())
}

fn lock_folder(machine: &Machine) -> PathBuf {
    let containers = machine.containers_dir();
    Path::new(LXC_LOCKS).join(containers.strip_prefix("/").unwrap_or(&containers))
}

/// Removes the folder and those above it as long as they are empty, up to `end`.
fn remove_empty(folder: &Path, end: &Path) {
    let mut next = Some(folder);
    while let Some(folder) = next.filter(|f| f.starts_with(end) && *f != end)
        && std::fs::remove_dir(folder).is_ok()
    {
        next = folder.parent();
    }
}

/// The empty folders of an instance without clusters.
fn remove_shell(machine: &Machine) -> Result<(), Error> {
    for folder in [machine.clusters_dir(), machine.containers_dir()] {
        if file::names(&folder).is_empty() {
            file::remove(&folder).map_err(failed("state directory"))?;
        }
    }
    Ok(())
}
