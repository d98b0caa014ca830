// SPDX-License-Identifier: Apache-2.0
//! Operations: what was asked for, by which request, and how it ended.

use crate::column::Column;
use crate::error::Error;
use crate::record::{self, record};
use crate::sql::{Arg, At, Row, Transaction, transaction};
use crate::{Cause, Lease, Store, now_ms};
use magnum_types::{ClusterId, OperationId};

/// The name in an operation's context under which the span of the request stands that asked for it, as W3C's header has it.
pub const TRACEPARENT: &str = "traceparent";

/// How an operation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OperationState {
    Running,
    Done,
    Failed,
}

impl OperationState {
    /// The word in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            OperationState::Running => "running",
            OperationState::Done => "done",
            OperationState::Failed => "failed",
        }
    }
}

impl Column for OperationState {
    fn read(row: &Row, at: At<'_>) -> Result<Self, Error> {
        match row.text(at)?.as_str() {
            "running" => Ok(OperationState::Running),
            "done" => Ok(OperationState::Done),
            "failed" => Ok(OperationState::Failed),
            other => Err(Error::Unreadable { column: at.name.to_owned(), value: other.to_owned() }),
        }
    }
    fn arg(&self) -> Arg {
        Arg::Text(self.as_str().to_owned())
    }
}

record! {
    /// One operation on a cluster.
    #[derive(Debug, Clone, PartialEq)]
    Operation in "mg_operation" {
        id: OperationId,
        cluster: ClusterId,
        /// `create`, `update`, `resize`, `delete`, `nodegroup-create`, `nodegroup-update`, `nodegroup-delete`, `power`,
        /// `upgrade`, `rotate-ca`, `rotate-credential`, `health`.
        kind: String,
        /// The request that asked for it, `req-…`.
        request_id: String,
        /// What the rows do not say, e.g. `{"nodes_to_remove": ["node-1"]}`.
        input: serde_json::Value,
        state: OperationState,
        detail: String,
        /// Milliseconds since 1970.
        started_at: i64,
        ended_at: Option<i64>,
        /// Who asked, by the names that OpenStack's request contexts have: `user_id`, `project_id`, `roles` and so on; and
        /// [`TRACEPARENT`], if the request was traced.
        context: serde_json::Map<String, serde_json::Value>,
        /// When others were told that it has begun.
        announced_at: Option<i64>,
    }
}

impl Operation {
    /// A new operation, running from now.
    pub fn new(cluster: ClusterId, kind: &str, request_id: &str, input: serde_json::Value) -> Self {
        Self {
            id: OperationId::random(),
            cluster,
            kind: kind.to_owned(),
            request_id: request_id.to_owned(),
            input,
            state: OperationState::Running,
            detail: String::new(),
            started_at: now_ms(),
            ended_at: None,
            context: serde_json::Map::new(),
            announced_at: None,
        }
    }

    /// The same, asked for by somebody.
    pub fn by(mut self, context: serde_json::Map<String, serde_json::Value>) -> Self {
        self.context = context;
        self
    }
}

impl Store {
    /// The cluster's unfinished operations, oldest first.
    pub async fn list_open_operations(&self, cluster: ClusterId) -> Result<Vec<Operation>, Error> {
        let tail = "WHERE r.\"cluster\" = ? AND r.\"ended_at\" IS NULL ORDER BY r.\"started_at\"";
        record::list(&self.db, tail, vec![Arg::Text(cluster.to_string())]).await
    }

    /// Ends operations, all with the same result.
    pub async fn finish_operations(
        &self,
        lease: &Lease,
        cluster: ClusterId,
        ids: &[OperationId],
        state: OperationState,
        detail: &str,
    ) -> Result<(), Error> {
        transaction!(self.db, |tx| {
            lease.fence(tx).await?;
            finish(tx, ids, state, detail).await?;
            tx.tell(cluster, Cause::Recorded);
            Ok(())
        })
    }
}

/// Ends operations, all with the same result.
pub(crate) async fn finish(tx: &mut Transaction, ids: &[OperationId], state: OperationState, detail: &str) -> Result<(), Error> {
    for id in ids {
        let set = vec![("state", state.arg()), ("detail", Arg::Text(detail.to_owned())), ("ended_at", Arg::Int(now_ms()))];
        record::update(tx, "mg_operation", set, "\"id\" = ?", vec![Arg::Text(id.to_string())]).await?;
    }
    Ok(())
}
