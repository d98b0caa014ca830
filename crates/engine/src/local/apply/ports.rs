// SPDX-License-Identifier: Apache-2.0
//! The nodes' ports: a namespace per node that outlives its container, `eth0` in it with the node's address, and the
//! other end on the private network's bridge with the security groups' table. All ports of a batch are made together.

use crate::Error;
use crate::local::apply::in_parallel;
use crate::local::failed;
use crate::local::machine::Machine;
use crate::local::names::{BRIDGE, NODE_DEVICE, Names, mac, tap};
use crate::local::render::port::rules;
use magnum_blueprint::{Blueprint, Server};
use magnum_host::cgroup;
use magnum_host::container::{Running, running};
use magnum_host::link::Link;
use magnum_host::{Namespace, link, nft};

/// Makes what is missing of the servers' ports and loads their rules.
pub(crate) fn ensure(machine: &Machine, blueprint: &Blueprint, servers: &[&Server]) -> Result<(), Error> {
    let names = machine.names(blueprint.cluster);
    for server in servers {
        namespace(&names, server)?;
    }
    let network = names.network();
    let resource = "ports";
    let mtu = blueprint.network.mtu;
    network.enter(|| connect(&names, servers, mtu)).map_err(failed(resource))?.map_err(failed(resource))?;
    for result in in_parallel(servers, |server| configure(&names, blueprint, server)) {
        result?;
    }
    network.enter(|| open(blueprint, servers)).map_err(failed(resource))?.map_err(failed(resource))
}

/// What a port's alias says: its node, and the digest of the rules that were loaded.
pub(crate) fn applied(link: &Link) -> Option<(String, String)> {
    let (node, config) = link.alias.as_deref()?.split_once('/')?;
    Some((node.to_owned(), config.to_owned()))
}

/// The node's namespace: the one its container runs in, if it runs, or a new one.
fn namespace(names: &Names, server: &Server) -> Result<(), Error> {
    let name = names.node(&server.name);
    let namespace = Namespace::named(name.as_str());
    if namespace.exists() {
        return Ok(());
    }
    let made = match running(&cgroup::members(&name), &name) {
        Running::Yes { init } => namespace.adopt(init),
        _ => namespace.create(),
    };
    made.map_err(failed(format!("port of {}", server.name)))
}

/// Both ends of each port, still down. Runs in the network's namespace.
fn connect(names: &Names, servers: &[&Server], mtu: u32) -> Result<(), magnum_host::Error> {
    let mut commands = Vec::new();
    for server in servers {
        let (tap, mac, node) = (tap(server.address), mac(server.address), names.node(&server.name));
        if !link::is_pair(&tap, &Namespace::named(node.as_str()), NODE_DEVICE)? {
            commands.push(format!("link add {tap} mtu {mtu} type veth peer name {NODE_DEVICE} netns {node} address {mac} mtu {mtu}"));
        }
    }
    link::batch(&commands)
}

/// Address and default route, inside.
fn configure(names: &Names, blueprint: &Blueprint, server: &Server) -> Result<(), Error> {
    let (network, address) = (&blueprint.network, server.address);
    let commands = [
        "link set lo up".to_owned(),
        format!("address replace {address}/{} broadcast + dev {NODE_DEVICE}", network.cidr.prefix_len()),
        format!("link set {NODE_DEVICE} up"),
        format!("route replace default via {} dev {NODE_DEVICE}", network.gateway),
    ];
    let resource = format!("port of {}", server.name);
    let inside = Namespace::named(names.node(&server.name)).enter(|| link::batch(&commands));
    inside.map_err(failed(resource.as_str()))?.map_err(failed(resource.as_str()))
}

/// The rules first, then the link; the alias last, because it says that all is done.
fn open(blueprint: &Blueprint, servers: &[&Server]) -> Result<(), magnum_host::Error> {
    let (mut text, mut commands, mut aliases) = (String::new(), Vec::new(), Vec::new());
    for server in servers {
        let (rules, tap) = (rules(blueprint, server), tap(server.address));
        text.push_str(&rules.text);
        commands.push(format!("link set {tap} master {BRIDGE} up"));
        aliases.push(format!("link set {tap} alias {}/{}", server.name, rules.digest));
    }
    nft::load(&text)?;
    commands.extend(aliases);
    link::batch(&commands)
}
