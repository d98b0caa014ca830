// SPDX-License-Identifier: Apache-2.0
//! Among several masters: only those whose name server answers are endpoints of the service kube-dns.
//!
//! Each master asks all of them. Who writes is the first one, in the spec's order, that answers: the others see the
//! same and keep still, and take over when it is gone.

use super::probe::query;
use crate::http::Client;
use crate::report::complain;
use magnum_blueprint::{NodeSpec, Peer};
use serde_json::{Value, json};
use std::net::Ipv4Addr;
use std::thread;
use std::time::Duration;

const INTERVAL: Duration = Duration::from_secs(5);
const PATH: &str = "/api/v1/namespaces/kube-system/endpoints/kube-dns";

/// Keeps the endpoints, for ever.
pub fn keep(client: &Client, spec: &NodeSpec, masters: &[Peer], domain: &str) {
    let name = format!("kubernetes.default.svc.{domain}");
    // One lost packet takes nobody out.
    let answers = |address: Ipv4Addr| (0..3).any(|_| query(address, &name).is_ok());
    let mut written = None;
    loop {
        thread::sleep(INTERVAL);
        let alive: Vec<Ipv4Addr> = masters.iter().map(|master| master.address).filter(|address| answers(*address)).collect();
        if alive.first() != Some(&spec.node.address) {
            written = None;
            continue;
        }
        if written.as_ref() == Some(&alive) {
            continue;
        }
        match write(client, &alive) {
            Ok(()) => written = Some(alive),
            Err(error) => complain(&format!("magnum-agent: endpoints of kube-dns: {}", error.chain())),
        }
    }
}

fn write(client: &Client, alive: &[Ipv4Addr]) -> Result<(), crate::Error> {
    let subsets = subsets(alive);
    if client.get(PATH)?.get("subsets") == Some(&subsets) {
        return Ok(());
    }
    client.merge_patch(PATH, &json!({"subsets": subsets})).map(drop)
}

/// As an Endpoints object has them.
pub fn subsets(addresses: &[Ipv4Addr]) -> Value {
    let addresses: Vec<Value> = addresses.iter().map(|address| json!({"ip": address.to_string()})).collect();
    let ports = json!([{"name": "dns", "port": 53, "protocol": "UDP"}, {"name": "dns-tcp", "port": 53, "protocol": "TCP"}]);
    json!([{"addresses": addresses, "ports": ports}])
}
