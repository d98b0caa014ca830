// SPDX-License-Identifier: Apache-2.0
//! Wake-ups: whoever waits for news of a cluster looks again when something was written, here or in another process
//! (see [`crate::news`]).
//!
//! A wake-up carries no data and may be spurious; the database is the truth.

use magnum_types::ClusterId;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use tokio::sync::{broadcast, watch};
use uuid::Uuid;

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

impl Cause {
    /// The word in the database.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Cause::Wanted => "wanted",
            Cause::Reported => "reported",
            Cause::Recorded => "recorded",
        }
    }

    pub(crate) fn from_word(word: &str) -> Option<Self> {
        [Cause::Wanted, Cause::Reported, Cause::Recorded].into_iter().find(|cause| cause.as_str() == word)
    }
}

/// News of one cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    pub cluster: ClusterId,
    pub cause: Cause,
}

/// Who waits in this process.
pub(crate) struct Changes {
    /// Tells this process's news from others'.
    pub origin: Uuid,
    /// None: something may have changed anywhere.
    all: broadcast::Sender<Option<Change>>,
    each: Mutex<HashMap<ClusterId, watch::Sender<u64>>>,
}

impl Default for Changes {
    fn default() -> Self {
        Self { origin: Uuid::new_v4(), all: broadcast::channel(256).0, each: Mutex::default() }
    }
}

impl Changes {
    pub(crate) fn tell(&self, cluster: ClusterId, cause: Cause) {
        // No receiver is not an error: nobody is waiting.
        let _ = self.all.send(Some(Change { cluster, cause }));
        let mut each = self.each.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sender) = each.get(&cluster) {
            if sender.is_closed() {
                each.remove(&cluster);
            } else {
                sender.send_modify(|count| *count = count.wrapping_add(1));
            }
        }
    }

    /// Wakes everybody: news may have been missed.
    pub(crate) fn tell_all(&self) {
        let _ = self.all.send(None);
        let mut each = self.each.lock().unwrap_or_else(PoisonError::into_inner);
        each.retain(|_, sender| !sender.is_closed());
        for sender in each.values() {
            sender.send_modify(|count| *count = count.wrapping_add(1));
        }
    }
}

/// News of all clusters.
pub struct News(broadcast::Receiver<Option<Change>>);

impl News {
    /// The next news. `Lagged`: some were missed, and all clusters should be looked at.
    pub async fn recv(&mut self) -> Result<Change, broadcast::error::RecvError> {
        self.0.recv().await?.ok_or(broadcast::error::RecvError::Lagged(0))
    }
}

impl crate::Store {
    /// News of one cluster: subscribe, read the database, then `changed().await`, and nothing is missed.
    pub fn changed(&self, cluster: ClusterId) -> watch::Receiver<u64> {
        let mut each = self.db.changes.each.lock().unwrap_or_else(PoisonError::into_inner);
        each.entry(cluster).or_insert_with(|| watch::channel(0).0).subscribe()
    }

    /// News of all clusters.
    pub fn changes(&self) -> News {
        News(self.db.changes.all.subscribe())
    }

    /// Wakes those in this process who wait for `cluster`, when something outside the store has changed.
    pub fn wake(&self, cluster: ClusterId, cause: Cause) {
        self.db.changes.tell(cluster, cause);
    }
}
