// SPDX-License-Identifier: Apache-2.0
//! The machine itself: disks, memory, clock.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// One mounted file system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filesystem {
    pub mount: String,
    pub device: String,
    pub kind: String,
    pub size_bytes: u64,
    pub free_bytes: u64,
    /// None where the file system does not count inodes.
    pub inodes: Option<u64>,
    pub inodes_free: Option<u64>,
    pub read_only: bool,
}

impl Filesystem {
    /// How full it is, by bytes or inodes, whichever is worse.
    pub fn used_percent(&self) -> u8 {
        let share = |free: u64, all: u64| if all == 0 { 0 } else { 100 - (u128::from(free.min(all)) * 100 / u128::from(all)) as u8 };
        let bytes = share(self.free_bytes, self.size_bytes);
        match (self.inodes, self.inodes_free) {
            (Some(all), Some(free)) => bytes.max(share(free, all)),
            _ => bytes,
        }
    }
}

/// The node's memory, within its flavor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory {
    pub total_bytes: u64,
    pub available_bytes: u64,
    /// Processes the kernel has killed for lack of memory since boot, where it counts them.
    #[serde(default)]
    pub oom_kills: Option<u64>,
    /// Services of this node that it killed in the last ten minutes, oldest first.
    #[serde(default)]
    pub killed: Vec<Killed>,
}

/// A process that the kernel killed for lack of memory.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Killed {
    /// The service it belonged to, without `.service`.
    pub unit: String,
    pub process: String,
    pub seconds_ago: u64,
}

/// The node's clock against this machine's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    pub node: Timestamp,
    /// Positive when the node is ahead.
    pub offset_ms: i64,
}
