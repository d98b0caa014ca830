// SPDX-License-Identifier: Apache-2.0
//! Container runtimes.

use serde::{Deserialize, Serialize};

/// A container runtime asked over its socket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Runtime {
    /// `containerd` or `docker`.
    pub name: String,
    pub socket: String,
    /// It answered within the time limit.
    pub answers: bool,
    #[serde(default)]
    pub version: String,
    /// What the attempt said when it did not answer.
    #[serde(default)]
    pub error: String,
    /// How long the answer took.
    #[serde(default)]
    pub latency_ms: Option<u64>,
    /// Names of the images it has; of containerd, those of Kubernetes.
    #[serde(default)]
    pub images: Vec<String>,
}
