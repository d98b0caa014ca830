// SPDX-License-Identifier: Apache-2.0
//! The engine's hold on this machine: where things lie, and what is done to a single node.

use crate::local::hold::Held;
use crate::local::instance::Instance;
use crate::local::names::{INSIDE, Names, port_table};
use crate::local::render::container::Place;
use crate::local::{Config, external, failed, render};
use crate::{Error, Exec, ExecOutput, PortFilter};
use magnum_blueprint::MAGNUM_PORT;
use magnum_host::cgroup::{self, Layout};
use magnum_host::container::{Container, Running, running};
use magnum_host::{Namespace, Program, file, link};
use magnum_types::{ClusterId, NodeName};
use nix::sys::socket::{self, AddressFamily, Backlog, SockFlag, SockType, SockaddrIn, sockopt};
use std::net::{Ipv4Addr, SocketAddrV4, TcpListener};
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};

/// Connections of nodes that may wait to be taken.
const BACKLOG: i32 = 256;

/// Shared by all calls.
#[derive(Debug)]
pub(crate) struct Machine {
    pub config: Config,
    pub instance: Instance,
    pub layout: Layout,
    /// Name servers that nodes' outside names are passed on to; none without egress.
    pub resolvers: Vec<Ipv4Addr>,
    /// The name by which this process is told from others that work on the same clusters.
    pub holder: String,
}

impl Machine {
    /// Sees to it that clusters can be made here.
    pub fn open(config: Config) -> Result<Self, Error> {
        let machine = Self::look(config)?;
        for raised in magnum_host::limits::raise().map_err(failed("limits of this machine"))? {
            tracing::info!(%raised, "a limit of this machine was too low for nodes");
        }
        let _held = machine.hold_external()?;
        if !file::names(&machine.clusters_dir()).is_empty() {
            external::guard(&machine.instance)?;
        }
        Ok(machine)
    }

    /// Only what is needed to look at clusters.
    pub fn look(config: Config) -> Result<Self, Error> {
        let config = Config { state_dir: absolute(&config.state_dir)?, image_dir: absolute(&config.image_dir)?, ..config };
        file::folder(&config.state_dir, 0o700).map_err(failed("state directory"))?;
        // Several processes may open it at the same time, and the first chooses for all.
        let _held = Held::external(&config.state_dir)?;
        let instance = Instance::open(&config.state_dir, config.external)?;
        let resolvers = match config.egress {
            true => render::dns::resolvers(&host_resolv_conf()),
            false => Vec::new(),
        };
        // Also after a restart with the same process id it is another one.
        let holder = magnum_types::OperationId::random().to_string();
        Ok(Self { layout: Layout::detect(), instance, resolvers, config, holder })
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
            let place = SocketAddrV4::new(gateway, MAGNUM_PORT);
            shared_listener(place).map(Some).map_err(|e| wrong(format!("cannot listen on {place}: {e}")))
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

/// A listener at a place where other processes of this machine may listen too: each is given some of the connections, and
/// when one dies the others get all.
fn shared_listener(place: SocketAddrV4) -> std::io::Result<TcpListener> {
    let socket = socket::socket(AddressFamily::Inet, SockType::Stream, SockFlag::SOCK_CLOEXEC, None)?;
    socket::setsockopt(&socket, sockopt::ReuseAddr, &true)?;
    socket::setsockopt(&socket, sockopt::ReusePort, &true)?;
    socket::bind(socket.as_raw_fd(), &SockaddrIn::from(place))?;
    socket::listen(&socket, Backlog::new(BACKLOG)?)?;
    Ok(TcpListener::from(socket))
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
    fn two_listen_at_one_place_and_each_connection_reaches_one_that_is_there() {
        let first = shared_listener(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0)).unwrap();
        let Ok(std::net::SocketAddr::V4(place)) = first.local_addr() else { panic!("IPv4") };
        let second = shared_listener(place).unwrap();
        drop(first);
        for _ in 0..20 {
            std::net::TcpStream::connect(place).unwrap();
            second.accept().unwrap();
        }
    }

    #[test]
    fn paths_with_a_meaning_to_lxc_are_refused() {
        for bad in ["/a b", "/a\nlxc.hook.start = x", "/a#b", "/a:b", "/ü"] {
            assert!(absolute(Path::new(bad)).is_err(), "{bad:?}");
        }
        assert_eq!(absolute(Path::new("/var/lib/magnum-1.0_x")).unwrap(), Path::new("/var/lib/magnum-1.0_x"));
    }
}
