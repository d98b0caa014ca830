// SPDX-License-Identifier: Apache-2.0
//! What is there, read from the machine: namespaces, links and what their aliases say was applied, containers'
//! folders, live processes. What cannot be looked at is `Unknown` with the reason.

use crate::local::machine::Machine;
use crate::local::names::{self, INSIDE, NODE_DEVICE, Names, OUTSIDE};
use crate::local::plan::{BALANCER, CONFIG, NETWORK, ROUTER, SPEC};
use crate::local::{apply, digest, external, render};
use crate::{Observed, Resource, ResourceKind, ResourceState};
use magnum_host::cgroup::{self, Member};
use magnum_host::container::{Running, running};
use magnum_host::link::{self, Link};
use magnum_host::{Namespace, file};
use magnum_types::ClusterId;
use std::collections::{BTreeMap, BTreeSet};

/// A tree that says only that nothing could be looked at.
pub(crate) fn unknown(reason: &str) -> Observed {
    let mut network = resource(ResourceKind::Network, NETWORK, "", ResourceState::Unknown);
    network.reason = reason.to_owned();
    Observed { resources: vec![network] }
}

/// Everything of the cluster that there is.
pub(crate) fn observe(machine: &Machine, cluster: ClusterId) -> Observed {
    let names = machine.names(cluster);
    let network_links = links(&names.network());
    let router_links = links(&names.router());
    let mut resources = Vec::new();
    resources.extend(network(&names, network_links.as_ref()));
    resources.extend(router(machine, &names, router_links.as_ref()));
    resources.extend(balancer(machine, &names));
    let members = cgroup::members(&names.node_prefix());
    for node in nodes(machine, &names, &members) {
        resources.extend(port(&names, &node, network_links.as_ref()));
        resources.extend(volume(machine, &names, &node));
        resources.extend(server(machine, &names, &node, &members));
    }
    resources.sort_by(|a, b| (a.kind, &a.name).cmp(&(b.kind, &b.name)));
    Observed { resources }
}

type Links = Result<Vec<Link>, String>;

/// The links of a namespace; none when it is not there.
fn links(namespace: &Namespace) -> Option<Links> {
    namespace.exists().then(|| match namespace.enter(link::list) {
        Ok(Ok(links)) => Ok(links),
        Ok(Err(error)) | Err(error) => Err(error.with_causes()),
    })
}

fn network(names: &Names, links: Option<&Links>) -> Option<Resource> {
    let mut found = resource(ResourceKind::Network, NETWORK, names.network().name(), ResourceState::Building);
    match links? {
        Err(reason) => found = Resource { state: ResourceState::Unknown, reason: reason.clone(), ..found },
        Ok(links) => {
            let up = |name: &str| links.iter().any(|l| l.name == name && l.is_up());
            if up(names::BRIDGE) && up(names::ROUTER_TAP) {
                found.state = ResourceState::Active;
            } else {
                found.reason = "the bridge or the router's port on it is missing or down".to_owned();
            }
        }
    }
    Some(found)
}

fn router(machine: &Machine, names: &Names, links: Option<&Links>) -> Option<Resource> {
    let mut found = resource(ResourceKind::Router, ROUTER, names.router().name(), ResourceState::Building);
    let links = match links? {
        Err(reason) => return Some(Resource { state: ResourceState::Unknown, reason: reason.clone(), ..found }),
        Ok(links) => links,
    };
    let device = |name: &str| links.iter().find(|l| l.name == name);
    for (name, attribute) in [(INSIDE, "gateway"), (OUTSIDE, "external")] {
        if let Some((address, _)) = device(name).and_then(|l| l.ipv4().next()) {
            found.attributes.insert(attribute.to_owned(), address.to_string());
        }
    }
    let applied = device(INSIDE).and_then(|l| l.alias.clone());
    let dns = apply::router::dns_pid(machine, names);
    let lacks = [
        (applied.is_none(), "it is not set up yet"),
        (dns.is_none(), "its DNS server is not running"),
        (!device(INSIDE).is_some_and(Link::is_up), "its link to the private network is missing or down"),
        (!device(OUTSIDE).is_some_and(Link::is_up), "its link to the external network is missing or down"),
        (!external::is_up(&machine.instance), "the external network is not there"),
    ];
    match lacks.iter().find(|(lacks, _)| *lacks) {
        Some((_, reason)) => found.reason = (*reason).to_owned(),
        None => found.state = ResourceState::Active,
    }
    found.attributes.extend(applied.map(|a| (CONFIG.to_owned(), a)));
    found.attributes.extend(dns.map(|pid| ("dns_pid".to_owned(), pid.to_string())));
    Some(found)
}

