// SPDX-License-Identifier: Apache-2.0
//! Which rows a caller may see, and which part of them is asked for.

use crate::error::Error;
use crate::record::Record;
use crate::sql::{Arg, Database};
use magnum_types::{ProjectId, UserId};

/// Whose rows are visible.
#[derive(Debug, Clone)]
pub enum Scope {
    /// Everybody's: an administrator asks.
    All,
    /// One project's.
    Project(ProjectId),
    /// One user's, when the token has no project.
    User(UserId),
}

impl Scope {
    /// A condition on alias `r`.
    pub(crate) fn condition(&self) -> (&'static str, Vec<Arg>) {
        match self {
            Scope::All => ("1 = 1", vec![]),
            Scope::Project(project) => ("r.\"project_id\" = ?", vec![Arg::Text(project.0.clone())]),
            Scope::User(user) => ("r.\"user_id\" = ?", vec![Arg::Text(user.0.clone())]),
        }
    }
}

/// A part of a sorted list. `sort_key` must be one of the table's columns; the caller has checked `marker`.
#[derive(Debug, Clone)]
pub struct Page {
    pub limit: i64,
    /// The row after which to begin, by `uuid` (quotas: by `id`).
    pub marker: Option<String>,
    pub sort_key: String,
    pub descending: bool,
}

impl Default for Page {
    fn default() -> Self {
        Self { limit: 1000, marker: None, sort_key: "id".to_owned(), descending: false }
    }
}

impl Page {
    /// The rows of this page among those for which `condition` (on alias `r`) holds. Rows without a value come
    /// before all others; ties are broken by `id`, in the same direction, as Magnum does.
    pub(crate) async fn fetch<R: Record>(
        &self,
        db: &Database,
        condition: &str,
        mut args: Vec<Arg>,
        marker_column: &str,
    ) -> Result<Vec<R>, Error> {
        let key = R::COLUMNS.iter().find(|c| **c == self.sort_key).copied().unwrap_or("id");
        let (direction, nulls, past) = if self.descending { ("DESC", "DESC", "<") } else { ("ASC", "ASC", ">") };
        let mut tail = format!("WHERE {condition}");
        if let Some(marker) = &self.marker {
            let null_side = if self.descending {
                format!("(r.\"{key}\" IS NULL AND m.\"{key}\" IS NOT NULL)")
            } else {
                format!("(r.\"{key}\" IS NOT NULL AND m.\"{key}\" IS NULL)")
            };
            tail.push_str(&format!(
                " AND EXISTS (SELECT 1 FROM \"{table}\" m WHERE m.\"{marker_column}\" = ? AND (r.\"{key}\" {past} m.\"{key}\" OR {null_side} \
                 OR ((r.\"{key}\" = m.\"{key}\" OR (r.\"{key}\" IS NULL AND m.\"{key}\" IS NULL)) AND r.\"id\" {past} m.\"id\")))",
                table = R::TABLE,
            ));
            args.push(marker.parse().map_or_else(|_| Arg::Text(marker.clone()), Arg::Int));
        }
        tail.push_str(&format!(
            " ORDER BY CASE WHEN r.\"{key}\" IS NULL THEN 0 ELSE 1 END {nulls}, r.\"{key}\" {direction}, r.\"id\" {direction} LIMIT ?"
        ));
        args.push(Arg::Int(self.limit));
        crate::record::list(db, &tail, args).await
    }
}
