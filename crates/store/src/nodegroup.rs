// SPDX-License-Identifier: Apache-2.0
//! Node groups: Magnum's table `nodegroup`.

use crate::cluster::only;
use crate::error::Error;
use crate::field::fields;
use crate::record::{self, record};
use crate::sql::{Arg, Transaction, transaction};
use crate::{Cause, Lease, Page, Store, now_seconds};
use jiff::Timestamp;
use magnum_types::{ClusterId, ClusterStatus, Labels, NodeGroupId, ProjectId, Role};
use std::collections::BTreeMap;

record! {
    /// One group of nodes of a cluster; `node_count` is how many are wanted.
    #[derive(Debug, Clone)]
    NodeGroup in "nodegroup" {
        id: i64,
        uuid: NodeGroupId,
        name: String,
        cluster_id: ClusterId,
        project_id: ProjectId,
        /// In gibibytes.
        docker_volume_size: Option<i64>,
        labels: Labels,
        flavor_id: Option<String>,
        image_id: Option<String>,
        node_addresses: Vec<String>,
        node_count: i64,
        max_node_count: Option<i64>,
        min_node_count: Option<i64>,
        /// Free text; anything but `master` behaves as `worker`: see [`NodeGroup::is_master`].
        role: String,
        is_default: bool,
        stack_id: Option<String>,
        status: Option<ClusterStatus>,
        status_reason: Option<String>,
        version: Option<String>,
        node_labels: BTreeMap<String, String>,
        /// Objects of `key`, `value`, `effect`.
        node_taints: Vec<serde_json::Value>,
        created_at: Option<Timestamp>,
        updated_at: Option<Timestamp>,
    }
}

/// How many nodes a cluster is to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NodeCount {
    pub cluster: ClusterId,
    pub masters: i64,
    /// All that are no masters.
    pub workers: i64,
}

impl NodeGroup {
    /// Whether the nodes carry the control plane.
    pub fn is_master(&self) -> bool {
        Role::from_wire(&self.role) == Role::Master
    }
}

fields! {
    /// A column of a node group that changes after creation.
    NodeGroupField {
        Status(ClusterStatus) = "status",
        StatusReason(Option<String>) = "status_reason",
        NodeCount(i64) = "node_count",
        MinNodeCount(Option<i64>) = "min_node_count",
        MaxNodeCount(Option<i64>) = "max_node_count",
        NodeAddresses(Vec<String>) = "node_addresses",
        NodeLabels(BTreeMap<String, String>) = "node_labels",
        NodeTaints(Vec<serde_json::Value>) = "node_taints",
        StackId(Option<String>) = "stack_id",
        ImageId(Option<String>) = "image_id",
        Labels(Labels) = "labels",
        Version(Option<String>) = "version",
    }
}

impl Store {
    /// The cluster's groups, oldest first.
    pub async fn list_all_nodegroups(&self, cluster: ClusterId) -> Result<Vec<NodeGroup>, Error> {
        record::list(&self.db, "WHERE r.\"cluster_id\" = ? ORDER BY r.\"id\"", vec![Arg::Text(cluster.to_string())]).await
    }

    /// The groups of many clusters in one query.
    pub async fn list_nodegroups_of(&self, clusters: &[ClusterId]) -> Result<Vec<NodeGroup>, Error> {
        if clusters.is_empty() {
            return Ok(Vec::new());
        }
        let marks = vec!["?"; clusters.len()].join(", ");
        let args = clusters.iter().map(|id| Arg::Text(id.to_string())).collect();
        record::list(&self.db, &format!("WHERE r.\"cluster_id\" IN ({marks}) ORDER BY r.\"id\""), args).await
    }

