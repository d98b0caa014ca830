// SPDX-License-Identifier: Apache-2.0
//! A row of any of the three databases.

use super::{Arg, Kind};
use crate::column::Column;
use crate::error::Error;
use sqlx::mysql::MySqlRow;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{ColumnIndex, Row as _, ValueRef as _};
use time::PrimitiveDateTime;

/// One row.
pub(crate) enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
    Mysql(MySqlRow),
}

/// Which column of a row: its name, and its place where that is known, which is found faster.
#[derive(Debug, Clone, Copy)]
pub(crate) struct At<'a> {
    pub name: &'a str,
    place: Option<usize>,
}

impl<'a> At<'a> {
    pub(crate) fn place(name: &'a str, place: usize) -> Self {
        Self { name, place: Some(place) }
    }
}

impl<'a> From<&'a str> for At<'a> {
    fn from(name: &'a str) -> Self {
        Self { name, place: None }
    }
}

impl<R: sqlx::Row> ColumnIndex<R> for At<'_>
where
    usize: ColumnIndex<R>,
    for<'n> &'n str: ColumnIndex<R>,
{
    fn index(&self, row: &R) -> Result<usize, sqlx::Error> {
        self.place.map_or_else(|| self.name.index(row), |place| place.index(row))
    }
}

/// Reads a column with `get`. Unchecked: a `tinyint` is also a number, a `varchar` also a text.
macro_rules! read {
    ($row:expr, $at:expr, $get:ident $(, $after:expr)?) => {{
        let at: At<'_> = $at.into();
        match $row {
            Row::Sqlite(row) => row.$get(at)$(.map($after))?,
            Row::Postgres(row) => row.$get(at)$(.map($after))?,
            Row::Mysql(row) => row.$get(at)$(.map($after))?,
        }
        .map_err(Error::database("reading a column"))
    }};
}

impl Row {
    /// The column's value as a `T`.
    pub(crate) fn get<'a, T: Column>(&self, at: impl Into<At<'a>>) -> Result<T, Error> {
        T::read(self, at.into())
    }

    pub(crate) fn is_null<'a>(&self, at: impl Into<At<'a>>) -> Result<bool, Error> {
        read!(self, at, try_get_raw, |value| value.is_null())
    }

    pub(crate) fn int<'a>(&self, at: impl Into<At<'a>>) -> Result<i64, Error> {
        read!(self, at, try_get_unchecked)
    }

    pub(crate) fn bool<'a>(&self, at: impl Into<At<'a>>) -> Result<bool, Error> {
        read!(self, at, try_get_unchecked)
    }

    pub(crate) fn text<'a>(&self, at: impl Into<At<'a>>) -> Result<String, Error> {
        read!(self, at, try_get_unchecked)
    }

    pub(crate) fn time<'a>(&self, at: impl Into<At<'a>>) -> Result<PrimitiveDateTime, Error> {
        read!(self, at, try_get_unchecked)
    }

    /// The column as an argument of another statement.
    pub(crate) fn arg(&self, column: &str, kind: Kind) -> Result<Arg, Error> {
        if self.is_null(column)? {
            return Ok(Arg::Null(kind));
        }
        Ok(match kind {
            Kind::Int => Arg::Int(self.int(column)?),
            Kind::Bool => Arg::Bool(self.bool(column)?),
            Kind::Text => Arg::Text(self.text(column)?),
            Kind::Time => Arg::Time(self.time(column)?),
        })
    }
}
