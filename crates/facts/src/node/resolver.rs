// SPDX-License-Identifier: Apache-2.0
//! Name servers, asked from the node.

use serde::{Deserialize, Serialize};
use std::net::Ipv4Addr;

/// What one question to one name server gave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lookup {
    pub server: Ipv4Addr,
    /// What the server is for: `node` (in `/etc/resolv.conf`) or `cluster` (the cluster's own DNS service).
    pub role: ServerRole,
    pub name: String,
    /// `udp` or `tcp`.
    pub protocol: String,
    /// What came back: `NOERROR`, `NXDOMAIN`, `SERVFAIL`, `REFUSED`; empty when nothing did.
    #[serde(default)]
    pub rcode: String,
    /// How many records came back.
    #[serde(default)]
    pub answers: u32,
    /// Why nothing came back: `timed out`, `connection refused`.
    #[serde(default)]
    pub error: String,
    pub ms: u64,
}

/// Whom a name server serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ServerRole {
    Node,
    Cluster,
    /// A server that the cluster's DNS passes other names on to.
    Upstream,
}

impl Lookup {
    /// The server said something, whatever it was.
    pub fn answered(&self) -> bool {
        !self.rcode.is_empty()
    }
}
