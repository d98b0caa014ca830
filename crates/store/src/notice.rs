// SPDX-License-Identifier: Apache-2.0
//! What others are to be told of clusters: kept here, in the transaction that makes it true, until a broker has it.
//!
//! That way a process that is killed loses none, and a broker that is away holds nothing up.

use crate::column::Column;
use crate::error::Error;
use crate::operation::{self, OperationState};
use crate::record::{self, record};
use crate::sql::{Arg, At, Row, Transaction, transaction};
use crate::{Cause, ClusterField, Lease, Store, cluster, now_ms};
use magnum_types::{ClusterId, OperationId};
use serde_json::{Map, Value};
use uuid::Uuid;

/// How urgent a notice is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Priority {
    Info,
    Error,
}

impl Priority {
    /// The word in the message and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Priority::Info => "INFO",
            Priority::Error => "ERROR",
        }
    }
}

impl Column for Priority {
    fn read(row: &Row, at: At<'_>) -> Result<Self, Error> {
        let text = row.text(at)?;
        let known = [Priority::Info, Priority::Error].into_iter().find(|priority| priority.as_str() == text);
        known.ok_or_else(|| Error::Unreadable { column: at.name.to_owned(), value: text })
    }
    fn arg(&self) -> Arg {
        Arg::Text(self.as_str().to_owned())
    }
}

record! {
    /// One notice.
    #[derive(Debug, Clone, PartialEq)]
    Notice in "mg_notice" {
        /// In the order in which they are told.
        id: i64,
        /// The same however often it is sent.
        message_id: Uuid,
        cluster: ClusterId,
        /// Milliseconds since 1970.
        at: i64,
        /// Such as `magnum.cluster.create`.
        event_type: String,
        priority: Priority,
        /// Who asked for what it tells.
        context: Map<String, Value>,
        payload: Map<String, Value>,
    }
}

impl Notice {
    /// A notice of now.
    pub fn new(
        cluster: ClusterId,
        event_type: String,
        priority: Priority,
        context: Map<String, Value>,
        payload: Map<String, Value>,
    ) -> Self {
        Self { id: 0, message_id: Uuid::new_v4(), cluster, at: now_ms(), event_type, priority, context, payload }
    }
}

/// How an action ended: what its operations became, what the cluster became, what others are told.
#[derive(Debug, Clone)]
pub struct Ending {
    pub operations: Vec<OperationId>,
    pub state: OperationState,
    pub detail: String,
    pub cluster: Vec<ClusterField>,
    pub notices: Vec<Notice>,
}

impl Store {
    /// Notes that others are to be told that operations have begun.
    pub async fn announce(&self, lease: &Lease, operations: &[OperationId], notices: &[Notice]) -> Result<(), Error> {
        transaction!(self.db, |tx| {
            lease.fence(tx).await?;
            for id in operations {
                let set = vec![("announced_at", Arg::Int(now_ms()))];
                record::update(tx, "mg_operation", set, "\"id\" = ?", vec![Arg::Text(id.to_string())]).await?;
            }
            insert(tx, notices).await
        })
    }

    /// Records how an action ended, all of it or nothing. Nothing is written when the lease is lost.
    pub async fn end_action(&self, lease: &Lease, id: ClusterId, ending: Ending) -> Result<(), Error> {
        transaction!(self.db, |tx| {
            lease.fence(tx).await?;
            operation::finish(tx, &ending.operations, ending.state, &ending.detail).await?;
            cluster::set(tx, id, &ending.cluster).await?;
            insert(tx, &ending.notices).await?;
            tx.tell(id, Cause::Recorded);
            Ok(())
        })
    }

    /// The oldest `limit` notices that nobody has yet.
    pub async fn list_notices(&self, limit: i64) -> Result<Vec<Notice>, Error> {
        record::list(&self.db, "ORDER BY r.\"id\" LIMIT ?", vec![Arg::Int(limit)]).await
    }

    /// Forgets a notice: it was told, or nobody will ever want it.
    pub async fn delete_notice(&self, id: i64) -> Result<(), Error> {
        transaction!(self.db, |tx| { tx.execute("DELETE FROM \"mg_notice\" WHERE \"id\" = ?", vec![Arg::Int(id)]).await.map(drop) })
    }

    /// Forgets the oldest notices beyond `most`; answers how many.
    pub async fn trim_notices(&self, most: i64) -> Result<u64, Error> {
        let oldest = "SELECT \"id\" FROM \"mg_notice\" ORDER BY \"id\" DESC LIMIT 1 OFFSET ?";
        let rows = self.db.fetch(oldest, vec![Arg::Int(most)]).await?;
        let Some(last) = rows.first().map(|row| row.int("id")).transpose()? else { return Ok(0) };
        transaction!(self.db, |tx| { tx.execute("DELETE FROM \"mg_notice\" WHERE \"id\" <= ?", vec![Arg::Int(last)]).await })
    }
}

pub(crate) async fn insert(tx: &mut Transaction, notices: &[Notice]) -> Result<(), Error> {
    for notice in notices {
        record::insert(tx, notice, true, "notice", &notice.message_id.to_string()).await?;
    }
    Ok(())
}
