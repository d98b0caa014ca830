// SPDX-License-Identifier: Apache-2.0
//! Interfaces, routes, neighbours, forwarding entries, sockets: the kernel's tables, as `ip -j` names them.

use ipnet::Ipv4Net;
use serde::{Deserialize, Serialize};
use std::net::{IpAddr, Ipv4Addr};

/// A network interface.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    pub name: String,
    /// `vxlan`, `bridge`, `veth`; empty for a plain device.
    #[serde(default)]
    pub kind: String,
    pub up: bool,
    pub mtu: u32,
    #[serde(default)]
    pub mac: String,
    /// The bridge it belongs to.
    #[serde(default)]
    pub master: Option<String>,
    #[serde(default)]
    pub addresses: Vec<Ipv4Net>,
    #[serde(default)]
    pub vxlan: Option<Vxlan>,
}

/// Settings of a vxlan device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vxlan {
    pub vni: u32,
    pub port: u16,
    #[serde(default)]
    pub local: Option<Ipv4Addr>,
}

/// A route of the main table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// None = default.
    pub to: Option<Ipv4Net>,
    #[serde(default)]
    pub via: Option<Ipv4Addr>,
    #[serde(default)]
    pub dev: String,
    /// `unicast`, `unreachable`, `blackhole`.
    #[serde(default)]
    pub kind: String,
}

impl Route {
    /// The one of these that a packet to `to` takes: the most particular.
    pub fn best(routes: &[Self], to: Ipv4Addr) -> Option<&Self> {
        let fits = routes.iter().filter(|route| route.to.is_none_or(|net| net.contains(&to)));
        fits.max_by_key(|route| route.to.map_or(0, |net| net.prefix_len()))
    }

    /// It leads somewhere: it does not refuse packets.
    pub fn leads(&self) -> bool {
        matches!(self.kind.as_str(), "" | "unicast")
    }

    /// Where it is for, as `ip route` prints it.
    pub fn destination(&self) -> String {
        self.to.map_or("default".to_owned(), |net| net.to_string())
    }
}

/// A neighbour entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Neighbour {
    pub address: IpAddr,
    pub dev: String,
    #[serde(default)]
    pub mac: Option<String>,
    /// `REACHABLE`, `STALE`, `PERMANENT`, `FAILED`, `INCOMPLETE`.
    pub state: String,
}

/// A forwarding entry of a bridge or vxlan device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FdbEntry {
    pub mac: String,
    pub dev: String,
    /// The remote end, on vxlan devices.
    #[serde(default)]
    pub dst: Option<Ipv4Addr>,
}

/// A listening socket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Socket {
    /// `tcp` or `udp`.
    pub protocol: String,
    pub address: IpAddr,
    pub port: u16,
    /// The program, where the kernel tells.
    #[serde(default)]
    pub process: String,
}
