// SPDX-License-Identifier: Apache-2.0
//! flannel's registry: who has which subnet.
//!
//! Keys and values are flannel's own (`<prefix>/config`, `<prefix>/subnets/10.100.5.0-24`). What other nodes wrote is
//! taken as foreign text: an entry that does not parse, or lies outside the network, is as good as absent.

use crate::error::Error;
use crate::etcd::{Etcd, KeyValue, encode, number};
use crate::file;
use crate::spec::Questions;
use ipnet::Ipv4Net;
use magnum_blueprint::NodeSpec;
use serde_json::{Value, json};
use std::cell::Cell;
use std::net::Ipv4Addr;
use std::path::Path;
use std::time::{Duration, Instant};

/// How long a subnet stays a node's own after the node was last heard of.
const TTL_SECONDS: u64 = 24 * 3600;
const RENEW: Duration = Duration::from_secs(3600);
const LAST_SUBNET: &str = "/var/lib/magnum/agent/subnet";

/// What `<prefix>/config` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    pub network: Ipv4Net,
    pub subnet_len: u8,
    pub vni: u32,
    pub port: u16,
}

/// A MAC address.
pub type Mac = [u8; 6];

/// One node's entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    pub subnet: Ipv4Net,
    pub public_ip: Ipv4Addr,
    pub mac: Mac,
    pub mod_revision: i64,
    pub lease_id: i64,
}

/// The registry as one node uses it.
pub struct Registry<'a> {
    etcd: &'a Etcd,
    prefix: String,
    own: Ipv4Addr,
    vni: u32,
    renewed: Cell<Instant>,
}

impl<'a> Registry<'a> {
    /// For this node.
    pub fn new(spec: &NodeSpec, etcd: &'a Etcd) -> Result<Self, Error> {
        let kubernetes = spec.kubernetes().ok_or_else(|| Error::Spec("workload: not a Kubernetes node".to_owned()))?;
        Ok(Self {
            etcd,
            prefix: kubernetes.flannel.etcd_prefix.clone(),
            own: spec.node.address,
            vni: kubernetes.flannel.vni,
            renewed: Cell::new(Instant::now()),
        })
    }

    /// Prefix of all entries.
    pub fn subnets(&self) -> String {
        format!("{}/subnets/", self.prefix)
    }

    /// The overlay's settings; none while the first master has not written them.
    pub fn config(&self) -> Result<Option<Config>, Error> {
        let Some(found) = self.etcd.get(&format!("{}/config", self.prefix))? else { return Ok(None) };
        let config = parse_config(&found.value)
            .ok_or_else(|| Error::Answer { peer: "etcd".to_owned(), what: format!("overlay config {}", found.value) })?;
        Ok(Some(config))
    }

    /// All entries, and the revision at which they were read.
    pub fn list(&self, config: &Config) -> Result<(Vec<Lease>, i64), Error> {
        let (found, revision) = self.etcd.list(&self.subnets())?;
        Ok((read_leases(&found, config), revision))
    }

    /// This node's subnet: the one it has, else the one it had, else a free one. None when another node was quicker.
    pub fn acquire(&self, config: &Config, mac: &Mac) -> Result<Option<Lease>, Error> {
        let (leases, _) = self.list(config)?;
        let own = leases.iter().find(|lease| lease.public_ip == self.own);
        let before = file::read(Path::new(LAST_SUBNET)).ok().and_then(|text| text.trim().parse().ok());
        let subnet = match own {
            Some(own) => own.subnet,
            None => choose(config, &leases, before, self.own).ok_or_else(|| Error::Unreachable {
                peer: "the overlay".to_owned(),
                what: format!("no subnet of {} is free", config.network),
            })?,
        };
        let lease = self.register(subnet, mac, own.map_or(0, |own| own.mod_revision))?;
        if lease.is_some() {
            file::write_durably(Path::new(LAST_SUBNET), &subnet.to_string(), file::PUBLIC)?;
        }
        Ok(lease)
    }

    /// Keeps this node's entry alive; an error when another node has the subnet, and only a new start can help.
    pub fn keep(&self, own: &mut Lease, leases: &[Lease], mac: &Mac) -> Result<(), Error> {
        let taken = |what: String| Error::Unreachable { peer: "the overlay".to_owned(), what };
        match leases.iter().find(|lease| lease.subnet == own.subnet) {
            Some(found) if found.public_ip != self.own => Err(taken(format!("{} took {}", found.public_ip, own.subnet))),
            Some(_) if self.renewed.get().elapsed() < RENEW => Ok(()),
            Some(_) => {
                let alive = self.etcd.call("/v3/lease/keepalive", &json!({"ID": own.lease_id.to_string()}));
                let left = alive.as_ref().map_or(0, |answer| number(answer.pointer("/result/TTL")));
                self.renewed.set(Instant::now());
                if left > 0 { Ok(()) } else { self.again(own, mac) }
            }
            None => self.again(own, mac),
        }
    }

