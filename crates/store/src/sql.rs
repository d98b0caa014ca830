// SPDX-License-Identifier: Apache-2.0
//! The thin layer over the database library: text with `?`, typed arguments, rows read by column name.
//!
//! A second database is a second arm here and in [`crate::schema`], not a second set of queries.

use crate::column::Column;
use crate::error::Error;
use crate::schema::Dialect;
use sqlx::sqlite::{SqliteArguments, SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteRow, SqliteSynchronous};
use sqlx::{AssertSqlSafe, Row as _, Sqlite, ValueRef as _};
use std::path::Path;
use std::time::Duration;
use time::PrimitiveDateTime;

/// How long a call waits for a connection or a lock.
const PATIENCE: Duration = Duration::from_secs(10);

/// One argument of a statement.
#[derive(Debug, Clone)]
pub(crate) enum Arg {
    Null,
    Int(i64),
    Bool(bool),
    Text(String),
    Time(PrimitiveDateTime),
}

/// The connections: readers, and the one writer that SQLite can have.
pub(crate) struct Database {
    writer: SqlitePool,
    reader: SqlitePool,
}

impl Database {
    pub(crate) async fn open(path: &Path) -> Result<Self, Error> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .busy_timeout(PATIENCE);
        let writer = connect(options.clone(), 1).await?;
        let reader = connect(options.read_only(true), 4).await?;
        Ok(Self { writer, reader })
    }

    pub(crate) async fn memory() -> Result<Self, Error> {
        let pool = connect(SqliteConnectOptions::new().in_memory(true), 1).await?;
        Ok(Self { writer: pool.clone(), reader: pool })
    }

    /// The rows of a query outside any transaction.
    pub(crate) async fn fetch(&self, sql: &str, args: Vec<Arg>) -> Result<Vec<Row>, Error> {
        let rows = prepared(sql, args).fetch_all(&self.reader).await.map_err(Error::database("reading"))?;
        Ok(rows.into_iter().map(Row).collect())
    }

    /// Begins a transaction that may write.
    pub(crate) async fn begin(&self) -> Result<Transaction, Error> {
        // IMMEDIATE: take the write lock first, so that nothing read here can be stale when written.
        self.writer.begin_with("BEGIN IMMEDIATE").await.map(Transaction).map_err(Error::database("beginning a transaction"))
    }
}

async fn connect(options: SqliteConnectOptions, connections: u32) -> Result<SqlitePool, Error> {
    SqlitePoolOptions::new()
        .min_connections(1)
        .max_connections(connections)
        .acquire_timeout(PATIENCE)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_with(options)
        .await
        .map_err(Error::database("opening the database"))
}

/// A transaction; dropped without [`Transaction::commit`] it changes nothing.
pub(crate) struct Transaction(sqlx::Transaction<'static, Sqlite>);

impl Transaction {
    pub(crate) async fn fetch(&mut self, sql: &str, args: Vec<Arg>) -> Result<Vec<Row>, Error> {
        let rows = prepared(sql, args).fetch_all(&mut *self.0).await.map_err(Error::database("reading"))?;
        Ok(rows.into_iter().map(Row).collect())
    }

    /// Runs a statement and answers how many rows it touched.
    pub(crate) async fn execute(&mut self, sql: &str, args: Vec<Arg>) -> Result<u64, Error> {
        let done = prepared(sql, args).execute(&mut *self.0).await.map_err(Error::database("writing"))?;
        Ok(done.rows_affected())
    }

    /// As [`Self::execute`]; a taken unique key is told as [`Error::Exists`].
    pub(crate) async fn insert(&mut self, sql: &str, args: Vec<Arg>, what: &'static str, ident: &str) -> Result<(), Error> {
        match prepared(sql, args).execute(&mut *self.0).await {
            Ok(_) => Ok(()),
            Err(sqlx::Error::Database(error)) if error.is_unique_violation() => Err(Error::Exists { what, ident: ident.to_owned() }),
            Err(error) => Err(Error::database("writing")(error)),
        }
    }

    /// Runs a script without arguments.
    pub(crate) async fn script(&mut self, sql: String) -> Result<(), Error> {
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut *self.0).await.map(drop).map_err(Error::database("changing the schema"))
    }

    pub(crate) async fn commit(self) -> Result<(), Error> {
        self.0.commit().await.map_err(Error::database("committing"))
    }
}

/// Statements are built from literals and from column names of this crate, never from a caller's text.
fn prepared(sql: &str, args: Vec<Arg>) -> sqlx::query::Query<'static, Sqlite, SqliteArguments> {
    let mut query = sqlx::query(AssertSqlSafe(placeholders(sql, Dialect::Sqlite)));
    for arg in args {
        query = match arg {
            Arg::Null => query.bind(None::<String>),
            Arg::Int(value) => query.bind(value),
            Arg::Bool(value) => query.bind(value),
            Arg::Text(value) => query.bind(value),
            Arg::Time(value) => query.bind(value),
        };
    }
    query
}

/// `?` as the dialect spells it. Our statements hold no `?` inside quotes.
pub(crate) fn placeholders(sql: &str, dialect: Dialect) -> String {
    if dialect != Dialect::Postgres {
        return sql.to_owned();
    }
    let mut parts = sql.split('?');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for (index, part) in parts.enumerate() {
        text.push_str(&format!("${}{part}", index + 1));
    }
    text
}

/// One row.
pub(crate) struct Row(SqliteRow);

impl Row {
    /// The column's value as a `T`.
    pub(crate) fn get<T: Column>(&self, column: &str) -> Result<T, Error> {
        T::read(self, column)
    }

    pub(crate) fn is_null(&self, column: &str) -> Result<bool, Error> {
        self.0.try_get_raw(column).map(|value| value.is_null()).map_err(Error::database("reading a column"))
    }

    pub(crate) fn int(&self, column: &str) -> Result<i64, Error> {
        self.0.try_get_unchecked(column).map_err(Error::database("reading a column"))
    }

    pub(crate) fn bool(&self, column: &str) -> Result<bool, Error> {
        self.0.try_get_unchecked(column).map_err(Error::database("reading a column"))
    }

    pub(crate) fn text(&self, column: &str) -> Result<String, Error> {
        self.0.try_get_unchecked(column).map_err(Error::database("reading a column"))
    }

    pub(crate) fn time(&self, column: &str) -> Result<PrimitiveDateTime, Error> {
        self.0.try_get_unchecked(column).map_err(Error::database("reading a column"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn question_marks_become_numbers_only_where_the_database_wants_them() {
        let sql = r#"UPDATE "t" SET "a" = ? WHERE "b" = ?"#;
        assert_eq!(placeholders(sql, Dialect::Postgres), r#"UPDATE "t" SET "a" = $1 WHERE "b" = $2"#);
        assert_eq!(placeholders(sql, Dialect::Sqlite), sql);
        assert_eq!(placeholders(sql, Dialect::Mysql), sql);
    }
}
