// SPDX-License-Identifier: Apache-2.0
//! What things of a cluster are called on this machine. Names follow from instance, cluster and node only, so that
//! everything is found again after a crash without having been written down. A node's name has no dot, so
//! `….net` and `….router` are never a node.

use crate::local::digest;
use magnum_host::Namespace;
use magnum_types::{ClusterId, NodeName};
use std::net::Ipv4Addr;

/// The bridge that stands for the private network, in its namespace.
pub(crate) const BRIDGE: &str = "br0";
/// The router's port on that bridge.
pub(crate) const ROUTER_TAP: &str = "tap-router";
/// The router's device on the private network.
pub(crate) const INSIDE: &str = "qr";
/// The router's device on the external network.
pub(crate) const OUTSIDE: &str = "qg";
/// A node's only device.
pub(crate) const NODE_DEVICE: &str = "eth0";

/// The names of one cluster.
#[derive(Debug, Clone)]
pub(crate) struct Names {
    stem: String,
    short: String,
}

impl Names {
    pub fn new(instance: &str, cluster: ClusterId) -> Self {
        Self { stem: format!("mg-{instance}-{}", cluster.short()), short: cluster.short() }
    }

    /// The cluster's folder below `clusters`.
    pub fn short(&self) -> &str {
        &self.short
    }

    /// What all of the cluster's containers begin with.
    pub fn node_prefix(&self) -> String {
        format!("{}-", self.stem)
    }

    /// The namespace of the private network's bridge.
    pub fn network(&self) -> Namespace {
        Namespace::named(format!("{}.net", self.stem))
    }

    /// The namespace of the router.
    pub fn router(&self) -> Namespace {
        Namespace::named(format!("{}.router", self.stem))
    }

    /// A node's container, and its network namespace too.
    pub fn node(&self, node: &NodeName) -> String {
        format!("{}-{node}", self.stem)
    }

    /// The router's port on the external network.
    pub fn external_tap(&self) -> String {
        format!("tap-{}", self.short)
    }
}

/// The port on the private network's bridge of the node with this address.
pub(crate) fn tap(address: Ipv4Addr) -> String {
    format!("tap{:08x}", u32::from(address))
}

/// The hardware address that belongs to an address, in Neutron's range.
pub(crate) fn mac(address: Ipv4Addr) -> String {
    let [_, b, c, d] = address.octets();
    format!("fa:16:3e:{b:02x}:{c:02x}:{d:02x}")
}

/// The nftables table of a node's port.
pub(crate) fn port_table(node: &NodeName) -> String {
    format!("port-{node}")
}

/// The node's machine id: the same whenever the node is made again.
pub(crate) fn machine_id(cluster: ClusterId, node: &NodeName) -> String {
    digest::hex(format!("{cluster}/{node}").as_bytes()).chars().take(32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_from_ids_and_fit_the_kernel() {
        let cluster: ClusterId = "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d".parse().unwrap();
        let names = Names::new("a1b2c3", cluster);
        assert_eq!(names.network().name(), "mg-a1b2c3-0a1b2c3d.net");
        assert_eq!(names.node(&NodeName::parse("node-0").unwrap()), "mg-a1b2c3-0a1b2c3d-node-0");
        let address = Ipv4Addr::new(10, 0, 0, 5);
        assert_eq!((tap(address).as_str(), mac(address).as_str()), ("tap0a000005", "fa:16:3e:00:00:05"));
        for link in [tap(address), names.external_tap(), ROUTER_TAP.to_owned()] {
            assert!(link.len() <= 15, "{link}");
        }
        assert_eq!(machine_id(cluster, &NodeName::parse("node-0").unwrap()).len(), 32);
    }
}
