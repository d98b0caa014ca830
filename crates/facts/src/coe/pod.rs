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
    #[serde(default)]
    pub node_selector: BTreeMap<String, String>,
    #[serde(default)]
    pub tolerations: Vec<Toleration>,
    /// It has affinities, of whatever kind.
    #[serde(default)]
    pub has_affinity: bool,
    /// `ClusterFirst`, `Default`, `ClusterFirstWithHostNet`, `None`.
    #[serde(default)]
    pub dns_policy: String,
    #[serde(default)]
    pub service_account: String,
    #[serde(default)]
    pub restart_policy: String,
    #[serde(default)]
    pub finalizers: Vec<String>,
    /// How long it may take to end once it is being deleted.
    #[serde(default)]
    pub grace_seconds: Option<u64>,
    /// Names of the secrets it pulls images with.
    #[serde(default)]
    pub pull_secrets: Vec<String>,
    /// Objects that its volumes and environment come from.
    #[serde(default)]
    pub references: Vec<Reference>,
}

/// A taint that a pod puts up with.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Toleration {
    /// Empty with `Exists` = every taint.
    #[serde(default)]
    pub key: String,
    /// `Equal` (also when empty) or `Exists`.
    #[serde(default)]
    pub operator: String,
    #[serde(default)]
    pub value: String,
    /// Empty = every effect.
    #[serde(default)]
    pub effect: String,
}

/// An object that a pod needs before it can start.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reference {
    /// `ConfigMap`, `Secret`, `PersistentVolumeClaim`.
    pub kind: String,
    pub namespace: String,
    pub name: String,
    /// The key in it; empty for the whole object.
    #[serde(default)]
    pub key: String,
    #[serde(default)]
    pub optional: bool,
}

/// How the kubelet looks after a container.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probe {
    /// `GET /healthz`, `TCP`, `exec`.
    pub what: String,
    /// A number or a container port's name; empty for `exec`.
    #[serde(default)]
    pub port: String,
    #[serde(default)]
    pub initial_delay_seconds: u32,
    #[serde(default)]
    pub period_seconds: u32,
    #[serde(default)]
    pub timeout_seconds: u32,
    #[serde(default)]
    pub failure_threshold: u32,
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
    /// Ports of the node that it takes.
    #[serde(default)]
    pub host_ports: Vec<u16>,
    /// Resource name to amount, as written: `cpu: "500m"`.
    #[serde(default)]
    pub requests: BTreeMap<String, String>,
    #[serde(default)]
    pub limits: BTreeMap<String, String>,
    #[serde(default)]
    pub pull_policy: String,
    #[serde(default)]
    pub liveness: Option<Probe>,
    #[serde(default)]
    pub readiness: Option<Probe>,
}

/// A container's state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "lowercase")]
pub enum ContainerState {
    Waiting { reason: String, message: String },
    Running { since: Option<Timestamp> },
    Terminated { reason: String, message: String, exit_code: i32, at: Option<Timestamp> },
}
