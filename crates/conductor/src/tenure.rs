// SPDX-License-Identifier: Apache-2.0
//! The time in which a conductor has a cluster to itself: short, so that another takes over soon when this one dies, and
//! renewed for as long as work goes on.

use crate::Error;
use magnum_store::{Lease, Store};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// For how long a cluster is taken at a time.
pub(crate) const LEASE: Duration = Duration::from_secs(20);
/// Several renewals may fail before the lease is lost.
const RENEW: Duration = Duration::from_secs(4);
/// Longer than any single pass may take; then it is broken off.
const LONGEST: Duration = Duration::from_secs(180);

/// A lease that is kept while something is done.
pub(crate) struct Tenure<'a> {
    store: &'a Store,
    lease: &'a Lease,
    lasts: Duration,
    renew: Duration,
    longest: Duration,
}

impl<'a> Tenure<'a> {
    /// Of a lease that was taken for [`LEASE`].
    pub fn of(store: &'a Store, lease: &'a Lease) -> Self {
        Self { store, lease, lasts: LEASE, renew: RENEW, longest: LONGEST }
    }

    /// Does `work` while the lease is renewed. [`magnum_store::Error::Fenced`] when it is lost meanwhile, or the work never ends:
    /// then the work is broken off, and whatever of it goes on in other threads can write nothing.
    pub async fn spend<T>(self, work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        let began = Instant::now();
        tokio::pin!(work);
        loop {
            tokio::select! {
                outcome = &mut work => return outcome,
                () = sleep(self.renew) => {}
            }
            let fenced = || Error::Store(magnum_store::Error::Fenced { name: self.lease.name.clone(), generation: self.lease.generation });
            if began.elapsed() >= self.longest {
                tracing::error!(lease = self.lease.name, "work has not ended within {} s and is broken off", self.longest.as_secs());
                return Err(fenced());
            }
            // The renewal must not stop the work, which may hold a connection that the renewal waits for.
            let renewal = self.store.renew_lease(self.lease, self.lasts);
            let renewed = tokio::select! {
                outcome = &mut work => return outcome,
                renewed = renewal => renewed,
            };
            match renewed {
                Ok(true) => {}
                Ok(false) => return Err(fenced()),
                Err(error) => tracing::warn!(lease = self.lease.name, %error, "the lease could not be renewed"),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn tenure<'a>(store: &'a Store, lease: &'a Lease) -> Tenure<'a> {
        Tenure { store, lease, lasts: 300 * MS, renew: 30 * MS, longest: Duration::from_secs(60) }
    }

    #[tokio::test]
    async fn a_lease_is_kept_while_work_goes_on_and_work_ends_when_it_is_lost() {
        let store = Store::memory().await.unwrap();
        let lease = store.take_lease("cluster/x", "a", 300 * MS).await.unwrap().unwrap();
        // Longer than the lease was taken for.
        let outcome = tenure(&store, &lease).spend(async {
            sleep(900 * MS).await;
            Ok(store.take_lease("cluster/x", "b", 300 * MS).await.unwrap())
        });
        assert_eq!(outcome.await.unwrap(), None, "another took it while it was renewed");
        // Its own holder, after a restart, takes it at once.
        let again = store.take_lease("cluster/x", "a", Duration::from_secs(60)).await.unwrap().unwrap();
        let outcome = tenure(&store, &lease).spend(std::future::pending::<Result<(), Error>>()).await;
        assert!(outcome.unwrap_err().is_moot());
        let endless = Tenure { longest: 50 * MS, ..tenure(&store, &again) };
        assert!(endless.spend(std::future::pending::<Result<(), Error>>()).await.unwrap_err().is_moot());
    }
}
