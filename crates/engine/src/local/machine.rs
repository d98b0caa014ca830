// SPDX-License-Identifier: Apache-2.0
//! The engine's hold on this machine: where things lie, which clusters are being worked on, and what is done to a
//! single node.

use crate::local::instance::Instance;
use crate::local::names::{INSIDE, Names, port_table};
use crate::local::render::container::Place;
use crate::local::{Config, external, failed, render};
use crate::{Error, Exec, ExecOutput, PortFilter};
use magnum_blueprint::MAGNUM_PORT;
use magnum_host::cgroup::{self, Layout};
use magnum_host::container::{Container, Running, running};
use magnum_host::{Namespace, Program, file, link, process};
use magnum_types::{ClusterId, NodeName};
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long containers that a killed server was starting may take.
const START_LIMIT: Duration = Duration::from_secs(30);

/// Shared by all calls.
#[derive(Debug)]
pub(crate) struct Machine {
    pub config: Config,
    pub instance: Instance,
    pub layout: Layout,
    /// Name servers that nodes' outside names are passed on to; none without egress.
    pub resolvers: Vec<Ipv4Addr>,
    /// One piece of work per cluster at a time, also when a caller has stopped waiting for the one before.
    clusters: Mutex<BTreeMap<ClusterId, Arc<Mutex<()>>>>,
    /// The external network is made and removed by one at a time.
    external: Mutex<()>,
}

impl Machine {
    pub fn open(config: Config) -> Result<Self, Error> {
        let config = Config { state_dir: absolute(&config.state_dir)?, image_dir: absolute(&config.image_dir)?, ..config };
        file::folder(&config.state_dir, 0o700).map_err(failed("state directory"))?;
        let instance = Instance::open(&config.state_dir, config.external)?;
        for raised in magnum_host::limits::raise().map_err(failed("limits of this machine"))? {
            tracing::info!(%raised, "a limit of this machine was too low for nodes");
        }
        let resolvers = match config.egress {
            true => render::dns::resolvers(&host_resolv_conf()),
            false => Vec::new(),
        };
        let machine =
            Self { layout: Layout::detect(), instance, resolvers, config, clusters: Mutex::default(), external: Mutex::default() };
        if !file::names(&machine.clusters_dir()).is_empty() {
            external::guard(&machine.instance)?;
            machine.await_starting()?;
        }
        Ok(machine)
    }

    /// Waits for containers that a killed server was just starting: they are neither running nor stopped.
    fn await_starting(&self) -> Result<(), Error> {
        let folder = self.containers_dir().display().to_string();
        let starting = |pid: &i32| {
            let arguments = process::command_line(*pid);
            arguments.first().is_some_and(|a| a.ends_with("lxc-start")) && arguments.contains(&folder)
        };
        let pids: Vec<i32> = process::all().into_iter().filter(starting).collect();
        process::wait_gone(&pids, START_LIMIT).map_err(failed("containers"))
    }

    pub fn names(&self, cluster: ClusterId) -> Names {
        Names::new(&self.instance.id, cluster)
    }

    /// The folder of all clusters' folders; a cluster is in use while its folder is there.
    pub fn clusters_dir(&self) -> PathBuf {
        self.config.state_dir.join("clusters")
    }

    /// The folder of all containers.
    pub fn containers_dir(&self) -> PathBuf {
        self.config.state_dir.join("lxc")
    }

    pub fn container(&self, name: &str) -> Container {
        Container::new(self.containers_dir(), name)
    }

    pub fn place(&self, name: &str) -> Place {
        Place::new(self.containers_dir().join(name))
    }

    /// The root file system of an image, with links resolved: a node keeps the one it was made from.
    pub fn image(&self, name: &str) -> Result<PathBuf, Error> {
        let safe =
            !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')) && !name.starts_with('.');
        let found = if safe { self.config.image_dir.join(name).join("rootfs").canonicalize().ok() } else { None };
        found.ok_or_else(|| Error::Prerequisite {
            what: format!("image {name:?} is not in {}", self.config.image_dir.display()),
            hint: "build it with: magnum image build".to_owned(),
        })
    }

    /// Holds the cluster until dropped.
    pub fn cluster_lock(&self, cluster: ClusterId) -> Arc<Mutex<()>> {
        Arc::clone(lock(&self.clusters).entry(cluster).or_default())
    }