    /// The wanted nodes of many clusters, counted by the database; clusters without groups are left out.
    pub async fn count_nodes_of(&self, clusters: &[ClusterId]) -> Result<Vec<NodeCount>, Error> {
        let mut counts = Vec::with_capacity(clusters.len());
        for some in clusters.chunks(1000) {
            let marks = vec!["?"; some.len()].join(", ");
            let sql = format!(
                "SELECT \"cluster_id\", CAST(SUM(CASE WHEN \"role\" == ? THEN COALESCE(\"node_count\", 0) ELSE 0 END) AS {{int}}) AS \"masters\", \
                 CAST(SUM(COALESCE(\"node_count\", 0)) AS {{int}}) AS \"nodes\" FROM \"nodegroup\" WHERE \"cluster_id\" IN ({marks}) \
                 GROUP BY \"cluster_id\""
            );
            let master = Arg::Text(Role::Master.to_string());
            let args = std::iter::once(master).chain(some.iter().map(|id| Arg::Text(id.to_string()))).collect();
            for row in self.db.fetch(&sql, args).await? {
                let (masters, nodes): (i64, i64) = (row.get("masters")?, row.get("nodes")?);
                counts.push(NodeCount { cluster: row.get("cluster_id")?, masters, workers: nodes - masters });
            }
        }
        Ok(counts)
    }

    /// A page of the cluster's groups, of one role if given.
    pub async fn list_nodegroups(&self, cluster: ClusterId, role: Option<&str>, page: &Page) -> Result<Vec<NodeGroup>, Error> {
        let mut args = vec![Arg::Text(cluster.to_string())];
        let mut condition = "r.\"cluster_id\" = ?".to_owned();
        if let Some(role) = role {
            condition.push_str(" AND r.\"role\" == ?");
            args.push(Arg::Text(role.to_owned()));
        }
        page.fetch(&self.db, &condition, args, "uuid").await
    }

    /// The cluster's group with this uuid or name.
    pub async fn find_nodegroup(&self, cluster: ClusterId, ident: &str) -> Result<NodeGroup, Error> {
        let column = if ident.parse::<NodeGroupId>().is_ok() { "uuid" } else { "name" };
        let args = vec![Arg::Text(cluster.to_string()), Arg::Text(ident.to_owned())];
        let rows = record::list(&self.db, &format!("WHERE r.\"cluster_id\" = ? AND r.\"{column}\" == ?"), args).await?;
        only(rows, "nodegroup", ident)
    }

    /// Records what a conductor did with a group. Nothing is written when the lease is lost.
    pub async fn update_nodegroup(
        &self,
        lease: &Lease,
        cluster: ClusterId,
        id: NodeGroupId,
        fields: &[NodeGroupField],
    ) -> Result<(), Error> {
        transaction!(self.db, |tx| {
            lease.fence(tx).await?;
            set(tx, cluster, id, fields).await?;
            tx.tell(cluster, Cause::Recorded);
            Ok(())
        })
    }

    /// Removes a group whose nodes are gone.
    pub async fn delete_nodegroup(&self, lease: &Lease, cluster: ClusterId, id: NodeGroupId) -> Result<(), Error> {
        transaction!(self.db, |tx| {
            lease.fence(tx).await?;
            let args = vec![Arg::Text(cluster.to_string()), Arg::Text(id.to_string())];
            record::forget_beside(tx, "nodegroup", "\"cluster_id\" = ? AND \"uuid\" = ?", args.clone()).await?;
            tx.execute("DELETE FROM \"nodegroup\" WHERE \"cluster_id\" = ? AND \"uuid\" = ?", args).await?;
            tx.tell(cluster, Cause::Recorded);
            Ok(())
        })
    }
}

/// Sets columns of a group and its `updated_at`.
pub(crate) async fn set(tx: &mut Transaction, cluster: ClusterId, id: NodeGroupId, fields: &[NodeGroupField]) -> Result<(), Error> {
    use crate::column::Column;
    let mut columns: Vec<_> = fields.iter().map(NodeGroupField::column).collect();
    columns.push(("updated_at", now_seconds().arg()));
    let args = vec![Arg::Text(cluster.to_string()), Arg::Text(id.to_string())];
    let found = record::update(tx, "nodegroup", columns, "\"cluster_id\" = ? AND \"uuid\" = ?", args).await?;
    if found == 0 { Err(Error::NotFound { what: "nodegroup", ident: id.to_string() }) } else { Ok(()) }
}
