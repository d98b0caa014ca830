// SPDX-License-Identifier: Apache-2.0
//! What can go wrong with the state, in terms a caller can act on.

use magnum_types::ClusterStatus;
use sqlx::mysql::MySqlDatabaseError;

/// A failure of the store.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The row is not there, or not visible to the caller.
    #[error("{what} {ident} could not be found")]
    NotFound { what: &'static str, ident: String },
    /// A name fits more than one row.
    #[error("multiple rows of {what} are called {ident}")]
    Ambiguous { what: &'static str, ident: String },
    /// A unique key is taken.
    #[error("{what} {ident} already exists")]
    Exists { what: &'static str, ident: String },
    /// The cluster's status does not allow the request.
    #[error("the cluster's status is {status}")]
    Status { status: ClusterStatus },
    /// The row is still needed by others.
    #[error("{what} {ident} is referenced by others")]
    Referenced { what: &'static str, ident: String },
    /// The project has as many as it may have.
    #[error("the limit of {limit} is reached")]
    Limit { limit: i64 },
    /// The lease is held by somebody else by now: nothing was written.
    #[error("the lease {name} of generation {generation} is lost")]
    Fenced { name: String, generation: i64 },
    /// A row holds what no version of Magnum writes there.
    #[error("column {column} holds {value:?}, which cannot be read")]
    Unreadable { column: String, value: String },
    /// The database cannot hold this text: too long, or characters that its character set lacks.
    #[error("the database cannot store this: {reason}")]
    Unstorable { reason: String },
    /// `[database] connection` cannot be used; the text never holds the password.
    #[error("[database] connection {reason}")]
    Connection { reason: String },
    /// The database's schema is not one that this program can work with.
    #[error("{reason}")]
    Schema { reason: String },
    /// The database refused or could not be reached.
    #[error("{doing} failed in the database")]
    Database {
        doing: &'static str,
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl Error {
    pub(crate) fn database(doing: &'static str) -> impl FnOnce(sqlx::Error) -> Error {
        move |source| match unstorable(&source) {
            Some(reason) => Error::Unstorable { reason },
            None => Error::Database { doing, source: Box::new(source) },
        }
    }

    /// Whether the same call can succeed later without anybody changing anything.
    pub fn is_transient(&self) -> bool {
        matches!(self, Error::Database { .. })
    }

    /// What the driver said, when it did.
    pub(crate) fn driver(&self) -> Option<&sqlx::Error> {
        match self {
            Error::Database { source, .. } => source.downcast_ref(),
            _ => None,
        }
    }
}

/// The number of a MySQL error.
pub(crate) fn mysql_number(error: &sqlx::Error) -> Option<u16> {
    error.as_database_error()?.try_downcast_ref::<MySqlDatabaseError>().map(MySqlDatabaseError::number)
}

/// MySQL 1366 and 1406, PostgreSQL 22001 and 22P05; without the database's own words, which name more than a caller should see.
fn unstorable(error: &sqlx::Error) -> Option<String> {
    let said = error.as_database_error()?;
    let is_too_long = match (mysql_number(error), said.code().as_deref()) {
        (Some(1406), _) | (None, Some("22001")) => true,
        (Some(1366), _) | (None, Some("22P05")) => false,
        _ => return None,
    };
    let what = column(said.message()).unwrap_or("a value");
    Some(if is_too_long { format!("{what} is too long") } else { format!("{what} has characters that the database's character set lacks") })
}

/// The column of MySQL's `… for column 'name' at row 1`, with or without its table before it.
fn column(message: &str) -> Option<&str> {
    let (_, rest) = message.split_once("for column ")?;
    let path = rest.split(" at row").next()?;
    path.rsplit('.').next().map(|name| name.trim_matches(['`', '\'', '"']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_column_is_named_and_nothing_else() {
        assert_eq!(column("Data too long for column 'name' at row 1"), Some("name"));
        let text = "Incorrect string value: '\\xF0\\x9F\\x9A\\x80' for column `magnum`.`cluster_template`.`tags` at row 1";
        assert_eq!(column(text), Some("tags"));
        assert_eq!(column("value too long for type character varying(255)"), None);
    }
}
