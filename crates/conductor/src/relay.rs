// SPDX-License-Identifier: Apache-2.0
//! Brings what others are to be told from the database to whoever carries it on.
//!
//! A notice leaves the database when it was taken, not before: one that was being carried when a process died is carried
//! again, under the same id. Of several processes one carries at a time, so that notices keep their order.

use magnum_engine::Boxed;
use magnum_store::{Notice, Store};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{Notify, watch};

/// Carries notices to others.
pub trait Announce: Send + Sync {
    /// Carries one notice; an error says why nobody took it.
    fn announce<'a>(&'a self, notice: &'a Notice) -> Boxed<'a, Result<(), String>>;
    /// How long to wait after so many failures with one notice; none: it is given up.
    fn patience(&self, failures: u32) -> Option<Duration>;
}

/// Notices are left by processes that have died, too.
const EVERY: Duration = Duration::from_secs(10);
/// While another process carries.
const BUSY: Duration = Duration::from_secs(1);
const LEASE: Duration = Duration::from_secs(30);
/// At the end, for notices of the last moment.
const FAREWELL: Duration = Duration::from_secs(3);
/// Read at once.
const BATCH: i64 = 50;
/// So many notices are kept for a time when nobody takes them.
const MOST: i64 = 10_000;

/// The carrying, and what it has met.
pub(crate) struct Relay {
    pub store: Store,
    pub holder: String,
    pub announcer: Arc<dyn Announce>,
    /// Rung when there is something to tell.
    pub told: Arc<Notify>,
    failures: u32,
}

impl Relay {
    pub fn new(store: Store, holder: String, announcer: Arc<dyn Announce>, told: Arc<Notify>) -> Self {
        Self { store, holder, announcer, told, failures: 0 }
    }

    /// Carries until `stop` turns true.
    pub async fn run(mut self, mut stop: watch::Receiver<bool>) {
        let told = Arc::clone(&self.told);
        loop {
            let wait = tokio::select! {
                _ = stop.changed() => break,
                wait = self.pass() => wait,
            };
            tokio::select! {
                _ = stop.changed() => break,
                () = tokio::time::sleep(wait) => {}
                () = told.notified(), if self.failures == 0 => {}
            }
        }
        // What is left then is carried after the next start.
        let _ = tokio::time::timeout(FAREWELL, self.pass()).await;
    }

    /// Carries what there is; answers when to look again.
    async fn pass(&mut self) -> Duration {
        match self.carry().await {
            Ok(wait) => wait,
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "what others are to be told could not be read");
                EVERY
            }
        }
    }

    async fn carry(&mut self) -> Result<Duration, magnum_store::Error> {
        if self.store.list_notices(1).await?.is_empty() {
            return Ok(EVERY);
        }
        let Some(lease) = self.store.take_lease("notices", &self.holder, LEASE).await? else { return Ok(BUSY) };
        let mut since = Instant::now();
        let wait = loop {
            let batch = self.store.list_notices(BATCH).await?;
            if batch.is_empty() {
                break EVERY;
            }
            if let Some(wait) = self.carry_batch(&batch, &mut since, &lease).await? {
                break wait;
            }
        };
        self.store.release_lease(&lease).await?;
        Ok(wait)
    }

    /// Carries these; answers how long to wait when one was not taken.
    async fn carry_batch(
        &mut self,
        batch: &[Notice],
        since: &mut Instant,
        lease: &magnum_store::Lease,
    ) -> Result<Option<Duration>, magnum_store::Error> {
        for notice in batch {
            if since.elapsed() > LEASE / 4 {
                if !self.store.renew_lease(lease, LEASE).await? {
                    return Ok(Some(BUSY));
                }
                *since = Instant::now();
            }
            if let Err(reason) = self.announcer.announce(notice).await {
                let Some(wait) = self.not_taken(notice, &reason).await? else { continue };
                return Ok(Some(wait));
            }
            if self.failures > 0 {
                tracing::info!("notifications are taken again");
                self.failures = 0;
            }
            self.store.delete_notice(notice.id).await?;
        }
        Ok(None)
    }

    /// Decides about a notice that was not taken: kept for so long, or given up.
    async fn not_taken(&mut self, notice: &Notice, reason: &str) -> Result<Option<Duration>, magnum_store::Error> {
        self.failures += 1;
        let Some(wait) = self.announcer.patience(self.failures) else {
            tracing::error!(cluster = %notice.cluster, event = notice.event_type, reason, "a notification is given up");
            self.failures = 0;
            self.store.delete_notice(notice.id).await?;
            return Ok(None);
        };
        if self.failures == 1 {
            tracing::warn!(reason, "notifications are not taken; they are kept until they are");
        }
        let lost = self.store.trim_notices(MOST).await?;
        if lost > 0 {
            tracing::error!(lost, kept = MOST, "too many notifications wait; the oldest are given up");
        }
        Ok(Some(wait))
    }
}

#[cfg(test)]
mod tests;
