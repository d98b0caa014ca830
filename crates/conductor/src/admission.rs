// SPDX-License-Identifier: Apache-2.0
//! How many clusters have nodes coming up at a time. Nodes of one machine share its processors: with all of them booting at once,
//! every one takes so long that steps run into their limits.

use magnum_types::ClusterId;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// How long a cluster keeps others from their turn: one that hangs does not do so for ever.
const TURN: Duration = Duration::from_secs(20);

/// Whose turn it is.
#[derive(Debug, Default)]
pub(crate) struct Admission {
    since: Mutex<HashMap<ClusterId, Instant>>,
}

impl Admission {
    /// Whether the cluster may go on, with at most so many at a time. Its turn lasts until it leaves.
    pub(crate) fn enter(&self, cluster: ClusterId, at_once: Option<usize>) -> bool {
        at_once.is_none_or(|at_once| self.enter_at(cluster, at_once, Instant::now()))
    }

    fn enter_at(&self, cluster: ClusterId, at_once: usize, now: Instant) -> bool {
        let mut since = self.since.lock().unwrap_or_else(PoisonError::into_inner);
        let others = since.values().filter(|since| now.duration_since(**since) < TURN).count();
        if !since.contains_key(&cluster) && others >= at_once {
            return false;
        }
        since.entry(cluster).or_insert(now);
        true
    }

    /// The cluster's nodes are up, or somebody else's concern.
    pub(crate) fn leave(&self, cluster: ClusterId) {
        self.since.lock().unwrap_or_else(PoisonError::into_inner).remove(&cluster);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_enters_when_one_leaves_or_has_had_its_time() {
        let (admission, ids): (_, Vec<ClusterId>) = (Admission::default(), (0..5).map(|_| ClusterId::random()).collect());
        let began = Instant::now();
        let enter = |n: usize| admission.enter_at(ids[n], 2, began);
        assert!(enter(0) && enter(1) && !enter(2), "two at a time");
        assert!(enter(0) && admission.enter(ids[3], None), "again, and where nothing is shared");
        admission.leave(ids[0]);
        assert!(enter(2) && !enter(0));
        let later = |n: usize| admission.enter_at(ids[n], 2, began + TURN);
        assert!(later(0) && later(3) && !later(4), "those who hang hold up nobody");
        assert!(later(1), "and go on");
    }
}