    /// Holds the external network until dropped.
    pub fn external_lock(&self) -> MutexGuard<'_, ()> {
        lock(&self.external)
    }

    pub fn exec(&self, cluster: ClusterId, node: &NodeName, request: &Exec) -> Result<ExecOutput, Error> {
        let container = self.running_container(cluster, node)?;
        let ended = container
            .attach(&request.argv, &request.stdin, request.timeout, request.max_output)
            .map_err(failed(format!("server {node}")))?;
        Ok(ExecOutput {
            code: ended.code,
            stdout: ended.stdout,
            stderr: ended.stderr,
            timed_out: ended.timed_out,
            truncated: ended.truncated,
        })
    }

    pub fn console(&self, cluster: ClusterId, node: &NodeName, bytes: usize) -> Result<String, Error> {
        let place = self.place(&self.names(cluster).node(node));
        if !place.config().exists() {
            return Err(Error::NodeState { node: node.to_string(), state: "not there".to_owned() });
        }
        if !place.console().exists() {
            return Ok(String::new());
        }
        file::tail(&place.console(), bytes).map_err(failed(format!("console of {node}")))
    }

    pub fn power_off(&self, cluster: ClusterId, node: &NodeName) -> Result<(), Error> {
        let name = self.names(cluster).node(node);
        if !self.place(&name).config().exists() {
            return Err(Error::NodeState { node: node.to_string(), state: "not there".to_owned() });
        }
        self.container(&name).power_off().map_err(failed(format!("server {node}")))
    }

    /// The security groups of a node's port as the kernel has them. What the node has sent, which is in sets, stays out.
    pub fn port_filter(&self, cluster: ClusterId, node: &NodeName) -> Result<PortFilter, Error> {
        let resource = || format!("port of {node}");
        let list = || Program::new("nft").args(["--json", "--terse", "list", "table", "bridge"]).arg(port_table(node)).run();
        let document = self.names(cluster).network().enter(list).map_err(failed(resource()))?.map_err(failed(resource()))?;
        Ok(PortFilter { nft: String::from_utf8_lossy(&document).into_owned(), ingress_chain: "to_node".to_owned() })
    }

    pub fn node_listener(&self, cluster: ClusterId) -> Result<Option<TcpListener>, Error> {
        let router: Namespace = self.names(cluster).router();
        if !router.exists() {
            return Ok(None);
        }
        let wrong = |what: String| Error::Resource { resource: "router".to_owned(), what };
        let listener = router.enter(|| -> Result<Option<TcpListener>, Error> {
            // The gateway is the first address that the router's inner device was given.
            let links = link::list().map_err(failed("router"))?;
            let Some((gateway, _)) = links.iter().find(|l| l.name == INSIDE && l.is_up()).and_then(|l| l.ipv4().next()) else {
                return Ok(None);
            };
            TcpListener::bind((gateway, MAGNUM_PORT)).map(Some).map_err(|e| wrong(format!("cannot listen on {gateway}:{MAGNUM_PORT}: {e}")))
        });
        listener.map_err(failed("router"))?
    }

    fn running_container(&self, cluster: ClusterId, node: &NodeName) -> Result<Container, Error> {
        let name = self.names(cluster).node(node);
        let state = |state: &str| Error::NodeState { node: node.to_string(), state: state.to_owned() };
        match running(&cgroup::members(&name), &name) {
            Running::Yes { .. } => Ok(self.container(&name)),
            Running::Broken => Err(state("broken: it is ending, or its container's monitor has died")),
            Running::No if self.place(&name).config().exists() => Err(state("stopped")),
            Running::No => Err(state("not there")),
        }
    }
}

/// Locks; the data behind our locks is never left half changed.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Paths end up in LXC's configuration, which has no quoting.
fn absolute(path: &Path) -> Result<PathBuf, Error> {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let plain = absolute.to_str().is_some_and(|text| text.chars().all(|c| c.is_ascii_alphanumeric() || "/-_.+@".contains(c)));
    if plain {
        return Ok(absolute);
    }
    Err(Error::Prerequisite {
        what: format!("the path {} cannot be used for containers", absolute.display()),
        hint: "use a path of letters, digits and / - _ . + @ only".to_owned(),
    })
}

/// The host's name servers; where a local stub answers, those behind it.
fn host_resolv_conf() -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let own = read("/etc/resolv.conf");
    if render::dns::resolvers(&own).is_empty() { read("/run/systemd/resolve/resolv.conf") } else { own }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_with_a_meaning_to_lxc_are_refused() {
        for bad in ["/a b", "/a\nlxc.hook.start = x", "/a#b", "/a:b", "/ü"] {
            assert!(absolute(Path::new(bad)).is_err(), "{bad:?}");
        }
        assert_eq!(absolute(Path::new("/var/lib/magnum-1.0_x")).unwrap(), Path::new("/var/lib/magnum-1.0_x"));
    }
}
