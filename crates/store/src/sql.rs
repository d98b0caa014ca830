// SPDX-License-Identifier: Apache-2.0
//! The thin layer over the database library: one text with `?`, typed arguments, rows read by column name.
//!
//! What differs between the databases is here and in [`crate::dialect`]; there is one set of queries.

mod lending;
mod pool;
mod retry;
mod row;
mod transaction;

pub(crate) use pool::{Database, Layout, postgres};
pub(crate) use retry::{Attempts, transaction};
pub(crate) use row::{At, Row};
pub(crate) use transaction::Transaction;

use crate::error::Error;
use std::time::Duration;
use time::PrimitiveDateTime;

/// How long a statement on a server may take, waiting for locks included.
const STATEMENT: Duration = Duration::from_secs(30);

/// What a column or an argument holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Int,
    Bool,
    Text,
    Time,
}

/// One argument of a statement.
#[derive(Debug, Clone)]
pub(crate) enum Arg {
    Null(Kind),
    Int(i64),
    Bool(bool),
    Text(String),
    Time(PrimitiveDateTime),
}

/// Binds arguments, whatever the database.
macro_rules! bound {
    ($sql:expr, $args:expr) => {{
        // Statements are built from literals and from column names of this crate, never from a caller's text.
        let mut query = sqlx::query(sqlx::AssertSqlSafe($sql));
        for arg in $args {
            query = match arg {
                crate::sql::Arg::Null(crate::sql::Kind::Int) => query.bind(None::<i64>),
                crate::sql::Arg::Null(crate::sql::Kind::Bool) => query.bind(None::<bool>),
                crate::sql::Arg::Null(crate::sql::Kind::Text) => query.bind(None::<String>),
                crate::sql::Arg::Null(crate::sql::Kind::Time) => query.bind(None::<time::PrimitiveDateTime>),
                crate::sql::Arg::Int(value) => query.bind(value),
                crate::sql::Arg::Bool(value) => query.bind(value),
                // PostgreSQL has no text with a zero in it.
                crate::sql::Arg::Text(value) if value.contains('\0') => query.bind(value.replace('\0', "\u{fffd}")),
                crate::sql::Arg::Text(value) => query.bind(value),
                crate::sql::Arg::Time(value) => query.bind(value),
            };
        }
        query
    }};
}
pub(crate) use bound;

/// Waits for a server's answer, but not for ever: the server's own limits do not help when it is gone.
async fn limited<T>(doing: &'static str, answer: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, Error> {
    match tokio::time::timeout(STATEMENT.saturating_add(Duration::from_secs(5)), answer).await {
        Ok(answer) => answer.map_err(Error::database(doing)),
        Err(_) => Err(Error::Database { doing, source: "no answer in time".into() }),
    }
}
