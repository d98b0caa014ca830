// SPDX-License-Identifier: Apache-2.0
//! Docker in swarm mode, as its managers see it.

use crate::topic::topics;
use ipnet::Ipv4Net;
use serde::{Deserialize, Serialize};
use std::net::Ipv4Addr;

topics!(
    /// The swarm managers' view.
    SwarmFacts {
        /// `docker info`'s swarm part, from each manager that answers.
        state: SwarmState = STATE "swarm.state",
        nodes: Vec<SwarmNode> = NODES "swarm.nodes",
        services: Vec<SwarmService> = SERVICES "swarm.services",
        tasks: Vec<SwarmTask> = TASKS "swarm.tasks",
        /// Overlay networks.
        networks: Vec<SwarmNetwork> = NETWORKS "swarm.networks",
    }
);

/// The swarm as one manager has it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SwarmState {
    pub managers: Vec<SwarmManager>,
}

/// One manager's answer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SwarmManager {
    pub node: String,
    /// `active`, `inactive`, `pending`, `locked`, `error`.
    pub local_state: String,
    #[serde(default)]
    pub error: String,
    #[serde(default)]
    pub control_available: bool,
    #[serde(default)]
    pub managers: u32,
    #[serde(default)]
    pub nodes: u32,
}

/// A node of the swarm.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SwarmNode {
    pub id: String,
    pub hostname: String,
    /// `ready`, `down`, `disconnected`, `unknown`.
    pub state: String,
    #[serde(default)]
    pub message: String,
    /// `active`, `pause`, `drain`.
    pub availability: String,
    #[serde(default)]
    pub manager: bool,
    #[serde(default)]
    pub leader: bool,
    /// `reachable`, `unreachable`; managers only.
    #[serde(default)]
    pub reachability: String,
    #[serde(default)]
    pub address: String,
}

/// A service.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SwarmService {
    pub id: String,
    pub name: String,
    /// `replicated` or `global`.
    pub mode: String,
    pub running: u32,
    pub desired: u32,
    #[serde(default)]
    pub image: String,
    /// Ids of the networks its tasks join.
    #[serde(default)]
    pub networks: Vec<String>,
    /// Such as `node.labels.disk==ssd`.
    #[serde(default)]
    pub constraints: Vec<String>,
}

/// An overlay network.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SwarmNetwork {
    pub id: String,
    pub name: String,
    pub subnets: Vec<Ipv4Net>,
    /// The network of the routing mesh.
    #[serde(default)]
    pub ingress: bool,
    /// `com.docker.network.driver.mtu`, when it was set.
    #[serde(default)]
    pub mtu: Option<u32>,
}

/// A task.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SwarmTask {
    pub id: String,
    pub service: String,
    #[serde(default)]
    pub node: String,
    /// `running`, `pending`, `rejected`, `failed`, …
    pub state: String,
    pub desired: String,
    #[serde(default)]
    pub error: String,
    #[serde(default)]
    pub image: String,
    /// Its number in the service: `web.2` has 2; none where nobody asked for it.
    #[serde(default)]
    pub slot: Option<u32>,
    /// In overlay networks; empty where nobody asked for them.
    #[serde(default)]
    pub addresses: Vec<Ipv4Addr>,
}

impl SwarmTask {
    /// `web.2`; `web.node-0` for a service that runs once on each node.
    pub fn name(&self) -> String {
        self.slot.map_or_else(|| format!("{}.{}", self.service, self.node), |slot| format!("{}.{slot}", self.service))
    }

    /// It runs, and others reach it in an overlay network: at this address.
    pub fn reached_at(&self) -> Option<Ipv4Addr> {
        self.addresses.first().copied().filter(|_| self.state == "running")
    }
}
