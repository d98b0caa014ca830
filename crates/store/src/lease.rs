// SPDX-License-Identifier: Apache-2.0
//! Leases: who works on a cluster now. Each taking raises the generation, and every write of a conductor names it,
//! so that a conductor which was asleep past its time cannot write over its successor. Times are the database's own: the
//! clocks of several machines need not agree.

use crate::Store;
use crate::error::Error;
use crate::sql::{Arg, Transaction, transaction};
use std::time::Duration;

/// A lease that was taken; good until it expires or is lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    pub name: String,
    pub holder: String,
    pub generation: i64,
}

impl Lease {
    fn args(&self) -> Vec<Arg> {
        vec![Arg::Text(self.name.clone()), Arg::Text(self.holder.clone()), Arg::Int(self.generation)]
    }

    /// Locks the lease's row for this transaction, or fails when it is held by another.
    pub(crate) async fn fence(&self, tx: &mut Transaction) -> Result<(), Error> {
        let sql = "SELECT \"generation\" FROM \"mg_lease\" WHERE \"name\" = ? AND \"holder\" = ? AND \"generation\" = ? {update}";
        if tx.fetch(sql, self.args()).await?.is_empty() {
            return Err(Error::Fenced { name: self.name.clone(), generation: self.generation });
        }
        Ok(())
    }

    /// Removes the lease's row: what it was for is gone.
    pub(crate) async fn forget(&self, tx: &mut Transaction) -> Result<(), Error> {
        tx.execute("DELETE FROM \"mg_lease\" WHERE \"name\" = ? AND \"holder\" = ? AND \"generation\" = ?", self.args()).await.map(drop)
    }
}

impl Store {
    /// Takes the lease when it is free, expired, or `holder`'s own from before a restart. None when another has it.
    pub async fn take_lease(&self, name: &str, holder: &str, duration: Duration) -> Result<Option<Lease>, Error> {
        let lasts = milliseconds(duration);
        let outcome = transaction!(self.db, |tx| {
            let rows = tx.fetch("SELECT \"generation\" FROM \"mg_lease\" WHERE \"name\" = ?", vec![Arg::Text(name.to_owned())]).await?;
            let generation = match rows.first() {
                None => {
                    let sql = "INSERT INTO \"mg_lease\" (\"name\", \"holder\", \"generation\", \"expires_at\") VALUES (?, ?, 1, {now} + ?)";
                    let args = vec![Arg::Text(name.to_owned()), Arg::Text(holder.to_owned()), Arg::Int(lasts)];
                    tx.insert(sql, args, "lease", name).await?;
                    1
                }
                Some(row) => {
                    let seen: i64 = row.get("generation")?;
                    let sql = "UPDATE \"mg_lease\" SET \"holder\" = ?, \"generation\" = ?, \"expires_at\" = {now} + ? \
                               WHERE \"name\" = ? AND \"generation\" = ? AND (\"expires_at\" <= {now} OR \"holder\" = ?)";
                    let args = vec![
                        Arg::Text(holder.to_owned()),
                        Arg::Int(seen + 1),
                        Arg::Int(lasts),
                        Arg::Text(name.to_owned()),
                        Arg::Int(seen),
                        Arg::Text(holder.to_owned()),
                    ];
                    if tx.execute(sql, args).await? == 0 {
                        return Ok(None);
                    }
                    seen + 1
                }
            };
            Ok(Some(Lease { name: name.to_owned(), holder: holder.to_owned(), generation }))
        });
        match outcome {
            // Another was faster.
            Err(Error::Exists { .. }) => Ok(None),
            outcome => outcome,
        }
    }

    /// Who had the lease last, whether it is still good or not. None when nobody had it.
    pub async fn get_lease(&self, name: &str) -> Result<Option<Lease>, Error> {
        let sql = "SELECT \"holder\", \"generation\" FROM \"mg_lease\" WHERE \"name\" = ?";
        let rows = self.db.fetch(sql, vec![Arg::Text(name.to_owned())]).await?;
        let lease =
            |row: &crate::sql::Row| Ok(Lease { name: name.to_owned(), holder: row.text("holder")?, generation: row.get("generation")? });
        rows.first().map(lease).transpose()
    }

    /// Makes the lease last `duration` from now. False when it is lost.
    pub async fn renew_lease(&self, lease: &Lease, duration: Duration) -> Result<bool, Error> {
        self.expire_at(lease, "{now} + ?", milliseconds(duration)).await
    }

    /// Gives the lease up, so that the next taker need not wait.
    pub async fn release_lease(&self, lease: &Lease) -> Result<(), Error> {
        self.expire_at(lease, "?", 0).await.map(drop)
    }

    async fn expire_at(&self, lease: &Lease, when: &str, value: i64) -> Result<bool, Error> {
        let mut args = lease.args();
        args.insert(0, Arg::Int(value));
        let sql = format!("UPDATE \"mg_lease\" SET \"expires_at\" = {when} WHERE \"name\" = ? AND \"holder\" = ? AND \"generation\" = ?");
        let found = transaction!(self.db, |tx| { tx.execute(&sql, args.clone()).await })?;
        Ok(found == 1)
    }
}

/// A duration as the database counts it; longer than anybody waits is for ever.
fn milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX).min(i64::MAX / 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_holder_at_a_time_and_the_loser_is_fenced() {
        let store = Store::memory().await.unwrap();
        let long = Duration::from_secs(60);
        assert_eq!(store.get_lease("cluster/x").await.unwrap(), None);
        let first = store.take_lease("cluster/x", "a", Duration::ZERO).await.unwrap().unwrap();
        let second = store.take_lease("cluster/x", "b", long).await.unwrap().expect("the first has expired");
        assert_eq!((first.generation, second.generation), (1, 2));
        assert_eq!(store.get_lease("cluster/x").await.unwrap(), Some(second.clone()));
        assert_eq!(store.take_lease("cluster/x", "a", long).await.unwrap(), None);
        assert!(!store.renew_lease(&first, long).await.unwrap());
        assert!(store.renew_lease(&second, long).await.unwrap());
        let mut tx = store.db.begin().await.unwrap();
        assert!(matches!(first.fence(&mut tx).await, Err(Error::Fenced { .. })));
        assert!(second.fence(&mut tx).await.is_ok());
        drop(tx);
        let again = store.take_lease("cluster/x", "b", long).await.unwrap().expect("its own lease, after a restart");
        assert_eq!(again.generation, 3);
        store.release_lease(&again).await.unwrap();
        assert!(store.take_lease("cluster/x", "a", long).await.unwrap().is_some());
    }
}
