// SPDX-License-Identifier: Apache-2.0
//! The cluster as Magnum's database has it: what was asked for, and what the nodes' agents reported while they came up.
//! This part is always there; whoever asks for a diagnosis fills it in.

use crate::{Citation, Source};
use ipnet::Ipv4Net;
use jiff::Timestamp;
use magnum_types::{ClusterStatus, Coe, Role, StepState};
use serde::{Deserialize, Serialize};
use std::net::Ipv4Addr;

/// Magnum's view of one cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClusterView {
    pub source: Source,
    pub uuid: String,
    pub name: String,
    pub coe: Coe,
    /// Which engine makes the nodes: `local`, `heat`.
    pub engine: String,
    pub status: ClusterStatus,
    #[serde(default)]
    pub status_reason: String,
    pub created_at: Option<Timestamp>,
    /// How long a create may take, in minutes.
    pub create_timeout: Option<u32>,
    /// The URL users reach the COE at.
    pub api_address: Option<String>,
    pub layout: Layout,
    pub members: Vec<MemberView>,
}

/// The addresses the cluster was laid out with.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Layout {
    /// The nodes' own network.
    pub network_cidr: Option<Ipv4Net>,
    pub gateway: Option<Ipv4Addr>,
    /// All pods.
    pub pod_cidr: Option<Ipv4Net>,
    pub service_cidr: Option<Ipv4Net>,
    pub dns_address: Option<Ipv4Addr>,
    /// UDP port of the overlay's outer packets: 8472 for flannel's vxlan, 4789 for swarm.
    pub overlay_port: Option<u16>,
    pub overlay_vni: Option<u32>,
}

/// One node that Magnum asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberView {
    pub name: String,
    pub group: String,
    pub role: Role,
    pub address: Option<Ipv4Addr>,
    /// Off because an operator stopped it, which is no fault.
    #[serde(default)]
    pub stopped_on_purpose: bool,
    /// When it was asked for, or last began to boot.
    #[serde(default)]
    pub started_at: Option<Timestamp>,
    /// What the node's agent reported, oldest first; the newest event of a step is its state.
    #[serde(default)]
    pub steps: Vec<StepView>,
}

/// One report of a node's agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepView {
    pub step: String,
    pub state: StepState,
    #[serde(default)]
    pub detail: String,
    pub at: Timestamp,
    pub duration_ms: Option<u64>,
}

impl ClusterView {
    /// The member of this name.
    pub fn member(&self, name: &str) -> Option<&MemberView> {
        self.members.iter().find(|m| m.name == name)
    }

    /// The members that are masters, or managers of a swarm.
    pub fn masters(&self) -> impl Iterator<Item = &MemberView> {
        self.members.iter().filter(|m| m.role == Role::Master)
    }

    /// Quotes the database.
    pub fn cite(&self, pointer: impl Into<String>, quote: impl Into<String>) -> Citation {
        self.source.cite(pointer, quote)
    }
}

impl MemberView {
    /// The node has come up: `ready` was reported done, and no step was begun after it, as after a restart.
    pub fn came_up(&self) -> bool {
        let ready = self.steps.iter().rposition(|s| s.step == "ready" && s.state == StepState::Done);
        ready.is_some_and(|at| self.steps.iter().skip(at + 1).all(|s| s.state != StepState::Started))
    }

    /// The first step that cannot succeed and has not been done since: steps that fail after it mostly wait for it.
    pub fn failed_step(&self) -> Option<&StepView> {
        let mended = |at: usize, step: &str| self.steps.iter().skip(at + 1).any(|s| s.step == step && s.state == StepState::Done);
        self.steps.iter().enumerate().find(|(at, s)| s.state == StepState::Failed && !mended(*at, &s.step)).map(|(_, s)| s)
    }

    /// The newest report.
    pub fn newest(&self) -> Option<&StepView> {
        self.steps.last()
    }
}
