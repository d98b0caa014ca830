// SPDX-License-Identifier: Apache-2.0
//! What can go wrong with the state, in terms a caller can act on.

use magnum_types::ClusterStatus;

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
    /// The lease is held by somebody else by now: nothing was written.
    #[error("the lease {name} of generation {generation} is lost")]
    Fenced { name: String, generation: i64 },
    /// A row holds what no version of Magnum writes there.
    #[error("column {column} holds {value:?}, which cannot be read")]
    Unreadable { column: String, value: String },
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
        move |source| Error::Database { doing, source: Box::new(source) }
    }

    /// Whether the same call can succeed later without anybody changing anything.
    pub fn is_transient(&self) -> bool {
        matches!(self, Error::Database { .. })
    }
}
