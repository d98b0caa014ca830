// SPDX-License-Identifier: Apache-2.0
//! A new wanted state and the operation that says who wanted it: one transaction, before the caller gets its answer.

use crate::error::Error;
use crate::record;
use crate::sql::{Arg, Transaction, transaction};
use crate::{Cause, Cluster, ClusterField, NodeGroup, NodeGroupField, Operation, Store, cluster, lock, node, nodegroup, now_seconds};
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
        self.insert_cluster_within(new, i64::MAX).await
    }

    /// As [`Self::insert_cluster`], but refused with [`Error::Limit`] when the project has `limit` clusters already: however
    /// many ask at the same time.
    pub async fn insert_cluster_within(&self, new: NewCluster, limit: i64) -> Result<(), Error> {
        let id = new.cluster.uuid;
        let mut cluster = new.cluster;
        cluster.created_at = Some(now_seconds());
        // Python's objects refuse to read these without a value.
        cluster.floating_ip_enabled.get_or_insert(true);
        cluster.master_lb_enabled.get_or_insert(false);
        transaction!(self.db, |tx| {
            if limit < i64::MAX {
                lock::name(tx, &format!("clusters of project {}", cluster.project_id)).await?;
                let sql = "SELECT COUNT(*) AS \"n\" FROM \"cluster\" WHERE \"project_id\" == ?";
                let rows = tx.fetch(sql, vec![Arg::Text(cluster.project_id.0.clone())]).await?;
                if rows.first().map_or(Ok(0), |row| row.get("n"))? >= limit {
                    return Err(Error::Limit { limit });
                }
            }
            lock::template(tx, cluster.cluster_template_id, false).await?;
            record::insert(tx, &cluster, true, "Cluster", &id.to_string()).await?;
            for group in &new.groups {
                insert_group(tx, group.clone()).await?;
            }
            record::insert(tx, &new.operation, false, "operation", &new.operation.id.to_string()).await?;
            tx.tell(id, Cause::Wanted);
            Ok(())
        })
    }

    /// Stores a changed wanted state with the operation, and wakes the conductor.
    pub async fn request(&self, request: Request) -> Result<(), Error> {
        let id = request.operation.cluster;
        transaction!(self.db, |tx| {
            for field in &request.cluster {
                if let ClusterField::TemplateId(template) = field {
                    lock::template(tx, *template, false).await?;
                }
            }
            let rows = tx.fetch("SELECT \"status\" FROM \"cluster\" WHERE \"uuid\" = ? {update}", vec![Arg::Text(id.to_string())]).await?;
            let row = rows.first().ok_or_else(|| Error::NotFound { what: "cluster", ident: id.to_string() })?;
            let status: Option<ClusterStatus> = row.get("status")?;
            if let Some(status) = status.filter(|s| request.not_while.contains(s)) {
                return Err(Error::Status { status });
            }
            if !request.cluster.is_empty() {
                cluster::set(tx, id, &request.cluster).await?;
            }
            for (group, fields) in &request.groups {
                nodegroup::set(tx, id, *group, fields).await?;
            }
            for group in &request.new_groups {
                insert_group(tx, group.clone()).await?;
            }
            for (name, on) in &request.power {
                node::set_power(tx, id, name, *on).await?;
            }
            record::insert(tx, &request.operation, false, "operation", &request.operation.id.to_string()).await?;
            tx.tell(id, Cause::Wanted);
            Ok(())
        })
    }
}

async fn insert_group(tx: &mut Transaction, mut group: NodeGroup) -> Result<(), Error> {
    group.created_at = Some(now_seconds());
    group.min_node_count.get_or_insert(0);
    let name = group.name.clone();
    record::insert(tx, &group, true, "nodegroup", &name).await
}
