// SPDX-License-Identifier: Apache-2.0
//! `magnum-agent flanneld`: the overlay network, compatible with flannel's registry, files and devices.
//!
//! Everything a reader of flannel's documentation looks for is where it says: the keys in etcd, `/run/flannel`, the
//! device `flannel.<vni>` with one route, one neighbour and one forwarding entry for each other node, and docker0 with
//! the subnet's first address. Nothing of it is touched again unless the registry changes.

mod device;
mod files;
mod firewall;
mod notify;
mod registry;

pub use files::{CNI, DOCKER_ENV, SUBNET_ENV};
pub use registry::{Lease, parse_config, read_leases, show_mac};

use crate::error::Error;
use crate::etcd::{self, Etcd, is_not_set_up};
use crate::spec;
use device::Device;
use magnum_blueprint::NodeSpec;
use notify::notify;
use registry::Registry;
use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

/// Pause between attempts to reach etcd.
const AGAIN: Duration = Duration::from_millis(100);
/// A watch is opened anew after this long: whatever a broken connection hid is then seen.
const WATCH: Duration = Duration::from_secs(30);

/// Runs until an error that only a new start can heal.
pub fn main() -> Result<(), Error> {
    let spec = spec::load()?;
    let etcd = Etcd::of_cluster(&spec)?;
    let registry = Registry::new(&spec, &etcd)?;
    let config = patiently(|| registry.config())?;
    let device = Device::make(&config, spec.node.address)?;
    let mut own = patiently(|| registry.acquire(&config, &device.mac))?;
    device.address(&own.subnet)?;
    device::docker_bridge(&own.subnet, device.mtu)?;
    files::write(&config, &own.subnet, device.mtu)?;
    firewall::ensure(&config.network, &own.subnet)?;
    serve(&spec, &registry, &etcd, &device, &config, &mut own)
}

/// Tells systemd what is being waited for, and tries again, while etcd cannot be reached or is not set up.
fn patiently<T>(mut attempt: impl FnMut() -> Result<Option<T>, Error>) -> Result<T, Error> {
    let mut told = String::new();
    loop {
        let why = match attempt() {
            Ok(Some(value)) => return Ok(value),
            Ok(None) => "etcd holds no overlay configuration yet".to_owned(),
            Err(error) if error.is_transient() || is_not_set_up(&error) => error.chain(),
            Err(error) => return Err(error),
        };
        if why != told {
            notify(&format!("STATUS={why}"));
            told = why;
        }
        thread::sleep(AGAIN);
    }
}

/// Follows the registry: other nodes come and go, and our own entry stays alive.
fn serve(
    spec: &NodeSpec,
    registry: &Registry<'_>,
    etcd: &Etcd,
    device: &Device,
    config: &registry::Config,
    own: &mut Lease,
) -> Result<(), Error> {
    let mut applied = None;
    loop {
        match registry.list(config) {
            Ok((leases, revision)) => {
                registry.keep(own, &leases, &device.mac)?;
                let peers: BTreeMap<_, _> =
                    leases.into_iter().filter(|lease| lease.public_ip != spec.node.address).map(|l| (l.subnet, l)).collect();
                let wanted: Vec<_> = peers.values().map(|peer| (peer.subnet, peer.public_ip, peer.mac)).collect();
                if applied.as_ref() != Some(&wanted) {
                    device.follow(&wanted)?;
                    notify(&format!("READY=1\nSTATUS={} with {} other nodes", own.subnet, wanted.len()));
                    applied = Some(wanted);
                } else {
                    firewall::ensure(&config.network, &own.subnet)?;
                }
                match etcd.watch(&registry.subnets(), revision, (WATCH, WATCH)) {
                    Ok(mut lines) => drop(etcd::next_change(&mut lines)),
                    Err(_) => thread::sleep(AGAIN * 10),
                }
            }
            Err(error) if error.is_transient() || is_not_set_up(&error) => {
                notify(&format!("STATUS={}", error.chain()));
                thread::sleep(AGAIN * 5);
            }
            Err(error) => return Err(error),
        }
    }
}
