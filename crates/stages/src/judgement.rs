// SPDX-License-Identifier: Apache-2.0
//! What the clock answers. The same document is served by the API and read by the client.

use jiff::Timestamp;
use magnum_types::Role;
use serde::{Deserialize, Serialize};

/// How an action stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judgement {
    /// When this was judged.
    pub at: Timestamp,
    /// When the action began.
    pub began: Timestamp,
    /// When it fails if it is not done; none without a limit.
    pub deadline: Option<Timestamp>,
    pub forecast: Forecast,
    pub nodes: Vec<NodeClock>,
}

/// One node's clock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeClock {
    pub name: String,
    pub role: Role,
    /// The step that holds the node up; `boot` before its first report, `ready` once it is up.
    pub stage: String,
    /// When the stage began.
    pub since: Timestamp,
    pub pace: Pace,
    /// When anything last moved, if nothing has for too long.
    pub hung_since: Option<Timestamp>,
    /// What the stage waits for, in its agent's words; empty while it works.
    pub waits_for: String,
    /// The nodes that have to get further first.
    pub waits_on: Vec<String>,
    /// How long the stage usually takes, in milliseconds.
    pub usual_ms: i64,
    /// From how many earlier nodes that is known; 0: a built-in expectation.
    pub measured: usize,
    /// How long the node took from being asked for until it was up, in milliseconds, once it is.
    #[serde(default)]
    pub took_ms: Option<i64>,
    /// How long until the node is up, in milliseconds; none when that cannot be said.
    pub remaining_ms: Option<i64>,
}

/// Whether a node gets on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Pace {
    Moving,
    /// Held up by other nodes.
    Waits,
    /// Nothing has moved for far longer than usual, and no other node explains it.
    Hung,
    Failed,
    Ready,
}

/// When all will be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Forecast {
    /// Every node is up.
    Done,
    /// In about this many milliseconds, and in time.
    Expected { in_ms: i64 },
    /// In about this many milliseconds, which is after the deadline.
    Late { in_ms: i64 },
    /// Not at all while a node hangs or has failed.
    Stuck,
}

impl Judgement {
    /// The nodes that hang by themselves.
    pub fn hung(&self) -> impl Iterator<Item = &NodeClock> {
        self.nodes.iter().filter(|node| node.pace == Pace::Hung)
    }
}

impl NodeClock {
    /// How long the stage has lasted, in milliseconds.
    pub fn elapsed_ms(&self, now: Timestamp) -> i64 {
        crate::clock::ms(now, self.since)
    }
}
