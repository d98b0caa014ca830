// SPDX-License-Identifier: Apache-2.0
//! A table's row as a struct: one list of columns from which reading and writing follow.

use crate::error::Error;
use crate::sql::{Arg, Database, Row, Transaction};

/// A struct that mirrors a table, field for column.
pub(crate) trait Record: Sized {
    const TABLE: &'static str;
    /// Columns in the order of [`Record::args`].
    const COLUMNS: &'static [&'static str];
    fn from_row(row: &Row) -> Result<Self, Error>;
    fn args(&self) -> Vec<Arg>;

    /// `SELECT` of all columns of alias `r`, then `tail`.
    fn select(tail: &str) -> String {
        let columns: Vec<String> = Self::COLUMNS.iter().map(|c| format!("r.\"{c}\"")).collect();
        format!("SELECT {} FROM \"{}\" r {tail}", columns.join(", "), Self::TABLE)
    }
}

/// Declares the struct and its [`Record`].
macro_rules! record {
    ($(#[$doc:meta])* $name:ident in $table:literal { $($(#[$fdoc:meta])* $field:ident: $type:ty),+ $(,)? }) => {
        $(#[$doc])*
        pub struct $name { $($(#[$fdoc])* pub $field: $type),+ }

        impl crate::record::Record for $name {
            const TABLE: &'static str = $table;
            const COLUMNS: &'static [&'static str] = &[$(stringify!($field)),+];
            fn from_row(row: &crate::sql::Row) -> Result<Self, crate::Error> {
                Ok(Self { $($field: row.get(stringify!($field))?),+ })
            }
            fn args(&self) -> Vec<crate::sql::Arg> {
                vec![$(crate::column::Column::arg(&self.$field)),+]
            }
        }
    };
}
pub(crate) use record;

pub(crate) async fn list<R: Record>(db: &Database, tail: &str, args: Vec<Arg>) -> Result<Vec<R>, Error> {
    db.fetch(&R::select(tail), args).await?.iter().map(R::from_row).collect()
}

pub(crate) async fn list_in<R: Record>(tx: &mut Transaction, tail: &str, args: Vec<Arg>) -> Result<Vec<R>, Error> {
    tx.fetch(&R::select(tail), args).await?.iter().map(R::from_row).collect()
}

/// Inserts `record`; the database gives the `id` of tables that number their rows.
pub(crate) async fn insert<R: Record>(
    tx: &mut Transaction,
    record: &R,
    numbered: bool,
    what: &'static str,
    ident: &str,
) -> Result<(), Error> {
    let kept = |column: &str| !(numbered && column == "id");
    let columns: Vec<String> = R::COLUMNS.iter().filter(|c| kept(c)).map(|c| format!("\"{c}\"")).collect();
    let args: Vec<Arg> = R::COLUMNS.iter().zip(record.args()).filter(|(c, _)| kept(c)).map(|(_, a)| a).collect();
    let marks = vec!["?"; columns.len()].join(", ");
    let sql = format!("INSERT INTO \"{}\" ({}) VALUES ({marks})", R::TABLE, columns.join(", "));
    tx.insert(&sql, args, what, ident).await
}

/// Sets columns of the rows that `condition` finds; answers how many.
pub(crate) async fn update(
    tx: &mut Transaction,
    table: &str,
    set: Vec<(&'static str, Arg)>,
    condition: &str,
    args: Vec<Arg>,
) -> Result<u64, Error> {
    let columns: Vec<String> = set.iter().map(|(c, _)| format!("\"{c}\" = ?")).collect();
    let sql = format!("UPDATE \"{table}\" SET {} WHERE {condition}", columns.join(", "));
    tx.execute(&sql, set.into_iter().map(|(_, a)| a).chain(args).collect()).await
}