    fn again(&self, own: &mut Lease, mac: &Mac) -> Result<(), Error> {
        let (found, _) = self.etcd.list(&self.subnets())?;
        let revision = found.iter().find(|kv| kv.key == self.key(&own.subnet)).map_or(0, |kv| kv.mod_revision);
        if let Some(lease) = self.register(own.subnet, mac, revision)? {
            *own = lease;
        }
        Ok(())
    }

    fn key(&self, subnet: &Ipv4Net) -> String {
        format!("{}{}-{}", self.subnets(), subnet.network(), subnet.prefix_len())
    }

    /// Writes the entry if the key is still at `revision` (0: not there).
    fn register(&self, subnet: Ipv4Net, mac: &Mac, revision: i64) -> Result<Option<Lease>, Error> {
        let granted = self.etcd.call("/v3/lease/grant", &json!({"TTL": TTL_SECONDS.to_string()}))?;
        let lease_id = number(granted.get("ID"));
        let value = json!({
            "PublicIP": self.own.to_string(),
            "BackendType": "vxlan",
            "BackendData": {"VNI": self.vni, "VtepMAC": show_mac(mac)},
        });
        let key = encode(&self.key(&subnet));
        let body = json!({
            "compare": [{"key": key, "target": "MOD", "result": "EQUAL", "mod_revision": revision.to_string()}],
            "success": [{"request_put": {"key": key, "value": encode(&value.to_string()), "lease": lease_id.to_string()}}],
        });
        let answer = self.etcd.call("/v3/kv/txn", &body)?;
        if answer.get("succeeded") != Some(&Value::Bool(true)) {
            return Ok(None);
        }
        self.renewed.set(Instant::now());
        let mod_revision = number(answer.pointer("/header/revision"));
        Ok(Some(Lease { subnet, public_ip: self.own, mac: *mac, mod_revision, lease_id }))
    }
}

/// Reads `<prefix>/config`.
pub fn parse_config(text: &str) -> Option<Config> {
    let value: Value = serde_json::from_str(text).ok()?;
    let backend = value.get("Backend")?;
    if backend.get("Type")?.as_str()? != "vxlan" {
        return None;
    }
    let network: Ipv4Net = value.get("Network")?.as_str()?.parse().ok()?;
    let subnet_len = u8::try_from(value.get("SubnetLen").and_then(Value::as_u64).unwrap_or(24)).ok()?;
    let vni = u32::try_from(backend.get("VNI").and_then(Value::as_u64).unwrap_or(1)).ok()?;
    let port = u16::try_from(backend.get("Port").and_then(Value::as_u64).unwrap_or(8472)).ok()?;
    (network.prefix_len() < subnet_len && subnet_len <= 28 && vni < 1 << 24).then_some(Config {
        network: network.trunc(),
        subnet_len,
        vni,
        port,
    })
}

/// Entries that are well formed and inside the network.
pub fn read_leases(found: &[KeyValue], config: &Config) -> Vec<Lease> {
    let read = |kv: &KeyValue| {
        let name = kv.key.rsplit('/').next()?;
        let subnet: Ipv4Net = name.replacen('-', "/", 1).parse().ok()?;
        let value: Value = serde_json::from_str(&kv.value).ok()?;
        let public_ip = value.get("PublicIP")?.as_str()?.parse().ok()?;
        let mac = parse_mac(value.pointer("/BackendData/VtepMAC")?.as_str()?)?;
        let fits = config.network.contains(&subnet) && subnet.prefix_len() == config.subnet_len && subnet == subnet.trunc();
        fits.then_some(Lease { subnet, public_ip, mac, mod_revision: kv.mod_revision, lease_id: kv.lease })
    };
    found.iter().filter_map(read).collect()
}

/// `before` if it is free, else the first free one from a place that differs from node to node. The network's first
/// subnet is left out, as flannel does.
fn choose(config: &Config, leases: &[Lease], before: Option<Ipv4Net>, own: Ipv4Addr) -> Option<Ipv4Net> {
    let all: Vec<Ipv4Net> = config.network.subnets(config.subnet_len).ok()?.skip(1).collect();
    let free = |subnet: &Ipv4Net| !leases.iter().any(|lease| lease.subnet == *subnet);
    if let Some(before) = before.filter(|before| all.contains(before) && free(before)) {
        return Some(before);
    }
    let start = usize::try_from(u32::from(own)).ok()?.wrapping_mul(31) % all.len().max(1);
    all.iter().cycle().skip(start).take(all.len()).copied().find(|subnet| free(subnet))
}

/// `aa:bb:…`
pub fn show_mac(mac: &Mac) -> String {
    mac.map(|byte| format!("{byte:02x}")).join(":")
}

/// Reads `aa:bb:…`.
pub fn parse_mac(text: &str) -> Option<Mac> {
    let mut mac = [0; 6];
    let mut parts = text.split(':');
    for byte in &mut mac {
        let part = parts.next().filter(|part| part.len() == 2)?;
        *byte = u8::from_str_radix(part, 16).ok()?;
    }
    parts.next().is_none().then_some(mac)
}

#[cfg(test)]
mod tests;
