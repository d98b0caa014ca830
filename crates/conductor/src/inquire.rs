// SPDX-License-Identifier: Apache-2.0
//! Asks the doctor about a cluster whose action hangs, without being asked and without holding anything up: never two at
//! once on one cluster, not too often, with a limit of its own, outside the lease. What comes too late is dropped.

use crate::world::World;
use jiff::Timestamp;
use magnum_engine::Boxed;
use magnum_stages::{Judgement, Pace};
use magnum_store::{Diagnosis, Scope, Store, Whole, began, is_coming};
use magnum_types::ClusterId;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Between the beginnings of two looks at one cluster.
const BETWEEN: Duration = Duration::from_secs(30);
/// A look that takes longer is given up.
const LIMIT: Duration = Duration::from_secs(20);
/// More of a cause's summary is left out of the status.
const LONGEST: usize = 400;

/// Looks at a cluster and says what is wrong with it.
pub trait Examine: Send + Sync {
    /// The doctor's report; none when there is none.
    fn examine<'a>(&'a self, cluster: ClusterId) -> Boxed<'a, Option<Examined>>;
}

/// What a look came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Examined {
    /// A report of the schema `magnum.doctor/v1`.
    pub report: serde_json::Value,
    /// The one cause that it names first, if it names one.
    pub cause: Option<Cause>,
}

/// A fault that explains what is seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// The fault's id, such as `fl-etcd-unreachable`.
    pub fault: String,
    pub summary: String,
}

impl Cause {
    /// `fl-etcd-unreachable: node-0 cannot reach etcd`.
    pub(crate) fn text(&self) -> String {
        let summary: String = self.summary.trim_end_matches('.').chars().take(LONGEST).collect();
        format!("{}: {summary}", self.fault)
    }
}

/// The looks at all clusters.
#[derive(Default)]
pub(crate) struct Inquiries(Mutex<HashMap<ClusterId, Inquiry>>);

/// The looks at one cluster during one action.
#[derive(Debug, Clone, Default, PartialEq)]
struct Inquiry {
    /// When the action began.
    action: Option<Timestamp>,
    asked_at: Option<Instant>,
    running: bool,
    found: Option<Cause>,
    told: Option<Cause>,
}

impl Inquiry {
    /// What was found of another action says nothing about this one.
    fn enter(&mut self, action: Timestamp) {
        if self.action != Some(action) {
            (self.action, self.found, self.told) = (Some(action), None, None);
        }
    }

    /// Whether a look may begin; if so, it is counted as begun.
    fn begin(&mut self, now: Instant) -> bool {
        let due = !self.running && self.asked_at.is_none_or(|at| now.duration_since(at) >= BETWEEN);
        if due {
            (self.running, self.asked_at) = (true, Some(now));
        }
        due
    }

    /// Takes in what a look at `action` came to, unless another action is going on by now. One that came to no end (none)
    /// says nothing against what was found before it.
    fn end(&mut self, action: Timestamp, outcome: Option<Option<Cause>>) {
        self.running = false;
        if let Some(found) = outcome.filter(|_| self.action == Some(action)) {
            self.found = found;
        }
    }
}

/// What is known of the cause of what hangs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Known {
    pub cause: Option<Cause>,
    /// Whether the timeline does not have it yet; said once.
    pub is_news: bool,
}

impl Inquiries {
    fn with<T>(&self, cluster: ClusterId, change: impl FnOnce(&mut Inquiry) -> T) -> T {
        change(self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(cluster).or_default())
    }

    pub fn forget(&self, cluster: ClusterId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&cluster);
    }
}

/// What is behind an action in which something hangs, as far as it is known; sees to it that somebody looks.
pub(crate) fn cause(world: &World, whole: &Whole, judgement: &Judgement) -> Known {
    let Some(doctor) = &world.doctor else { return Known::default() };
    let (id, action) = (whole.cluster.uuid, judgement.began);
    let (due, known) = world.inquiries.with(id, |inquiry| {
        inquiry.enter(action);
        // What failed after it hung has the same cause; what moves again has none.
        let (hangs, failed) = (judgement.hung().next().is_some(), judgement.nodes.iter().any(|n| n.pace == Pace::Failed));
        if !hangs && !failed {
            inquiry.found = None;
        }
        let is_news = inquiry.found.is_some() && inquiry.found != inquiry.told;
        inquiry.told.clone_from(&inquiry.found);
        (hangs && inquiry.begin(Instant::now()), Known { cause: inquiry.found.clone(), is_news })
    });
    if due {
        let before = known.cause.clone();
        let look = Look { inquiries: Arc::clone(&world.inquiries), store: world.store.clone(), id, action, before, outcome: None };
        let doctor = Arc::clone(doctor);
        tokio::spawn(async move { look.run(doctor.as_ref()).await });
    }
    known
}

