// SPDX-License-Identifier: Apache-2.0
//! Which rows a caller may see, and which part of them is asked for.

use crate::dialect::Dialect;
use crate::error::Error;
use crate::record::Record;
use crate::sql::{Arg, Database, Kind};
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
    /// Whether a row of this project and user is visible.
    pub(crate) fn includes(&self, project: &ProjectId, user: &UserId) -> bool {
        match self {
            Scope::All => true,
            Scope::Project(own) => own == project,
            Scope::User(own) => own == user,
        }
    }

    /// A condition on alias `r`.
    pub(crate) fn condition(&self) -> (&'static str, Vec<Arg>) {
        match self {
            Scope::All => ("1 = 1", vec![]),
            Scope::Project(project) => ("r.\"project_id\" == ?", vec![Arg::Text(project.0.clone())]),
            Scope::User(user) => ("r.\"user_id\" == ?", vec![Arg::Text(user.0.clone())]),
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
    /// before all others, text is sorted by its bytes; ties are broken by `id`, in the same direction, as Magnum does.
    /// A marker that is no row's ends the list.
    pub(crate) async fn fetch<R: Record>(
        &self,
        db: &Database,
        condition: &str,
        mut args: Vec<Arg>,
        marker_column: &str,
    ) -> Result<Vec<R>, Error> {
        let mut columns = R::COLUMNS.iter().zip(R::KINDS);
        let known = columns.find(|(c, _)| **c == self.sort_key && !db.layout.is_missing(R::TABLE, c));
        let (key, kind) = known.map_or(("id", Kind::Int), |(column, kind)| (*column, *kind));
        let plain = format!("r.\"{key}\"");
        let sorted = if kind == Kind::Text { db.dialect().bytewise(&plain) } else { plain.clone() };
        let mut tail = format!("WHERE {condition}");
        if let Some(marker) = &self.marker {
            let Some((value, id)) = self.find(db, R::TABLE, (key, kind), marker, marker_column).await? else { return Ok(Vec::new()) };
            let past = if self.descending { "<" } else { ">" };
            let (after, more) = match (value, self.descending) {
                _ if key == "id" => (format!("r.\"id\" {past} ?"), vec![id]),
                (None, false) => (format!("({plain} IS NOT NULL OR r.\"id\" > ?)"), vec![id]),
                (None, true) => (format!("({plain} IS NULL AND r.\"id\" < ?)"), vec![id]),
                (Some(value), descending) => {
                    let last = if descending { format!(" OR {plain} IS NULL") } else { String::new() };
                    let text = format!("({sorted} {past} ? OR ({sorted} = ? AND r.\"id\" {past} ?){last})");
                    (text, vec![value.clone(), value, id])
                }
            };
            tail.push_str(&format!(" AND {after}"));
            args.extend(more);
        }
        let (direction, nulls) = match (self.descending, db.dialect()) {
            (false, Dialect::Postgres) => ("ASC", " NULLS FIRST"),
            (true, Dialect::Postgres) => ("DESC", " NULLS LAST"),
            (false, _) => ("ASC", ""),
            (true, _) => ("DESC", ""),
        };
        let order = if key == "id" { String::new() } else { format!("{sorted} {direction}{nulls}, ") };
        tail.push_str(&format!(" ORDER BY {order}r.\"id\" {direction} LIMIT ?"));
        args.push(Arg::Int(self.limit));
        let rows = db.fetch(&R::select(&db.layout, &tail), args).await?;
        let mut records = Vec::with_capacity(rows.len());
        for row in &rows {
            match R::from_row(row, 0) {
                Ok(record) => records.push(record),
                // One row that no version of Magnum writes must not take the whole list away; asked for by itself it is an error.
                Err(error @ Error::Unreadable { .. }) => {
                    tracing::error!(table = R::TABLE, id = row.int("id").unwrap_or_default(), %error, "a row is left out of a list");
                }
                Err(error) => return Err(error),
            }
        }
        Ok(records)
    }

    /// The marker's value of the sort key, none for NULL, and its id.
    async fn find(
        &self,
        db: &Database,
        table: &str,
        (key, kind): (&str, Kind),
        marker: &str,
        marker_column: &str,
    ) -> Result<Option<(Option<Arg>, Arg)>, Error> {
        let marker = match marker_column {
            "id" => match marker.parse() {
                Ok(number) => Arg::Int(number),
                Err(_) => return Ok(None),
            },
            _ => Arg::Text(marker.to_owned()),
        };
        let sql = format!("SELECT r.\"id\" AS \"marker\", r.\"{key}\" AS \"value\" FROM \"{table}\" r WHERE r.\"{marker_column}\" = ?");
        let rows = db.fetch(&sql, vec![marker]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let value = if row.is_null("value")? {
            None
        } else if kind == Kind::Time && db.dialect() == Dialect::Sqlite {
            // SQLite compares times as the text they are stored as.
            Some(Arg::Text(row.text("value")?))
        } else {
            Some(row.arg("value", kind)?)
        };
        Ok(Some((value, Arg::Int(row.int("marker")?))))
    }
}
