// SPDX-License-Identifier: Apache-2.0
//! The observed tree of a cluster as it was last seen, as JSON.

use crate::error::Error;
use crate::sql::{Arg, transaction};
use crate::{Lease, Store, now_ms};
use magnum_types::ClusterId;

impl Store {
    /// The tree, and when it was seen in milliseconds since 1970.
    pub async fn get_observed(&self, cluster: ClusterId) -> Result<Option<(serde_json::Value, i64)>, Error> {
        let sql = "SELECT \"tree\", \"observed_at\" FROM \"mg_resource\" WHERE \"cluster\" = ?";
        let rows = self.db.fetch(sql, vec![Arg::Text(cluster.to_string())]).await?;
        rows.first().map(|row| Ok((row.get("tree")?, row.get("observed_at")?))).transpose()
    }

    /// Keeps what a conductor saw.
    pub async fn update_observed(&self, lease: &Lease, cluster: ClusterId, tree: &serde_json::Value) -> Result<(), Error> {
        transaction!(self.db, |tx| {
            lease.fence(tx).await?;
            tx.execute("DELETE FROM \"mg_resource\" WHERE \"cluster\" = ?", vec![Arg::Text(cluster.to_string())]).await?;
            let sql = "INSERT INTO \"mg_resource\" (\"cluster\", \"tree\", \"observed_at\") VALUES (?, ?, ?)";
            tx.execute(sql, vec![Arg::Text(cluster.to_string()), Arg::Text(tree.to_string()), Arg::Int(now_ms())]).await?;
            Ok(())
        })
    }
}
