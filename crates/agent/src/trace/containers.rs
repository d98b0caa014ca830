// SPDX-License-Identifier: Apache-2.0
//! Finds containers' network namespaces by address, and where the other ends of their devices are.

use crate::command;
use crate::trace::namespace;
use magnum_path::wire::Container;
use serde_json::Value;
use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(2);

/// An address and where it is.
#[derive(Debug, Clone)]
pub struct Found {
    pub address: Ipv4Addr,
    pub file: PathBuf,
    pub device: String,
}

/// Looks for addresses in all namespaces that have a file. What is not here is left out.
pub fn find(addresses: &[Ipv4Addr]) -> Vec<Found> {
    if addresses.is_empty() {
        return Vec::new();
    }
    let look = || {
        let mut found: Vec<Found> = Vec::new();
        for file in namespace::files() {
            if found.len() == addresses.len() {
                break;
            }
            if namespace::enter(&file).is_err() {
                continue;
            }
            for (address, device) in here() {
                if addresses.contains(&address) && !found.iter().any(|one| one.address == address) {
                    found.push(Found { address, file: file.clone(), device });
                }
            }
        }
        found
    };
    // On a thread of its own, which ends in another namespace than it began in.
    thread::scope(|scope| scope.spawn(look).join()).unwrap_or_default()
}

/// Addresses of this thread's namespace, with their devices.
fn here() -> Vec<(Ipv4Addr, String)> {
    let Ok(interfaces) = nix::ifaddrs::getifaddrs() else { return Vec::new() };
    let with_address = interfaces.filter(|one| one.interface_name != "lo");
    with_address.filter_map(|one| Some((one.address?.as_sockaddr_in()?.ip(), one.interface_name))).collect()
}

/// Everything about the containers that were found, and about the other ends of their devices.
pub fn describe(found: &[Found]) -> Vec<Container> {
    let mut containers: Vec<Container> = found.iter().map(plain).collect();
    let links = thread::scope(|scope| {
        let links = scope.spawn(|| ip(None, &["-d", "link", "show"]));
        for (container, one) in containers.iter_mut().zip(found) {
            let file = Some(one.file.as_path());
            let Container { links, routes, neighbours, .. } = container;
            scope.spawn(move || *links = ip(file, &["-d", "address", "show"]));
            scope.spawn(move || *routes = ip(file, &["-d", "route", "show"]));
            scope.spawn(move || *neighbours = ip(file, &["neigh", "show"]));
        }
        links.join().unwrap_or_default()
    });
    for container in &mut containers {
        join(container, &links, "");
    }
    if containers.iter().any(|one| one.peer.is_empty()) {
        for (file, links) in links_of_overlays() {
            containers.iter_mut().filter(|one| one.peer.is_empty()).for_each(|one| join(one, &links, &file));
        }
    }
    containers
}

fn plain(found: &Found) -> Container {
    Container {
        address: Some(found.address),
        namespace: found.file.to_string_lossy().into_owned(),
        device: found.device.clone(),
        ..Container::default()
    }
}

fn links_of_overlays() -> BTreeMap<String, Value> {
    let files = namespace::overlays();
    thread::scope(|scope| {
        let threads: Vec<_> = files.iter().map(|file| scope.spawn(move || ip(Some(file), &["-d", "link", "show"]))).collect();
        let links = threads.into_iter().map(|thread| thread.join().unwrap_or_default());
        files.iter().map(|file| file.to_string_lossy().into_owned()).zip(links).collect()
    })
}

/// What `ip -j` says in a namespace; null when it says nothing.
fn ip(file: Option<&Path>, words: &[&str]) -> Value {
    let words = [&["-j"], words].concat();
    let text = namespace::inside(file, || command::run("ip", &words, LIMIT));
    text.ok().and_then(Result::ok).and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
}

/// Sets the other end of a container's device when it is one of `links`: two ends have each other's index.
fn join(container: &mut Container, links: &Value, namespace: &str) {
    let own = of(&container.links).find(|link| link["ifname"] == container.device.as_str());
    let Some((Some(index), Some(other))) = own.map(|own| (own["ifindex"].as_u64(), own["link_index"].as_u64())) else { return };
    let peer = of(links).find(|link| link["ifindex"] == other && link["link_index"] == index);
    if let Some(peer) = peer {
        container.peer = peer["ifname"].as_str().unwrap_or_default().to_owned();
        namespace.clone_into(&mut container.peer_namespace);
        container.hairpin = peer["linkinfo"]["info_slave_data"]["hairpin"].as_bool();
    }
}

fn of(links: &Value) -> impl Iterator<Item = &Value> {
    links.as_array().into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn two_ends_of_a_device_know_each_other() {
        let inside = json!([{"ifname": "lo", "ifindex": 1}, {"ifname": "eth0", "ifindex": 2, "link_index": 9, "link_netnsid": 0}]);
        let slave = json!({"info_slave_kind": "bridge", "info_slave_data": {"hairpin": true}});
        let node = json!([{"ifname": "veth1", "ifindex": 8, "link_index": 2}, {"ifname": "veth2", "ifindex": 9, "link_index": 2, "linkinfo": slave}]);
        let container = || Container { device: "eth0".to_owned(), links: inside.clone(), ..Container::default() };
        let mut joined = container();
        join(&mut joined, &node, "");
        assert_eq!((joined.peer.as_str(), joined.hairpin), ("veth2", Some(true)));

        let elsewhere = json!([{"ifname": "eth0", "ifindex": 9, "link_index": 7}]);
        let mut joined = container();
        join(&mut joined, &elsewhere, "");
        assert_eq!((joined.peer.as_str(), joined.hairpin), ("", None));
    }
}
