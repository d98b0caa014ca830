// SPDX-License-Identifier: Apache-2.0
//! The kernel's part: the VXLAN device, what leads to each other node, and docker0.
//!
//! Programs are `ip` and `bridge` with whole batches on their standard input; every word in a batch is made from a
//! typed value here.

use super::registry::{Config, Mac, parse_mac, show_mac};
use crate::command;
use crate::error::Error;
use ipnet::Ipv4Net;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::net::Ipv4Addr;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(10);
/// What VXLAN adds to a packet.
const OVERHEAD: u32 = 50;
/// Docker's bridge, shared with pods.
pub const BRIDGE: &str = "docker0";

/// The VXLAN device of this node.
pub struct Device {
    pub name: String,
    pub mac: Mac,
    pub mtu: u32,
}

/// Another node: its subnet, its address outside and its device's MAC.
pub type Peer = (Ipv4Net, Ipv4Addr, Mac);

impl Device {
    /// Makes the device; one that is there with the same settings stays, and keeps its MAC.
    pub fn make(config: &Config, own: Ipv4Addr) -> Result<Self, Error> {
        let name = format!("flannel.{}", config.vni);
        let (parent, parent_mtu) = parent(own)?;
        let mtu = parent_mtu.saturating_sub(OVERHEAD);
        if !is_right(&name, config, own) {
            let _ = command::run("ip", &["link", "del", &name], LIMIT);
            let (id, port, local) = (config.vni.to_string(), config.port.to_string(), own.to_string());
            let words = ["link", "add", &name, "type", "vxlan", "id", &id, "local", &local, "dev", &parent, "dstport", &port, "nolearning"];
            command::run("ip", &words, LIMIT)?;
        }
        ip(&format!("link set {name} mtu {mtu} up\n"))?;
        let text = std::fs::read_to_string(format!("/sys/class/net/{name}/address")).unwrap_or_default();
        let mac = parse_mac(text.trim()).ok_or_else(|| Error::Command { program: "ip".to_owned(), what: format!("{name} has no MAC") })?;
        Ok(Self { name, mac, mtu })
    }

    /// Gives the device the subnet's `.0` address, and no other.
    pub fn address(&self, subnet: &Ipv4Net) -> Result<(), Error> {
        set_address(&self.name, &format!("{}/32", subnet.network()))
    }

    /// Makes routes, neighbours and forwarding entries those of `peers`, and no others.
    pub fn follow(&self, peers: &[Peer]) -> Result<(), Error> {
        let name = &self.name;
        let subnets: BTreeSet<String> = peers.iter().map(|(subnet, ..)| subnet.to_string()).collect();
        let gateways: BTreeSet<String> = peers.iter().map(|(subnet, ..)| subnet.network().to_string()).collect();
        let macs: BTreeSet<String> = peers.iter().map(|(.., mac)| show_mac(mac)).collect();
        let (mut batch, mut forwarding) = (String::new(), String::new());
        for route in listed("ip", &["-j", "route", "show", "dev", name])? {
            if let Some(dst) = route.get("dst").and_then(Value::as_str).and_then(|dst| dst.parse::<Ipv4Net>().ok())
                && !subnets.contains(&dst.to_string())
            {
                let _ = writeln!(batch, "route del {dst} dev {name}");
            }
        }
        for neighbour in listed("ip", &["-j", "-4", "neigh", "show", "dev", name])? {
            if let Some(dst) = neighbour.get("dst").and_then(Value::as_str).and_then(|dst| dst.parse::<Ipv4Addr>().ok())
                && !gateways.contains(&dst.to_string())
            {
                let _ = writeln!(batch, "neigh del {dst} dev {name}");
            }
        }
        for entry in listed("bridge", &["-j", "fdb", "show", "dev", name])? {
            let mac = entry.get("mac").and_then(Value::as_str).and_then(parse_mac);
            let dst = entry.get("dst").and_then(Value::as_str).and_then(|dst| dst.parse::<Ipv4Addr>().ok());
            if let (Some(mac), Some(dst)) = (mac, dst)
                && !macs.contains(&show_mac(&mac))
            {
                let _ = writeln!(forwarding, "fdb del {} dev {name} dst {dst} self", show_mac(&mac));
            }
        }
        for (subnet, address, mac) in peers {
            let (gateway, mac) = (subnet.network(), show_mac(mac));
            let _ = writeln!(forwarding, "fdb replace {mac} dev {name} dst {address} self permanent");
            let _ = writeln!(batch, "neigh replace {gateway} lladdr {mac} dev {name} nud permanent");
            let _ = writeln!(batch, "route replace {subnet} via {gateway} dev {name} onlink");
        }
        run_batch("bridge", &forwarding)?;
        ip(&batch)
    }
}

