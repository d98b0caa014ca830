// SPDX-License-Identifier: Apache-2.0
//! The files through which the overlay tells everybody else: flannel's own two, and the CNI configuration.
//!
//! Pods and Docker's containers share docker0 and this node's subnet. Two programs give out addresses there, so each
//! gets a half: Docker the lower, CNI the upper.

use super::device::BRIDGE;
use super::registry::Config;
use crate::error::Error;
use crate::file;
use ipnet::Ipv4Net;
use serde_json::{Value, json};
use std::net::Ipv4Addr;
use std::path::Path;

/// As flannel writes it.
pub const SUBNET_ENV: &str = "/run/flannel/subnet.env";
/// As flannel's `mk-docker-opts.sh` writes it.
pub const DOCKER_ENV: &str = "/run/flannel/docker";
/// Where containerd finds the pods' network.
pub const CNI: &str = "/etc/cni/net.d/10-flannel.conflist";

/// Writes all of them.
pub fn write(config: &Config, subnet: &Ipv4Net, mtu: u32) -> Result<(), Error> {
    file::write(Path::new(DOCKER_ENV), &docker_env(subnet, mtu), file::PUBLIC)?;
    file::write(Path::new(CNI), &format!("{:#}\n", cni(subnet, mtu)), file::PUBLIC)?;
    file::write(Path::new(SUBNET_ENV), &subnet_env(config, subnet, mtu), file::PUBLIC).map(drop)
}

fn first(subnet: &Ipv4Net) -> String {
    format!("{}/{}", Ipv4Addr::from(u32::from(subnet.network()) + 1), subnet.prefix_len())
}

fn halves(subnet: &Ipv4Net) -> (Ipv4Net, Ipv4Net) {
    let mut halves = subnet.subnets(subnet.prefix_len() + 1).into_iter().flatten();
    (halves.next().unwrap_or(*subnet), halves.next().unwrap_or(*subnet))
}

fn subnet_env(config: &Config, subnet: &Ipv4Net, mtu: u32) -> String {
    format!("FLANNEL_NETWORK={}\nFLANNEL_SUBNET={}\nFLANNEL_MTU={mtu}\nFLANNEL_IPMASQ=true\n", config.network, first(subnet))
}

fn docker_env(subnet: &Ipv4Net, mtu: u32) -> String {
    let options = [
        ("BIP", format!("--bip={}", first(subnet))),
        ("FIXED_CIDR", format!("--fixed-cidr={}", halves(subnet).0)),
        // flannel's own rules masquerade.
        ("IPMASQ", "--ip-masq=false".to_owned()),
        ("MTU", format!("--mtu={mtu}")),
    ];
    let mut text: String = options.iter().map(|(name, option)| format!("DOCKER_OPT_{name}=\"{option}\"\n")).collect();
    let all: Vec<&str> = options.iter().map(|(_, option)| option.as_str()).collect();
    text.push_str(&format!("DOCKER_OPTS=\" {}\"\n", all.join(" ")));
    text
}

fn cni(subnet: &Ipv4Net, mtu: u32) -> Value {
    let upper = halves(subnet).1;
    let end = Ipv4Addr::from(u32::from(upper.broadcast()) - 1);
    let range = json!({
        "subnet": subnet.to_string(),
        "rangeStart": upper.network().to_string(),
        "rangeEnd": end.to_string(),
        "gateway": Ipv4Addr::from(u32::from(subnet.network()) + 1).to_string(),
    });
    // Below /run: after a power cut no pod is left, and no address may be left taken.
    let addresses = json!({"type": "host-local", "dataDir": "/run/cni/networks", "ranges": [[range]], "routes": [{"dst": "0.0.0.0/0"}]});
    json!({
        "cniVersion": "0.4.0",
        "name": "flannel",
        "plugins": [
            {"type": "bridge", "bridge": BRIDGE, "mtu": mtu, "isGateway": true, "ipMasq": false, "hairpinMode": true, "ipam": addresses},
            {"type": "portmap", "capabilities": {"portMappings": true}},
        ],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_read_as_flannels_do() {
        let config = Config { network: "10.100.0.0/16".parse().unwrap(), subnet_len: 24, vni: 1, port: 8472 };
        let subnet = "10.100.54.0/24".parse().unwrap();
        assert_eq!(
            subnet_env(&config, &subnet, 1450),
            "FLANNEL_NETWORK=10.100.0.0/16\nFLANNEL_SUBNET=10.100.54.1/24\nFLANNEL_MTU=1450\nFLANNEL_IPMASQ=true\n"
        );
        let docker = docker_env(&subnet, 1450);
        assert!(docker.contains("DOCKER_OPT_BIP=\"--bip=10.100.54.1/24\"\n"));
        assert!(docker.ends_with("DOCKER_OPTS=\" --bip=10.100.54.1/24 --fixed-cidr=10.100.54.0/25 --ip-masq=false --mtu=1450\"\n"));
        let range = cni(&subnet, 1450).pointer("/plugins/0/ipam/ranges/0/0").cloned().unwrap();
        assert_eq!(
            range,
            json!({"subnet": "10.100.54.0/24", "rangeStart": "10.100.54.128", "rangeEnd": "10.100.54.254", "gateway": "10.100.54.1"})
        );
    }
}
