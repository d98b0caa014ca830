// SPDX-License-Identifier: Apache-2.0
//! The doctor's last reports per cluster.

use crate::column::Column;
use crate::error::Error;
use crate::record::{self, record};
use crate::sql::transaction;
use crate::{Store, inquiry, lock, now_ms};
use magnum_types::ClusterId;
use uuid::Uuid;

/// Reports kept per cluster, of those that users asked for and of the conductor's: while something hangs, it makes many.
const KEPT: usize = 5;

/// One cluster's reports, and of these the ones that were asked for by the same.
const NEWEST_FIRST: &str = "WHERE r.\"cluster\" = ? ORDER BY r.\"made_at\" DESC";
const NEWEST_FIRST_OF: &str = "WHERE r.\"cluster\" = ? AND r.\"asked_by\" = ? ORDER BY r.\"made_at\" DESC";

record! {
    /// A report that is kept.
    #[derive(Debug, Clone, PartialEq)]
    Diagnosis in "mg_diagnosis" {
        id: Uuid,
        cluster: ClusterId,
        /// Milliseconds since 1970.
        made_at: i64,
        /// `user`, or `conductor` for one that nobody asked for.
        asked_by: String,
        report: serde_json::Value,
    }
}

impl Diagnosis {
    /// A report made now.
    pub fn new(id: Uuid, cluster: ClusterId, asked_by: &str, report: serde_json::Value) -> Self {
        Self { id, cluster, made_at: now_ms(), asked_by: asked_by.to_owned(), report }
    }
}

impl Store {
    /// The last report, if one was made.
    pub async fn get_report(&self, cluster: ClusterId) -> Result<Option<serde_json::Value>, Error> {
        let last: Vec<Diagnosis> = record::list(&self.db, &format!("{NEWEST_FIRST} LIMIT 1"), vec![cluster.arg()]).await?;
        Ok(last.into_iter().next().map(|last| last.report))
    }

    /// The newest of the reports that `user` or `conductor` asked for.
    pub async fn get_last_diagnosis(&self, cluster: ClusterId, asked_by: &str) -> Result<Option<Diagnosis>, Error> {
        let last = record::list(&self.db, &format!("{NEWEST_FIRST_OF} LIMIT 1"), vec![cluster.arg(), asked_by.to_owned().arg()]).await?;
        Ok(last.into_iter().next())
    }

    /// The reports that are kept, newest first.
    pub async fn list_diagnoses(&self, cluster: ClusterId) -> Result<Vec<Diagnosis>, Error> {
        record::list(&self.db, NEWEST_FIRST, vec![cluster.arg()]).await
    }

    /// One of the reports that are kept.
    pub async fn get_diagnosis(&self, cluster: ClusterId, id: Uuid) -> Result<Diagnosis, Error> {
        let rows = record::list(&self.db, "WHERE r.\"cluster\" = ? AND r.\"id\" = ?", vec![cluster.arg(), id.arg()]).await?;
        rows.into_iter().next().ok_or_else(|| Error::NotFound { what: "diagnosis", ident: id.to_string() })
    }

    /// Keeps a report as the cluster's last; the oldest goes when there are too many, and the inquiry it came of. Not found
    /// when the cluster was deleted meanwhile.
    pub async fn insert_diagnosis(&self, made: &Diagnosis) -> Result<(), Error> {
        transaction!(self.db, |tx| {
            lock::cluster(tx, made.cluster).await?;
            let rows = |which: &str| format!("SELECT r.\"id\", r.\"made_at\" FROM \"mg_diagnosis\" r {which}");
            let last = tx.fetch(&rows(&format!("{NEWEST_FIRST} LIMIT 1")), vec![made.cluster.arg()]).await?;
            let kept = tx.fetch(&rows(NEWEST_FIRST_OF), vec![made.cluster.arg(), made.asked_by.arg()]).await?;
            // The last one is the last one, whatever the clock says.
            let newest: Option<i64> = last.first().map(|row| row.get("made_at")).transpose()?;
            let made_at = newest.map_or(made.made_at, |newest| made.made_at.max(newest + 1));
            record::insert(tx, &Diagnosis { made_at, ..made.clone() }, false, "diagnosis", &made.id.to_string()).await?;
            inquiry::forget(tx, made.id).await?;
            for old in kept.iter().skip(KEPT - 1) {
                tx.execute("DELETE FROM \"mg_diagnosis\" WHERE \"id\" = ?", vec![old.get::<Uuid>("id")?.arg()]).await?;
            }
            Ok(())
        })
    }
}
