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
