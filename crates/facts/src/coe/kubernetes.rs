// SPDX-License-Identifier: Apache-2.0
//! Kubernetes: the API's own health, nodes, events, leases.

use super::{Binding, Budget, Claim, Condition, Endpoints, Pod, ReplicaSet, Service, StorageClass, Webhook};
use crate::topic::topics;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

topics!(
    /// The Kubernetes API's view.
    KubernetesFacts {
        /// `/readyz?verbose` of the API server.
        api: ApiHealth = API "kubernetes.api",
        nodes: Vec<KubeNode> = NODES "kubernetes.nodes",
        pods: Vec<Pod> = PODS "kubernetes.pods",
        services: Vec<Service> = SERVICES "kubernetes.services",
        endpoints: Vec<Endpoints> = ENDPOINTS "kubernetes.endpoints",
        /// Events of the last hour.
        events: Vec<Event> = EVENTS "kubernetes.events",
        /// Leases in `kube-system`: who leads, and when it last said so.
        leases: Vec<Lease> = LEASES "kubernetes.leases",
        replica_sets: Vec<ReplicaSet> = REPLICA_SETS "kubernetes.replicasets",
        claims: Vec<Claim> = CLAIMS "kubernetes.claims",
        classes: Vec<StorageClass> = CLASSES "kubernetes.storageclasses",
        validating: Vec<Webhook> = VALIDATING "kubernetes.validating-webhooks",
        mutating: Vec<Webhook> = MUTATING "kubernetes.mutating-webhooks",
        budgets: Vec<Budget> = BUDGETS "kubernetes.disruption-budgets",
        /// Names only.
        config_maps: Vec<ObjectRef> = CONFIG_MAPS "kubernetes.configmaps",
        /// Names only.
        secrets: Vec<ObjectRef> = SECRETS "kubernetes.secrets",
        bindings: Vec<Binding> = BINDINGS "kubernetes.clusterrolebindings",
    }
);

/// What the API server says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiHealth {
    pub ready: bool,
    /// Check name to whether it passes: `etcd`, `poststarthook/rbac/bootstrap-roles`.
    #[serde(default)]
    pub checks: BTreeMap<String, bool>,
    #[serde(default)]
    pub version: String,
    #[serde(default)]
    pub latency_ms: u64,
}

/// A node object.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KubeNode {
    pub name: String,
    #[serde(default)]
    pub conditions: Vec<Condition>,
    /// `key=value:Effect`.
    #[serde(default)]
    pub taints: Vec<String>,
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    #[serde(default)]
    pub unschedulable: bool,
    #[serde(default)]
    pub pod_cidr: Option<String>,
    #[serde(default)]
    pub internal_ip: Option<String>,
    #[serde(default)]
    pub kubelet_version: String,
    /// Resource name to amount, as written: `cpu: "2"`, `memory: "3912Mi"`.
    #[serde(default)]
    pub allocatable: BTreeMap<String, String>,
}

impl KubeNode {
    /// The condition of this type.
    pub fn condition(&self, kind: &str) -> Option<&Condition> {
        self.conditions.iter().find(|c| c.kind == kind)
    }

    /// The condition `Ready` is `True`.
    pub fn is_ready(&self) -> bool {
        self.condition("Ready").is_some_and(|c| c.status == "True")
    }
}

/// What an event or owner refers to.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ObjectRef {
    pub kind: String,
    #[serde(default)]
    pub namespace: String,
    pub name: String,
}

/// An event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    pub about: ObjectRef,
    /// `Normal` or `Warning`.
    pub kind: String,
    pub reason: String,
    pub message: String,
    #[serde(default)]
    pub count: u32,
    pub last: Option<Timestamp>,
    /// The component that said it.
    #[serde(default)]
    pub from: String,
}

/// A leader's lease.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    pub namespace: String,
    pub name: String,
    #[serde(default)]
    pub holder: String,
    pub renewed: Option<Timestamp>,
    #[serde(default)]
    pub duration_seconds: Option<u32>,
}
