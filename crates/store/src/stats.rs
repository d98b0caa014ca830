// SPDX-License-Identifier: Apache-2.0
//! How much there is.

use crate::Store;
use crate::error::Error;
use crate::sql::Arg;
use magnum_types::{ClusterStatus, ProjectId};

/// Clusters, and the nodes wanted in them, masters included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stats {
    pub clusters: i64,
    pub nodes: i64,
}

impl Store {
    /// How many clusters of all projects are in which status.
    pub async fn count_clusters_by_status(&self) -> Result<Vec<(ClusterStatus, i64)>, Error> {
        let sql = "SELECT \"status\" AS \"status\", COUNT(*) AS \"n\" FROM \"cluster\" WHERE \"status\" IS NOT NULL GROUP BY \"status\"";
        self.db.fetch(sql, Vec::new()).await?.iter().map(|row| Ok((row.get("status")?, row.get("n")?))).collect()
    }

    /// Counts one project's, or everybody's.
    pub async fn get_stats(&self, project: Option<&ProjectId>) -> Result<Stats, Error> {
        let (condition, args) = match project {
            None => ("1 = 1", vec![]),
            Some(project) => ("c.\"project_id\" == ?", vec![Arg::Text(project.0.clone())]),
        };
        let clusters = format!("SELECT COUNT(*) AS \"n\" FROM \"cluster\" c WHERE {condition}");
        let nodes = format!(
            "SELECT CAST(COALESCE(SUM(g.\"node_count\"), 0) AS {{int}}) AS \"n\" FROM \"nodegroup\" g JOIN \"cluster\" c ON c.\"uuid\" = g.\"cluster_id\" WHERE {condition}"
        );
        let clusters = self.db.fetch(&clusters, args.clone()).await?;
        let nodes = self.db.fetch(&nodes, args).await?;
        let count = |rows: &[crate::sql::Row]| rows.first().map_or(Ok(0), |row| row.get("n"));
        Ok(Stats { clusters: count(&clusters)?, nodes: count(&nodes)? })
    }
}
