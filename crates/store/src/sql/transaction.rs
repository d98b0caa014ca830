// SPDX-License-Identifier: Apache-2.0
//! A transaction that may write, and the news it makes.

use super::{Arg, Layout, Row, bound, limited};
use crate::change::{Cause, Change, Changes};
use crate::dialect::translate;
use crate::error::Error;
use magnum_types::ClusterId;
use sqlx::{AssertSqlSafe, MySql, Postgres, Sqlite};
use std::sync::Arc;

/// What a transaction was doing when nobody knows whether it came to be.
pub(crate) const COMMITTING: &str = "committing";

/// A transaction; dropped without [`Transaction::commit`] it changes nothing.
pub(crate) struct Transaction {
    inner: Inner,
    layout: Arc<Layout>,
    changes: Arc<Changes>,
    news: Vec<Change>,
}

pub(super) enum Inner {
    Sqlite(sqlx::Transaction<'static, Sqlite>),
    Postgres(sqlx::Transaction<'static, Postgres>),
    Mysql(sqlx::Transaction<'static, MySql>),
}

impl Transaction {
    pub(super) fn new(inner: Inner, layout: Arc<Layout>, changes: Arc<Changes>) -> Self {
        Self { inner, layout, changes, news: Vec::new() }
    }

    /// Which process's news these are.
    pub(crate) fn origin(&self) -> uuid::Uuid {
        self.changes.origin
    }

    pub(crate) fn layout(&self) -> &Layout {
        &self.layout
    }

    pub(crate) async fn fetch(&mut self, sql: &str, args: Vec<Arg>) -> Result<Vec<Row>, Error> {
        let (sql, args) = translate(sql, args, self.layout.dialect);
        const READING: &str = "reading";
        Ok(match &mut self.inner {
            Inner::Sqlite(tx) => {
                let rows = bound!(sql, args).fetch_all(&mut **tx).await.map_err(Error::database(READING))?;
                rows.into_iter().map(Row::Sqlite).collect()
            }
            Inner::Postgres(tx) => limited(READING, bound!(sql, args).fetch_all(&mut **tx)).await?.into_iter().map(Row::Postgres).collect(),
            Inner::Mysql(tx) => limited(READING, bound!(sql, args).fetch_all(&mut **tx)).await?.into_iter().map(Row::Mysql).collect(),
        })
    }

    /// Runs a statement and answers how many rows it found.
    pub(crate) async fn execute(&mut self, sql: &str, args: Vec<Arg>) -> Result<u64, Error> {
        let (sql, args) = translate(sql, args, self.layout.dialect);
        const WRITING: &str = "writing";
        Ok(match &mut self.inner {
            Inner::Sqlite(tx) => bound!(sql, args).execute(&mut **tx).await.map_err(Error::database(WRITING))?.rows_affected(),
            Inner::Postgres(tx) => limited(WRITING, bound!(sql, args).execute(&mut **tx)).await?.rows_affected(),
            Inner::Mysql(tx) => limited(WRITING, bound!(sql, args).execute(&mut **tx)).await?.rows_affected(),
        })
    }

    /// As [`Self::execute`]; a taken unique key is told as [`Error::Exists`].
    pub(crate) async fn insert(&mut self, sql: &str, args: Vec<Arg>, what: &'static str, ident: &str) -> Result<(), Error> {
        self.execute(sql, args).await.map(drop).map_err(|error| {
            let taken = error.driver().and_then(|driver| driver.as_database_error()).is_some_and(|said| said.is_unique_violation());
            if taken { Error::Exists { what, ident: ident.to_owned() } } else { error }
        })
    }

    /// Runs a script without arguments. MySQL ends the transaction with the first change of a table.
    pub(crate) async fn script(&mut self, sql: String) -> Result<(), Error> {
        const CHANGING: &str = "changing the schema";
        let sql = sqlx::raw_sql(AssertSqlSafe(sql));
        match &mut self.inner {
            Inner::Sqlite(tx) => sql.execute(&mut **tx).await.map(drop).map_err(Error::database(CHANGING)),
            Inner::Postgres(tx) => limited(CHANGING, sql.execute(&mut **tx)).await.map(drop),
            Inner::Mysql(tx) => limited(CHANGING, sql.execute(&mut **tx)).await.map(drop),
        }
    }

    /// Says, once this is committed, that something of a cluster was written: to this process and to all others.
    pub(crate) fn tell(&mut self, cluster: ClusterId, cause: Cause) {
        let news = Change { cluster, cause };
        if !self.news.contains(&news) {
            self.news.push(news);
        }
    }

    /// Commits, and wakes those who wait in this process.
    pub(crate) async fn commit(mut self) -> Result<(), Error> {
        let news = std::mem::take(&mut self.news);
        if self.layout.shared && !news.is_empty() {
            crate::news::write(&mut self, &news).await?;
        }
        match self.inner {
            Inner::Sqlite(tx) => tx.commit().await.map_err(Error::database(COMMITTING))?,
            Inner::Postgres(tx) => limited(COMMITTING, tx.commit()).await?,
            Inner::Mysql(tx) => limited(COMMITTING, tx.commit()).await?,
        }
        for change in news {
            self.changes.tell(change.cluster, change.cause);
        }
        Ok(())
    }
}
