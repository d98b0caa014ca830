// SPDX-License-Identifier: Apache-2.0
//! The typed resources of a cluster, the same for every engine.

use crate::NodeSpec;
use ipnet::Ipv4Net;
use magnum_types::{ClusterId, NodeName, Role};
use std::net::Ipv4Addr;

/// All that a cluster consists of. Resources are named by the cluster's id and their own name only, so that an
/// engine finds them again after a crash without having written anything down.
#[derive(Debug, Clone)]
pub struct Blueprint {
    pub cluster: ClusterId,
    pub cluster_name: String,
    pub network: Network,
    pub security_groups: Vec<SecurityGroup>,
    /// Addresses on the external network, each leading to one private address.
    pub floating: Vec<FloatingAddress>,
    pub load_balancer: Option<LoadBalancer>,
    pub servers: Vec<Server>,
}

/// The private network with its subnet and router.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Network {
    pub cidr: Ipv4Net,
    /// The router's address in `cidr`; Magnum and DNS answer nodes there.
    pub gateway: Ipv4Addr,
    /// TCP port on which Magnum answers nodes at `gateway`.
    pub magnum_port: u16,
    /// Bytes; of every port.
    pub mtu: u32,
}

/// One machine.
#[derive(Debug, Clone)]
pub struct Server {
    pub name: NodeName,
    pub group: String,
    pub role: Role,
    pub address: Ipv4Addr,
    pub flavor: Flavor,
    /// Name of the image to boot.
    pub image: String,
    /// GiB of a separate ext4 volume for the container runtimes' storage; none = on the root disk.
    pub docker_volume_gib: Option<u32>,
    /// Names of groups in [`Blueprint::security_groups`].
    pub security_groups: Vec<String>,
    /// Off only while an operator has stopped the node.
    pub powered_on: bool,
    /// While it runs it keeps the node spec it has, also when that is not [`Server::spec`].
    pub keeps_spec: bool,
    pub spec: NodeSpec,
}

/// The size of a machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flavor {
    pub name: String,
    pub vcpus: u32,
    pub ram_mib: u32,
}

/// An address on the external network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FloatingAddress {
    pub external: Ipv4Addr,
    pub private: Ipv4Addr,
}

/// A TCP load balancer on the private network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadBalancer {
    pub vip: Ipv4Addr,
    pub port: u16,
    pub members: Vec<Ipv4Addr>,
}

/// What may reach a port. All traffic out of a port is allowed, replies to it too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecurityGroup {
    pub name: String,
    pub ingress: Vec<SecurityRule>,
}

/// One permission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecurityRule {
    pub source: Source,
    pub protocol: Protocol,
    /// None = all ports (and for ICMP, all types).
    pub ports: Option<PortRange>,
    /// Why the rule is there, shown by the doctor.
    pub purpose: &'static str,
}

/// Where traffic comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    Anywhere,
    Cidr(Ipv4Net),
}

/// A transport protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    Tcp,
    Udp,
    Icmp,
}

/// Ports `from..=to`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PortRange {
    pub from: u16,
    pub to: u16,
}