/// One look. Dropped it leaves what it found, and room for the next one, however it ended.
struct Look {
    inquiries: Arc<Inquiries>,
    store: Store,
    id: ClusterId,
    action: Timestamp,
    /// The cause that is known already.
    before: Option<Cause>,
    /// What it came to, once it has come to an end.
    outcome: Option<Option<Cause>>,
}

impl Look {
    async fn run(mut self, doctor: &dyn Examine) {
        let id = self.id;
        tracing::debug!(cluster = %id, "an action hangs; the doctor looks");
        let Ok(examined) = tokio::time::timeout(LIMIT, doctor.examine(id)).await else {
            tracing::warn!(cluster = %id, "the doctor did not end in time");
            return;
        };
        let Some(examined) = examined.filter(|e| !e.report.is_null()) else { return };
        if !self.still_goes_on().await {
            return;
        }
        let made = Diagnosis::new(uuid::Uuid::new_v4(), id, "conductor", examined.report);
        if let Err(error) = self.store.insert_diagnosis(&made).await {
            tracing::warn!(cluster = %id, %error, "the doctor's report could not be kept");
        }
        if let Some(cause) = examined.cause.as_ref().filter(|cause| Some(*cause) != self.before.as_ref()) {
            tracing::warn!(cluster = %id, cause = cause.text(), "the doctor names a cause");
        }
        self.outcome = Some(examined.cause);
    }

    async fn still_goes_on(&self) -> bool {
        let Ok(cluster) = self.store.get_cluster(&Scope::All, self.id).await else { return false };
        let Ok(operations) = self.store.list_open_operations(self.id).await else { return false };
        is_coming(&cluster) && began(&cluster, &operations) == self.action
    }
}

impl Drop for Look {
    fn drop(&mut self) {
        let (action, outcome) = (self.action, self.outcome.take());
        // The cluster may be gone, and then nothing is to be kept for it.
        if let Some(inquiry) = self.inquiries.0.lock().unwrap_or_else(PoisonError::into_inner).get_mut(&self.id) {
            inquiry.end(action, outcome);
        }
        self.store.wake(self.id, magnum_store::Cause::Reported);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::SignedDuration;

    #[test]
    fn one_look_at_a_time_not_too_often_and_what_comes_too_late_is_dropped() {
        let (now, create) = (Instant::now(), Timestamp::UNIX_EPOCH);
        let resize = create + SignedDuration::from_secs(60);
        let cause = || Some(Cause { fault: "x".to_owned(), summary: "it is so.".to_owned() });
        let mut inquiry = Inquiry::default();
        inquiry.enter(create);
        assert!(inquiry.begin(now));
        assert!(!inquiry.begin(now + BETWEEN * 9), "one runs");
        inquiry.end(create, Some(cause()));
        assert_eq!(inquiry.found, cause());
        assert!(!inquiry.begin(now + BETWEEN / 2), "not so soon");
        assert!(inquiry.begin(now + BETWEEN));
        inquiry.end(create, None);
        assert_eq!(inquiry.found, cause(), "a look that came to no end takes nothing back");
        assert!(inquiry.begin(now + BETWEEN * 2));
        inquiry.end(create, Some(None));
        assert_eq!(inquiry.found, None, "one that names nothing does");
        assert!(inquiry.begin(now + BETWEEN * 3));
        inquiry.end(create, Some(cause()));
        assert!(inquiry.begin(now + BETWEEN * 4));
        inquiry.enter(resize);
        assert_eq!(inquiry.found, None, "found of another action");
        assert!(!inquiry.begin(now + BETWEEN * 5), "the look of the other action still runs");
        inquiry.end(create, Some(cause()));
        assert_eq!((inquiry.found.clone(), inquiry.running), (None, false), "it came too late");
        assert_eq!(cause().map(|c| c.text()).unwrap(), "x: it is so");
    }
}
