// SPDX-License-Identifier: Apache-2.0
//! What a node tells Magnum while it comes up: the same record is posted to the API and printed,
//! one line each, on the serial console.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Under this name among a node's versions is the revision of the node spec that its agent has carried out.
pub const SPEC_REVISION: &str = "node-spec";

/// How a step of the node agent stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StepState {
    /// Work has begun.
    Started,
    /// Nothing to do until something else happens; `detail` says what.
    Waiting,
    /// Finished; `duration_ms` is set.
    Done,
    /// Cannot succeed; `detail` is the reason. The create ends with it.
    Failed,
}

impl fmt::Display for StepState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            StepState::Started => "started",
            StepState::Waiting => "waiting",
            StepState::Done => "done",
            StepState::Failed => "failed",
        })
    }
}

/// One thing that happened on a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeEvent {
    /// Counts up from 1 over the node's whole life; repeats of a number are dropped by the server.
    pub seq: u64,
    /// When, by the node's clock: RFC 3339 with milliseconds, UTC.
    pub at: String,
    /// The step's name (`disk`, `etcd`, `kubelet`, …). The step `ready` done means the node is up.
    pub step: String,
    pub state: StepState,
    /// What is waited for, or why it failed; empty otherwise. At most 2,000 characters are kept.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
    /// How long the step took, in milliseconds; with `Done` and `Failed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
}

/// The body of `POST /v1/nodes/self/report`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeReport {
    /// The kernel's boot id, so that a restart is seen as one.
    pub boot_id: String,
    pub events: Vec<NodeEvent>,
    /// Versions found on the node, e.g. `{"kubelet": "v1.20.2"}`; sent with the step `ready`.
    #[serde(default, skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    pub versions: std::collections::BTreeMap<String, String>,
}

impl fmt::Display for NodeEvent {
    /// The console line: `magnum-agent: step etcd done (1.2s)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "magnum-agent: step {} {}", self.step, self.state)?;
        if let Some(ms) = self.duration_ms {
            write!(f, " ({}.{}s)", ms / 1000, ms % 1000 / 100)?;
        }
        if !self.detail.is_empty() {
            write!(f, ": {}", self.detail.replace(['\n', '\r'], " | "))?;
        }
        Ok(())
    }
}