fn balancer(machine: &Machine, names: &Names) -> Option<Resource> {
    let (config, pid) = apply::balancer::configured(machine, names)?;
    let mut found = resource(ResourceKind::LoadBalancer, BALANCER, &format!("{}/haproxy", names.router().name()), ResourceState::Error);
    found.attributes.insert(CONFIG.to_owned(), config);
    match pid {
        Some(pid) => {
            found.state = ResourceState::Active;
            found.attributes.insert("pid".to_owned(), pid.to_string());
        }
        None => found.reason = "haproxy is not running".to_owned(),
    }
    Some(found)
}

/// The nodes of which there is anything: a folder, a namespace, a process.
fn nodes(machine: &Machine, names: &Names, members: &[Member]) -> BTreeSet<String> {
    let prefix = names.node_prefix();
    let folders = file::names(&machine.containers_dir());
    let namespaces = Namespace::list(&prefix).into_iter().map(|n| n.name().to_owned());
    let containers = members.iter().map(|m| m.container.clone());
    folders.into_iter().chain(namespaces).chain(containers).filter_map(|n| n.strip_prefix(&prefix).map(str::to_owned)).collect()
}

fn port(names: &Names, node: &str, network_links: Option<&Links>) -> Option<Resource> {
    let namespace = Namespace::named(format!("{}{node}", names.node_prefix()));
    let mut found = resource(ResourceKind::Port, node, namespace.name(), ResourceState::Building);
    let links = match network_links {
        Some(Ok(links)) => links.as_slice(),
        Some(Err(reason)) => return Some(Resource { state: ResourceState::Unknown, reason: reason.clone(), ..found }),
        None => &[],
    };
    let tap = links.iter().find_map(|l| apply::ports::applied(l).filter(|(owner, _)| owner == node).map(|(_, config)| (l, config)));
    if !namespace.exists() && tap.is_none() {
        return None;
    }
    match tap {
        Some((tap, config)) => {
            found.attributes.insert("device".to_owned(), tap.name.clone());
            found.attributes.insert(CONFIG.to_owned(), config);
            if namespace.exists() && tap.is_up() && tap.master.as_deref() == Some(names::BRIDGE) {
                found.state = ResourceState::Active;
            } else {
                found.reason = format!("{} is down or not on its bridge, or {NODE_DEVICE} has no namespace", tap.name);
            }
        }
        None => found.reason = "its device on the bridge is missing or not set up yet".to_owned(),
    }
    Some(found)
}

fn volume(machine: &Machine, names: &Names, node: &str) -> Option<Resource> {
    let place = machine.place(&format!("{}{node}", names.node_prefix()));
    let size = std::fs::metadata(place.volume()).ok()?.len();
    let mut found = resource(ResourceKind::Volume, node, &place.volume().display().to_string(), ResourceState::Active);
    found.attributes.insert("size_gib".to_owned(), (size >> 30).to_string());
    Some(found)
}

fn server(machine: &Machine, names: &Names, node: &str, members: &[Member]) -> Option<Resource> {
    let name = format!("{}{node}", names.node_prefix());
    let place = machine.place(&name);
    let mut found = resource(ResourceKind::Server, node, &name, ResourceState::Stopped);
    if let Ok(spec) = std::fs::read_to_string(place.upper().join(render::node::SPEC)) {
        found.attributes.insert(SPEC.to_owned(), digest::short(&spec));
    }
    match running(members, &name) {
        Running::Yes { init } => {
            found.state = ResourceState::Active;
            found.attributes.insert("pid".to_owned(), init.to_string());
        }
        Running::Broken => {
            found.state = ResourceState::Error;
            found.reason = "its container is ending, or its monitor has died".to_owned();
        }
        Running::No if place.config().exists() => {}
        Running::No if place.upper().exists() => {
            found.state = ResourceState::Building;
            found.reason = "its files are not complete".to_owned();
        }
        Running::No => return None,
    }
    Some(found)
}

fn resource(kind: ResourceKind, name: &str, physical_id: &str, state: ResourceState) -> Resource {
    Resource { kind, name: name.to_owned(), physical_id: physical_id.to_owned(), state, reason: String::new(), attributes: BTreeMap::new() }
}
