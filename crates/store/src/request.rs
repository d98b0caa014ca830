// SPDX-License-Identifier: Apache-2.0
//! A new wanted state and the operation that says who wanted it: one transaction, before the caller gets its answer.

use crate::error::Error;
use crate::record;
use crate::sql::{Arg, Transaction};
use crate::{Cause, Cluster, ClusterField, NodeGroup, NodeGroupField, Operation, Store, cluster, node, nodegroup, now_seconds};
use magnum_types::{ClusterStatus, NodeGroupId, NodeName};

/// A cluster to create.
#[derive(Debug, Clone)]
pub struct NewCluster {
    pub cluster: Cluster,
    pub groups: Vec<NodeGroup>,
    pub operation: Operation,
}

/// A change to a cluster's wanted state.
#[derive(Debug, Clone)]
pub struct Request {
    pub operation: Operation,
    /// Refused with [`Error::Status`] while the cluster has one of these.
    pub not_while: Vec<ClusterStatus>,
    pub cluster: Vec<ClusterField>,
    pub groups: Vec<(NodeGroupId, Vec<NodeGroupField>)>,
    pub new_groups: Vec<NodeGroup>,
    /// Nodes whose power is to be on or off.
    pub power: Vec<(NodeName, bool)>,
}

impl Request {
    /// A request that changes nothing yet.
    pub fn new(operation: Operation) -> Self {
        Self { operation, not_while: Vec::new(), cluster: Vec::new(), groups: Vec::new(), new_groups: Vec::new(), power: Vec::new() }
    }
}

impl Store {
    /// Stores a new cluster with its groups and the operation, and wakes the conductor.
    pub async fn insert_cluster(&self, new: NewCluster) -> Result<(), Error> {
        let id = new.cluster.uuid;
        let mut cluster = new.cluster;
        cluster.created_at = Some(now_seconds());
        let mut tx = self.db.begin().await?;
        record::insert(&mut tx, &cluster, true, "Cluster", &id.to_string()).await?;
        for group in new.groups {
            insert_group(&mut tx, group).await?;
        }
        record::insert(&mut tx, &new.operation, false, "operation", &new.operation.id.to_string()).await?;
        tx.commit().await?;
        self.changes.tell(id, Cause::Wanted);
        Ok(())
    }

    /// Stores a changed wanted state with the operation, and wakes the conductor.
    pub async fn request(&self, request: Request) -> Result<(), Error> {
        let id = request.operation.cluster;
        let mut tx = self.db.begin().await?;
        let rows = tx.fetch("SELECT \"status\" FROM \"cluster\" WHERE \"uuid\" = ?", vec![Arg::Text(id.to_string())]).await?;
        let row = rows.first().ok_or_else(|| Error::NotFound { what: "cluster", ident: id.to_string() })?;
        let status: Option<ClusterStatus> = row.get("status")?;
        if let Some(status) = status.filter(|s| request.not_while.contains(s)) {
            return Err(Error::Status { status });
        }
        if !request.cluster.is_empty() {
            cluster::set(&mut tx, id, &request.cluster).await?;
        }
        for (group, fields) in &request.groups {
            nodegroup::set(&mut tx, id, *group, fields).await?;
        }
        for group in request.new_groups {
            insert_group(&mut tx, group).await?;
        }
        for (name, on) in &request.power {
            node::set_power(&mut tx, id, name, *on).await?;
        }
        record::insert(&mut tx, &request.operation, false, "operation", &request.operation.id.to_string()).await?;
        tx.commit().await?;
        self.changes.tell(id, Cause::Wanted);
        Ok(())
    }
}

async fn insert_group(tx: &mut Transaction, mut group: NodeGroup) -> Result<(), Error> {
    group.created_at = Some(now_seconds());
    let name = group.name.clone();
    record::insert(tx, &group, true, "nodegroup", &name).await
}
