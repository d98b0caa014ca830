// SPDX-License-Identifier: Apache-2.0
//! Clusters on this machine: LXC system containers as servers, network namespaces as private network, router and
//! outside, nftables as security groups, files as volumes.
//!
//! What must stay true: names follow from ids ([`names`]), what is there is read from the machine ([`observe`]), what
//! to do is decided by a pure function ([`plan`]), and every act may be cut off and repeated. There is no record of
//! what was made. Nothing is mounted on the host, and no traffic of a cluster takes the host's default route.

mod apply;
mod check;
mod external;
mod hold;
mod instance;
mod machine;
mod names;
mod observe;
mod plan;
mod render;
#[cfg(test)]
mod testing;

pub use check::{Missing, check};

use crate::digest;
use crate::{Boxed, Engine, Error, Exec, ExecOutput, Observed, PortFilter, Progress};
use ipnet::Ipv4Net;
use machine::Machine;
use magnum_blueprint::Blueprint;
use magnum_types::{ClusterId, NodeName};
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock};

/// How the local engine is set up.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where everything of the clusters lies. Two engines never share one.
    pub state_dir: PathBuf,
    /// Where images lie: `<image_dir>/<image>/rootfs`.
    pub image_dir: PathBuf,
    /// The agent that is put into nodes.
    pub agent_binary: PathBuf,
    /// The external network's range; none = chosen once and kept in the state directory.
    pub external: Option<Ipv4Net>,
    /// Nodes may reach the outside through this machine.
    pub egress: bool,
}

/// The engine of this machine.
#[derive(Debug, Clone)]
pub struct Local {
    machine: Arc<Machine>,
}

impl Local {
    /// Opens the engine: chooses id and external range on the first call for a state directory. Makes nothing else.
    pub fn new(config: Config) -> Result<Self, Error> {
        Ok(Self { machine: Arc::new(Machine::open(config)?) })
    }

    /// Opens the engine of a process that only looks at clusters and runs programs on their nodes.
    pub fn for_looking(config: Config) -> Result<Self, Error> {
        Ok(Self { machine: Arc::new(Machine::look(config)?) })
    }

    /// The external network's range.
    pub fn external_range(&self) -> Ipv4Net {
        self.machine.instance.external
    }

    /// Removes all clusters of this instance and its external network.
    pub async fn teardown(&self) -> Result<(), Error> {
        self.blocking("instance", |machine| apply::remove::everything(&machine)).await
    }

    /// Runs blocking work; it goes on to its end even if the caller stops waiting.
    async fn blocking<T: Send + 'static>(
        &self,
        what: &str,
        work: impl FnOnce(Arc<Machine>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let machine = Arc::clone(&self.machine);
        let result = tokio::task::spawn_blocking(move || work(machine)).await;
        result.unwrap_or_else(|_| Err(Error::Resource { resource: what.to_owned(), what: "the work on it broke off".to_owned() }))
    }
}

impl Engine for Local {
    fn name(&self) -> &'static str {
        "local"
    }

    fn home(&self) -> Option<&str> {
        Some(&self.machine.instance.id)
    }

    fn at_once(&self) -> Option<usize> {
        /// Looked up once: control groups are read for it.
        static PROCESSORS: LazyLock<usize> = LazyLock::new(|| std::thread::available_parallelism().map_or(2, |n| n.get().max(2)));
        Some(*PROCESSORS)
    }

    fn observe<'a>(&'a self, cluster: ClusterId) -> Boxed<'a, Observed> {
        Box::pin(async move {
            let observed = self.blocking("cluster", move |machine| Ok(observe::observe(&machine, cluster))).await;
            observed.unwrap_or_else(|error| observe::unknown(&error.to_string()))
        })
    }

    fn converge<'a>(&'a self, blueprint: &'a Blueprint, observed: &'a Observed) -> Boxed<'a, Result<Progress, Error>> {
        let (blueprint, observed) = (blueprint.clone(), observed.clone());
        Box::pin(self.blocking("cluster", move |machine| apply::converge(&machine, &blueprint, &observed)))
    }

    fn remove<'a>(&'a self, cluster: ClusterId) -> Boxed<'a, Result<Progress, Error>> {
        Box::pin(self.blocking("cluster", move |machine| apply::remove::cluster(&machine, cluster)))
    }

    fn free_external_address<'a>(&'a self, taken: &'a [Ipv4Addr]) -> Boxed<'a, Result<Ipv4Addr, Error>> {
        let free = self.machine.instance.free_address(taken).ok_or_else(|| Error::Resource {
            resource: "external network".to_owned(),
            what: format!("all floating addresses of {} are taken", self.machine.instance.external),
        });
        Box::pin(std::future::ready(free))
    }

    fn exec<'a>(&'a self, cluster: ClusterId, node: &'a NodeName, request: Exec) -> Boxed<'a, Result<ExecOutput, Error>> {
        let node = node.clone();
        Box::pin(self.blocking("server", move |machine| machine.exec(cluster, &node, &request)))
    }

    fn console<'a>(&'a self, cluster: ClusterId, node: &'a NodeName, bytes: usize) -> Boxed<'a, Result<String, Error>> {
        let node = node.clone();
        Box::pin(self.blocking("server", move |machine| machine.console(cluster, &node, bytes)))
    }

    fn power_off<'a>(&'a self, cluster: ClusterId, node: &'a NodeName) -> Boxed<'a, Result<(), Error>> {
        let node = node.clone();
        Box::pin(self.blocking("server", move |machine| machine.power_off(cluster, &node)))
    }

    fn port_filter<'a>(&'a self, cluster: ClusterId, node: &'a NodeName) -> Boxed<'a, Result<Option<PortFilter>, Error>> {
        let node = node.clone();
        Box::pin(self.blocking("port", move |machine| machine.port_filter(cluster, &node).map(Some)))
    }

    fn node_listener<'a>(&'a self, cluster: ClusterId) -> Boxed<'a, Result<Option<std::net::TcpListener>, Error>> {
        Box::pin(self.blocking("router", move |machine| machine.node_listener(cluster)))
    }
}

/// The digest of everything that the router is configured with.
fn router_digest(blueprint: &Blueprint, resolvers: &[Ipv4Addr]) -> String {
    digest::short(&(render::router::rules(blueprint) + &render::dns::config(blueprint, resolvers)))
}

/// Turns a failure on this machine into one of `resource`.
fn failed(resource: impl Into<String>) -> impl FnOnce(magnum_host::Error) -> Error {
    let resource = resource.into();
    move |error| match &error {
        magnum_host::Error::NotInstalled { program } => Error::Prerequisite { what: error.to_string(), hint: check::install_hint(program) },
        _ => Error::Resource { resource, what: error.with_causes() },
    }
}
