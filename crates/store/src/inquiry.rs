// SPDX-License-Identifier: Apache-2.0
//! Diagnoses that were started and are not waited for: how far they have come, for whichever process is asked. The report
//! of a whole one moves to the reports that are kept; what others answered stays for a while.

use crate::column::Column;
use crate::error::Error;
use crate::record::{self, record};
use crate::sql::{Arg, Transaction, transaction};
use crate::{Store, lock, now_ms};
use magnum_types::ClusterId;
use serde_json::Value;
use uuid::Uuid;

/// Of one cluster at a time.
const AT_ONCE: usize = 4;
/// Ended ones of a cluster that are remembered.
const KEPT: usize = 16;
/// Milliseconds without a word after which the process that was looking is taken for dead. It speaks every few seconds.
const SILENCE: i64 = 30_000;

const NEWEST_FIRST: &str = "WHERE r.\"cluster\" = ? ORDER BY r.\"began_at\" DESC, r.\"id\"";

record! {
    /// A diagnosis that was started.
    #[derive(Debug, Clone, PartialEq)]
    Inquiry in "mg_inquiry" {
        id: Uuid,
        cluster: ClusterId,
        /// What was asked.
        question: Value,
        /// Milliseconds since 1970.
        began_at: i64,
        /// When the process that looks last said so.
        heard_at: i64,
        /// What has been looked at so far.
        collectors: Vec<Value>,
        /// What came of it.
        report: Option<Value>,
        error: Option<String>,
    }
}

/// How far a diagnosis has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress<'a> {
    Running,
    Done(&'a Value),
    Failed(&'a str),
}

/// What became of the wish to begin one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begun {
    New(Uuid),
    /// The same is being asked already.
    Same(Uuid),
    /// So many of the cluster are running already.
    TooMany(usize),
}

impl Inquiry {
    /// How far it has come. One of whose process nothing was heard for long has failed.
    pub fn progress(&self) -> Progress<'_> {
        match (&self.error, &self.report) {
            (Some(error), _) => Progress::Failed(error),
            (None, Some(report)) => Progress::Done(report),
            (None, None) if now_ms() - self.heard_at > SILENCE => Progress::Failed("the process that was looking has ended"),
            (None, None) => Progress::Running,
        }
    }
}

impl Store {
    /// Notes that a diagnosis begins, unless the same is asked of the cluster already or too many are. Not found when the
    /// cluster is gone.
    pub async fn begin_inquiry(&self, cluster: ClusterId, question: Value) -> Result<Begun, Error> {
        let id = Uuid::new_v4();
        transaction!(self.db, |tx| {
            lock::cluster(tx, cluster).await?;
            let all: Vec<Inquiry> = record::list_in(tx, NEWEST_FIRST, vec![cluster.arg()]).await?;
            let (running, ended): (Vec<_>, Vec<_>) = all.iter().partition(|one| one.progress() == Progress::Running);
            if let Some(same) = running.iter().find(|one| one.question == question) {
                return Ok(Begun::Same(same.id));
            }
            if running.len() >= AT_ONCE {
                return Ok(Begun::TooMany(running.len()));
            }
            for old in ended.iter().skip(KEPT - 1) {
                forget(tx, old.id).await?;
            }
            let now = now_ms();
            let new = Inquiry {
                id,
                cluster,
                question: question.clone(),
                began_at: now,
                heard_at: now,
                collectors: Vec::new(),
                report: None,
                error: None,
            };
            record::insert(tx, &new, false, "diagnosis", &id.to_string()).await?;
            Ok(Begun::New(id))
        })
    }

    /// Notes that somebody still looks, and what has been looked at so far.
    pub async fn note_inquiry(&self, id: Uuid, collectors: &[Value]) -> Result<(), Error> {
        self.set_inquiry(id, collectors, vec![]).await
    }

    /// Notes what came of a diagnosis.
    pub async fn end_inquiry(&self, id: Uuid, collectors: &[Value], outcome: &Result<Value, String>) -> Result<(), Error> {
        let column = match outcome {
            Ok(report) => ("report", report.arg()),
            Err(error) => ("error", error.arg()),
        };
        self.set_inquiry(id, collectors, vec![column]).await
    }

    async fn set_inquiry(&self, id: Uuid, collectors: &[Value], more: Vec<(&'static str, Arg)>) -> Result<(), Error> {
        let collectors = collectors.to_vec().arg();
        transaction!(self.db, |tx| {
            let mut set = vec![("heard_at", now_ms().arg()), ("collectors", collectors.clone())];
            set.extend(more.iter().cloned());
            record::update(tx, "mg_inquiry", set, "\"id\" = ?", vec![id.arg()]).await.map(drop)
        })
    }

    /// The cluster's, newest first.
    pub async fn list_inquiries(&self, cluster: ClusterId) -> Result<Vec<Inquiry>, Error> {
        record::list(&self.db, NEWEST_FIRST, vec![cluster.arg()]).await
    }

    /// One of the cluster's. Not found also when its report is among those that are kept.
    pub async fn get_inquiry(&self, cluster: ClusterId, id: Uuid) -> Result<Inquiry, Error> {
        let rows = record::list(&self.db, "WHERE r.\"cluster\" = ? AND r.\"id\" = ?", vec![cluster.arg(), id.arg()]).await?;
        rows.into_iter().next().ok_or_else(|| Error::NotFound { what: "diagnosis", ident: id.to_string() })
    }
}

/// Forgets one.
pub(crate) async fn forget(tx: &mut Transaction, id: Uuid) -> Result<(), Error> {
    tx.execute("DELETE FROM \"mg_inquiry\" WHERE \"id\" = ?", vec![id.arg()]).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn one_that_is_silent_for_long_has_failed() {
        let mut inquiry = Inquiry {
            id: Uuid::new_v4(),
            cluster: ClusterId::random(),
            question: json!({}),
            began_at: 0,
            heard_at: now_ms(),
            collectors: vec![],
            report: None,
            error: None,
        };
        assert_eq!(inquiry.progress(), Progress::Running);
        inquiry.heard_at -= SILENCE + 1;
        assert_eq!(inquiry.progress(), Progress::Failed("the process that was looking has ended"));
        inquiry.report = Some(json!({"verdict": "healthy"}));
        assert_eq!(inquiry.progress(), Progress::Done(&json!({"verdict": "healthy"})));
        inquiry.error = Some("no known symptom".to_owned());
        assert_eq!(inquiry.progress(), Progress::Failed("no known symptom"));
    }
}
