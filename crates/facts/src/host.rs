// SPDX-License-Identifier: Apache-2.0
//! One node as the engine below it sees it: power, console, and the packet filter in front of its port.

use crate::node::Ruleset;
use crate::topic::topics;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

topics!(
    /// What the engine knows about one node.
    HostFacts {
        /// The server itself.
        server: ServerView = SERVER "host.server",
        /// The security groups in force at the node's port, with counters.
        port: PortFilter = PORT "host.port",
        /// The end of the serial console.
        console: String = CONSOLE "host.console",
    }
);

/// Whether a server runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Power {
    On,
    Off,
    /// There is no such server.
    Missing,
    /// Being made, or broken in a way that is neither.
    Other,
}

/// A server as the engine reports it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerView {
    pub power: Power,
    /// The engine's own word for the state, and its reason.
    pub state: String,
    #[serde(default)]
    pub reason: String,
    /// How the engine calls it.
    pub physical_id: String,
    #[serde(default)]
    pub attributes: BTreeMap<String, String>,
}

/// The packet filter in front of a node's port: what the cloud lets in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PortFilter {
    pub rules: Ruleset,
    /// The chain that packets to the node enter at.
    pub ingress_chain: String,
}
