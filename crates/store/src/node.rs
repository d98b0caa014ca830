// SPDX-License-Identifier: Apache-2.0
//! Nodes: which there are to be, their credentials, and how far each has come.

use crate::column::Column;
use crate::error::Error;
use crate::record::{self, Record, record};
use crate::sql::{Arg, At, Row, Transaction, transaction};
use crate::{Cause, Lease, Store, now_ms};
use magnum_types::{ClusterId, NodeGroupId, NodeName, Role, StepState};
use std::collections::BTreeMap;
use uuid::Uuid;

/// How a node stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NodeStatus {
    Building,
    Ready,
    Failed,
    Stopped,
    Unknown,
}

impl NodeStatus {
    /// The word on the wire and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            NodeStatus::Building => "BUILDING",
            NodeStatus::Ready => "READY",
            NodeStatus::Failed => "FAILED",
            NodeStatus::Stopped => "STOPPED",
            NodeStatus::Unknown => "UNKNOWN",
        }
    }
}

impl Column for NodeStatus {
    fn read(row: &Row, at: At<'_>) -> Result<Self, Error> {
        use NodeStatus::*;
        let text = row.text(at)?;
        [Building, Ready, Failed, Stopped, Unknown]
            .into_iter()
            .find(|s| s.as_str() == text)
            .ok_or_else(|| Error::Unreadable { column: at.name.to_owned(), value: text })
    }
    fn arg(&self) -> Arg {
        Arg::Text(self.as_str().to_owned())
    }
}

record! {
    /// One node. Times are milliseconds since 1970.
    #[derive(Debug, Clone, PartialEq)]
    Node in "mg_node" {
        /// Which life of the name this is: a node made anew under an old name has a new id.
        id: Uuid,
        cluster: ClusterId,
        name: NodeName,
        nodegroup: NodeGroupId,
        role: Role,
        idx: i64,
        address: String,
        /// SHA-256 of the node's token, hexadecimal.
        token_hash: String,
        powered_on: bool,
        status: NodeStatus,
        boot_id: Option<String>,
        versions: BTreeMap<String, String>,
        /// The agent's newest step.
        step: Option<String>,
        step_state: Option<StepState>,
        step_detail: Option<String>,
        step_at: Option<i64>,
        step_ms: Option<i64>,
        started_at: Option<i64>,
        ready_at: Option<i64>,
    }
}

impl Node {
    /// A node that is to be built: powered on, no report yet, its time running from now.
    pub fn new(
        cluster: ClusterId,
        name: NodeName,
        nodegroup: NodeGroupId,
        role: Role,
        idx: i64,
        address: String,
        token_hash: String,
    ) -> Self {
        Self {
            id: Uuid::new_v4(),
            cluster,
            name,
            nodegroup,
            role,
            idx,
            address,
            token_hash,
            powered_on: true,
            status: NodeStatus::Building,
            boot_id: None,
            versions: BTreeMap::new(),
            step: None,
            step_state: None,
            step_detail: None,
            step_at: None,
            step_ms: None,
            started_at: Some(now_ms()),
            ready_at: None,
        }
    }
}

impl Store {
    /// The cluster's nodes: masters first, then by group and index.
    pub async fn list_nodes(&self, cluster: ClusterId) -> Result<Vec<Node>, Error> {
        let tail = "WHERE r.\"cluster\" = ? ORDER BY r.\"role\", r.\"nodegroup\", r.\"idx\"";
        record::list(&self.db, tail, vec![Arg::Text(cluster.to_string())]).await
    }

    /// One node by name.
    pub async fn get_node(&self, cluster: ClusterId, name: &NodeName) -> Result<Node, Error> {
        let args = vec![Arg::Text(cluster.to_string()), Arg::Text(name.to_string())];
        let rows = record::list(&self.db, "WHERE r.\"cluster\" = ? AND r.\"name\" = ?", args).await?;
        rows.into_iter().next().ok_or_else(|| Error::NotFound { what: "node", ident: name.to_string() })
    }

    /// Inserts nodes and removes those that are no longer wanted, in one transaction. A name in both lists is a node
    /// made anew. Events of removed nodes stay.
    pub async fn replace_nodes(&self, lease: &Lease, cluster: ClusterId, remove: &[NodeName], insert: &[Node]) -> Result<(), Error> {
        transaction!(self.db, |tx| {
            lease.fence(tx).await?;
            for name in remove {
                let args = vec![Arg::Text(cluster.to_string()), Arg::Text(name.to_string())];
                tx.execute("DELETE FROM \"mg_node\" WHERE \"cluster\" = ? AND \"name\" = ?", args).await?;
            }
            for node in insert {
                record::insert(tx, node, false, "node", node.name.as_str()).await?;
            }
            tx.tell(cluster, Cause::Recorded);
            Ok(())
        })
    }

    /// Records how a conductor sees a node, e.g. stopped or failed to start; `detail` replaces the step's if given.
    pub async fn update_node_status(
        &self,
        lease: &Lease,
        cluster: ClusterId,
        name: &NodeName,
        status: NodeStatus,
        detail: Option<&str>,
    ) -> Result<(), Error> {
        transaction!(self.db, |tx| {
            lease.fence(tx).await?;
            let mut set = vec![("status", status.arg())];
            if let Some(detail) = detail {
                set.push(("step_detail", Arg::Text(detail.to_owned())));
            }
            let args = vec![Arg::Text(cluster.to_string()), Arg::Text(name.to_string())];
            record::update(tx, Node::TABLE, set, "\"cluster\" = ? AND \"name\" = ?", args).await?;
            tx.tell(cluster, Cause::Recorded);
            Ok(())
        })
    }

    /// Gives a node a new credential: the one that had the old one is shut out at once.
    pub async fn update_node_token(&self, lease: &Lease, cluster: ClusterId, name: &NodeName, token_hash: &str) -> Result<(), Error> {
        transaction!(self.db, |tx| {
            lease.fence(tx).await?;
            let args = vec![Arg::Text(cluster.to_string()), Arg::Text(name.to_string())];
            let set = vec![("token_hash", Arg::Text(token_hash.to_owned()))];
            record::update(tx, Node::TABLE, set, "\"cluster\" = ? AND \"name\" = ?", args).await?;
            Ok(())
        })
    }
}

/// Sets whether a node is to have power.
pub(crate) async fn set_power(tx: &mut Transaction, cluster: ClusterId, name: &NodeName, on: bool) -> Result<(), Error> {
    let args = vec![Arg::Text(cluster.to_string()), Arg::Text(name.to_string())];
    let found = record::update(tx, Node::TABLE, vec![("powered_on", Arg::Bool(on))], "\"cluster\" = ? AND \"name\" = ?", args).await?;
    if found == 0 { Err(Error::NotFound { what: "node", ident: name.to_string() }) } else { Ok(()) }
}
