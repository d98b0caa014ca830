// SPDX-License-Identifier: Apache-2.0
//! Pods.

use super::ObjectRef;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A condition of any object.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Condition {
    pub kind: String,
    /// `True`, `False`, `Unknown`.
    pub status: String,
    #[serde(default)]
    pub reason: String,
    #[serde(default)]
    pub message: String,
    /// When it last changed.
    #[serde(default)]
    pub since: Option<Timestamp>,
}

/// A pod.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pod {
    pub namespace: String,
    pub name: String,
    /// The node it was scheduled to.
    #[serde(default)]
    pub node: Option<String>,
    pub phase: String,
    #[serde(default)]
    pub reason: String,
    #[serde(default)]
    pub conditions: Vec<Condition>,
    #[serde(default)]
    pub containers: Vec<ContainerStatus>,
    #[serde(default)]
    pub init_containers: Vec<ContainerStatus>,
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    #[serde(default)]
    pub ip: Option<String>,
    #[serde(default)]
    pub host_network: bool,
    #[serde(default)]
    pub created: Option<Timestamp>,
    /// Set when it is being deleted.
    #[serde(default)]
    pub deleting_since: Option<Timestamp>,
    #[serde(default)]
    pub owner: Option<ObjectRef>,
}

impl Pod {
    /// `namespace/name`.
    pub fn path(&self) -> String {
        format!("{}/{}", self.namespace, self.name)
    }

    /// The condition of this type.
    pub fn condition(&self, kind: &str) -> Option<&Condition> {
        self.conditions.iter().find(|c| c.kind == kind)
    }

    /// The condition `Ready` is `True`.
    pub fn is_ready(&self) -> bool {
        self.condition("Ready").is_some_and(|c| c.status == "True")
    }

    /// Waiting for a node, and nobody has said why: the scheduler has not looked at it.
    pub fn is_unseen_by_scheduler(&self) -> bool {
        self.phase == "Pending" && self.node.is_none() && self.condition("PodScheduled").is_none() && self.deleting_since.is_none()
    }

    /// Init containers and containers.
    pub fn all_containers(&self) -> impl Iterator<Item = &ContainerStatus> {
        self.init_containers.iter().chain(&self.containers)
    }
}

/// One container of a pod.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContainerStatus {
    pub name: String,
    pub image: String,
    pub ready: bool,
    #[serde(default)]
    pub restarts: u32,
    #[serde(default)]
    pub state: Option<ContainerState>,
    /// How it ended the last time.
    #[serde(default)]
    pub last: Option<ContainerState>,
    /// Ports it declares.
    #[serde(default)]
    pub ports: Vec<u16>,
}

/// A container's state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "lowercase")]
pub enum ContainerState {
    Waiting { reason: String, message: String },
    Running { since: Option<Timestamp> },
    Terminated { reason: String, message: String, exit_code: i32, at: Option<Timestamp> },
}
