// SPDX-License-Identifier: Apache-2.0
//! The etcd member on a master.

use serde::{Deserialize, Serialize};

/// What one member says of itself and of the others.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EtcdView {
    pub endpoint: String,
    pub healthy: bool,
    #[serde(default)]
    pub reason: String,
    #[serde(default)]
    pub version: String,
    #[serde(default)]
    pub db_bytes: Option<u64>,
    #[serde(default)]
    pub member_id: String,
    #[serde(default)]
    pub leader_id: String,
    #[serde(default)]
    pub errors: Vec<String>,
    #[serde(default)]
    pub members: Vec<EtcdMember>,
    /// `NOSPACE`, `CORRUPT`.
    #[serde(default)]
    pub alarms: Vec<String>,
}

/// A member of the cluster.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EtcdMember {
    pub id: String,
    pub name: String,
    #[serde(default)]
    pub peer_urls: Vec<String>,
    #[serde(default)]
    pub client_urls: Vec<String>,
}
