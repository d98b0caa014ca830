// SPDX-License-Identifier: Apache-2.0
//! The overlay's lease of one node.

use ipnet::Ipv4Net;
use serde::{Deserialize, Serialize};
use std::net::Ipv4Addr;

/// `/run/flannel/subnet.env`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubnetEnv {
    pub network: Ipv4Net,
    /// The node's share, with the bridge's address: `10.100.54.1/24`.
    pub subnet: Ipv4Net,
    pub mtu: u32,
    pub ip_masq: bool,
}

/// Flannel's registry in etcd.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OverlayRegistry {
    /// The value of `<prefix>/config`, if there is one.
    pub config: Option<serde_json::Value>,
    #[serde(default)]
    pub leases: Vec<OverlayLease>,
}

/// One node's entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OverlayLease {
    pub subnet: Ipv4Net,
    pub public_ip: Ipv4Addr,
    #[serde(default)]
    pub backend: String,
    #[serde(default)]
    pub vtep_mac: String,
    #[serde(default)]
    pub vni: Option<u32>,
}

impl SubnetEnv {
    /// Reads the file; None when a line is missing or malformed.
    pub fn parse(text: &str) -> Option<Self> {
        let get =
            |key: &str| text.lines().find_map(|line| line.trim().strip_prefix(key)?.strip_prefix('=')).map(|v| v.trim().trim_matches('"'));
        Some(Self {
            network: get("FLANNEL_NETWORK")?.parse().ok()?,
            subnet: get("FLANNEL_SUBNET")?.parse().ok()?,
            mtu: get("FLANNEL_MTU")?.parse().ok()?,
            ip_masq: get("FLANNEL_IPMASQ") == Some("true"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flannel_file_is_read_and_half_a_file_is_not() {
        let whole = "FLANNEL_NETWORK=10.100.0.0/16\nFLANNEL_SUBNET=10.100.54.1/24\nFLANNEL_MTU=1450\nFLANNEL_IPMASQ=true\n";
        let env = SubnetEnv::parse(whole).unwrap();
        assert_eq!((env.subnet.addr().to_string(), env.mtu, env.ip_masq), ("10.100.54.1".to_owned(), 1450, true));
        assert_eq!(SubnetEnv::parse("FLANNEL_NETWORK=10.100.0.0/16\n"), None);
    }
}
