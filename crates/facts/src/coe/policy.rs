// SPDX-License-Identifier: Apache-2.0
//! Objects that decide over others: webhooks, disruption budgets, bindings, storage.

use super::{Condition, ObjectRef};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What makes the pods of a Deployment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplicaSet {
    pub namespace: String,
    pub name: String,
    #[serde(default)]
    pub owner: Option<ObjectRef>,
    pub desired: u32,
    /// Pods there are.
    pub replicas: u32,
    pub ready: u32,
    /// `ReplicaFailure` says why pods cannot be made.
    #[serde(default)]
    pub conditions: Vec<Condition>,
}

/// A claim on storage.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    pub namespace: String,
    pub name: String,
    /// `Pending`, `Bound`, `Lost`.
    pub phase: String,
    /// None = the default class; empty = none.
    #[serde(default)]
    pub class: Option<String>,
    #[serde(default)]
    pub volume: Option<String>,
    #[serde(default)]
    pub created: Option<Timestamp>,
}

/// A class of storage.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StorageClass {
    pub name: String,
    pub provisioner: String,
    /// `Immediate` or `WaitForFirstConsumer`.
    #[serde(default)]
    pub binding: String,
    #[serde(default)]
    pub is_default: bool,
}

/// A webhook that the API server asks before it accepts something.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Webhook {
    /// The object it is configured in.
    pub configuration: String,
    pub name: String,
    #[serde(default)]
    pub service: Option<ObjectRef>,
    #[serde(default)]
    pub url: String,
    /// `Fail` or `Ignore`.
    #[serde(default)]
    pub failure_policy: String,
    #[serde(default)]
    pub timeout_seconds: u32,
    #[serde(default)]
    pub has_ca: bool,
    /// `pods`, `*`.
    #[serde(default)]
    pub resources: Vec<String>,
}

/// How many pods may be taken away at once.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Budget {
    pub namespace: String,
    pub name: String,
    #[serde(default)]
    pub selector: BTreeMap<String, String>,
    /// Evictions that would be allowed now.
    pub allowed: u32,
    pub healthy: u32,
    pub desired: u32,
    pub expected: u32,
}

/// Who has a role in the whole cluster.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Binding {
    pub name: String,
    pub role: String,
    /// `User:system:kube-proxy`, `Group:system:nodes`.
    #[serde(default)]
    pub subjects: Vec<String>,
}
