// SPDX-License-Identifier: Apache-2.0
//! A row of any of the three databases.

use super::{Arg, Kind};
use crate::column::Column;
use crate::error::Error;
use sqlx::mysql::MySqlRow;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, ValueRef as _};
use time::PrimitiveDateTime;

/// One row.
pub(crate) enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
    Mysql(MySqlRow),
}

/// Reads a column by name. Unchecked: a `tinyint` is also a number, a `varchar` also a text.
macro_rules! value {
    ($row:expr, $column:expr) => {
        match $row {
            Row::Sqlite(row) => row.try_get_unchecked($column),
            Row::Postgres(row) => row.try_get_unchecked($column),
            Row::Mysql(row) => row.try_get_unchecked($column),
        }
        .map_err(Error::database("reading a column"))
    };
}

impl Row {
    /// The column's value as a `T`.
    pub(crate) fn get<T: Column>(&self, column: &str) -> Result<T, Error> {
        T::read(self, column)
    }

    pub(crate) fn is_null(&self, column: &str) -> Result<bool, Error> {
        match self {
            Row::Sqlite(row) => row.try_get_raw(column).map(|value| value.is_null()),
            Row::Postgres(row) => row.try_get_raw(column).map(|value| value.is_null()),
            Row::Mysql(row) => row.try_get_raw(column).map(|value| value.is_null()),
        }
        .map_err(Error::database("reading a column"))
    }

    pub(crate) fn int(&self, column: &str) -> Result<i64, Error> {
        value!(self, column)
    }

    pub(crate) fn bool(&self, column: &str) -> Result<bool, Error> {
        value!(self, column)
    }

    pub(crate) fn text(&self, column: &str) -> Result<String, Error> {
        value!(self, column)
    }

    pub(crate) fn time(&self, column: &str) -> Result<PrimitiveDateTime, Error> {
        value!(self, column)
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
