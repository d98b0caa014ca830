// SPDX-License-Identifier: Apache-2.0
//! In-process wake-ups: whoever waits for news of a cluster looks again when something was written.
//!
//! A wake-up carries no data and may be spurious; the database is the truth. A missed one costs only the wait's
//! own time limit.

use magnum_types::ClusterId;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use tokio::sync::{broadcast, watch};

/// What was written, so that a conductor need not wake itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// Somebody wants something else: a request through the API.
    Wanted,
    /// A node reported.
    Reported,
    /// A conductor recorded what it did or saw.
    Recorded,
}

/// News of one cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    pub cluster: ClusterId,
    pub cause: Cause,
}

pub(crate) struct Changes {
    all: broadcast::Sender<Change>,
    each: Mutex<HashMap<ClusterId, watch::Sender<u64>>>,
}

impl Default for Changes {
    fn default() -> Self {
        Self { all: broadcast::channel(256).0, each: Mutex::default() }
    }
}

impl Changes {
    pub(crate) fn tell(&self, cluster: ClusterId, cause: Cause) {
        // No receiver is not an error: nobody is waiting.
        let _ = self.all.send(Change { cluster, cause });
        let mut each = self.each.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sender) = each.get(&cluster) {
            if sender.is_closed() {
                each.remove(&cluster);
            } else {
                sender.send_modify(|count| *count = count.wrapping_add(1));
            }
        }
    }
}

impl crate::Store {
    /// News of one cluster: subscribe, read the database, then `changed().await`, and nothing is missed.
    pub fn changed(&self, cluster: ClusterId) -> watch::Receiver<u64> {
        let mut each = self.changes.each.lock().unwrap_or_else(PoisonError::into_inner);
        each.entry(cluster).or_insert_with(|| watch::channel(0).0).subscribe()
    }

    /// News of all clusters; a receiver that lags behind should look at all of them.
    pub fn changes(&self) -> broadcast::Receiver<Change> {
        self.changes.all.subscribe()
    }

    /// Wakes those who wait for `cluster`, when something outside the store has changed.
    pub fn wake(&self, cluster: ClusterId, cause: Cause) {
        self.changes.tell(cluster, cause);
    }
}