/// Makes docker0 with the subnet's first address, before Docker or the first pod would.
pub fn docker_bridge(subnet: &Ipv4Net, mtu: u32) -> Result<(), Error> {
    let first = Ipv4Addr::from(u32::from(subnet.network()) + 1);
    if !std::fs::exists(format!("/sys/class/net/{BRIDGE}")).unwrap_or(false) {
        // Docker's own way to a MAC; a fixed one, so that it does not change with every pod.
        let [a, b, c, d] = first.octets();
        let mac = show_mac(&[0x02, 0x42, a, b, c, d]);
        ip(&format!("link add {BRIDGE} address {mac} type bridge\n"))?;
    }
    ip(&format!("link set {BRIDGE} mtu {mtu} up\n"))?;
    set_address(BRIDGE, &format!("{first}/{}", subnet.prefix_len()))
}

/// The device that has this node's address, and its MTU.
fn parent(own: Ipv4Addr) -> Result<(String, u32), Error> {
    for link in listed("ip", &["-j", "-4", "address", "show"])? {
        let infos = link.get("addr_info").and_then(Value::as_array).cloned().unwrap_or_default();
        if infos.iter().any(|info| info.get("local").and_then(Value::as_str) == Some(&own.to_string())) {
            let name = link.get("ifname").and_then(Value::as_str).unwrap_or("eth0").to_owned();
            let mtu = link.get("mtu").and_then(Value::as_u64).and_then(|mtu| u32::try_from(mtu).ok()).unwrap_or(1500);
            return Ok((name, mtu));
        }
    }
    Err(Error::Unreachable { peer: "this node".to_owned(), what: format!("no device has the address {own}") })
}

fn is_right(name: &str, config: &Config, own: Ipv4Addr) -> bool {
    let Ok(found) = listed("ip", &["-j", "-d", "link", "show", "dev", name]) else { return false };
    let data = found.first().and_then(|link| link.pointer("/linkinfo/info_data")).cloned().unwrap_or(Value::Null);
    let number = |field: &str| data.get(field).and_then(Value::as_u64);
    number("id") == Some(u64::from(config.vni))
        && number("port") == Some(u64::from(config.port))
        && data.get("local").and_then(Value::as_str) == Some(&own.to_string())
        && data.get("learning") == Some(&Value::Bool(false))
}

fn set_address(device: &str, wanted: &str) -> Result<(), Error> {
    let mut batch = String::new();
    for link in listed("ip", &["-j", "-4", "address", "show", "dev", device])? {
        for info in link.get("addr_info").and_then(Value::as_array).cloned().unwrap_or_default() {
            let local = info.get("local").and_then(Value::as_str).and_then(|local| local.parse::<Ipv4Addr>().ok());
            if let (Some(local), Some(length)) = (local, info.get("prefixlen").and_then(Value::as_u64))
                && format!("{local}/{length}") != wanted
            {
                let _ = writeln!(batch, "address del {local}/{length} dev {device}");
            }
        }
    }
    let _ = writeln!(batch, "address replace {wanted} dev {device}");
    ip(&batch)
}

fn ip(batch: &str) -> Result<(), Error> {
    run_batch("ip", batch)
}

fn run_batch(program: &str, batch: &str) -> Result<(), Error> {
    if batch.is_empty() {
        return Ok(());
    }
    command::run_with_input(program, &["-force", "-batch", "-"], batch, LIMIT).map(drop)
}

/// The list that a program prints as JSON; nothing printed is an empty list.
fn listed(program: &str, words: &[&str]) -> Result<Vec<Value>, Error> {
    let text = command::run(program, words, LIMIT)?;
    if text.trim().is_empty() {
        return Ok(Vec::new());
    }
    serde_json::from_str(&text).map_err(|error| Error::Command { program: program.to_owned(), what: error.to_string() })
}
