// SPDX-License-Identifier: Apache-2.0
//! The doctor's last report per cluster.

use crate::error::Error;
use crate::sql::Arg;
use crate::{Store, now_ms};
use magnum_types::ClusterId;

impl Store {
    /// The last report, if one was made.
    pub async fn get_report(&self, cluster: ClusterId) -> Result<Option<serde_json::Value>, Error> {
        let rows =
            self.db.fetch("SELECT \"report\" FROM \"mg_report\" WHERE \"cluster\" = ?", vec![Arg::Text(cluster.to_string())]).await?;
        rows.first().map(|row| row.get("report")).transpose()
    }

    /// Keeps `report` as the cluster's last.
    pub async fn update_report(&self, cluster: ClusterId, report: &serde_json::Value) -> Result<(), Error> {
        let mut tx = self.db.begin().await?;
        tx.execute("DELETE FROM \"mg_report\" WHERE \"cluster\" = ?", vec![Arg::Text(cluster.to_string())]).await?;
        let args = vec![Arg::Text(cluster.to_string()), Arg::Int(now_ms()), Arg::Text(report.to_string())];
        tx.execute("INSERT INTO \"mg_report\" (\"cluster\", \"made_at\", \"report\") VALUES (?, ?, ?)", args).await?;
        tx.commit().await
    }
}
