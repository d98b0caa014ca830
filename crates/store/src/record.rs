// SPDX-License-Identifier: Apache-2.0
//! A table's row as a struct: one list of columns from which reading and writing follow.

use crate::dialect::Dialect;
use crate::error::Error;
use crate::sql::{Arg, At, Database, Kind, Layout, Row, Transaction};

/// The most bytes that a `TEXT` of MySQL holds.
const TEXT_MAX: usize = 65_535;

/// A struct that mirrors a table, field for column.
pub(crate) trait Record: Sized {
    const TABLE: &'static str;
    /// Columns in the order of [`Record::args`].
    const COLUMNS: &'static [&'static str];
    /// What they hold, in the same order.
    const KINDS: &'static [Kind];
    /// From a row that has the columns, in their order, from the place `first` on.
    fn from_row(row: &Row, first: usize) -> Result<Self, Error>;
    fn args(&self) -> Vec<Arg>;

    /// `SELECT` of all columns of alias `r`, then `tail`.
    fn select(layout: &Layout, tail: &str) -> String {
        format!("SELECT {} FROM \"{}\" r {tail}", Self::columns(layout, "r"), Self::TABLE)
    }

    /// Where a column stands among all of them.
    fn place(name: &'static str) -> At<'static> {
        let place = Self::COLUMNS.iter().position(|column| *column == name);
        place.map_or(name.into(), |place| At::place(name, place))
    }

    /// All columns of alias `of`. What an older Magnum's table lacks comes from `mg_column`.
    fn columns(layout: &Layout, of: &str) -> String {
        let table = Self::TABLE;
        let column = |c: &&str| {
            if layout.is_missing(table, c) {
                format!(
                    "(SELECT x.\"value\" FROM \"mg_column\" x WHERE x.\"owner\" = '{table}' AND x.\"uuid\" = {of}.\"uuid\" \
                     AND x.\"name\" = '{c}') AS \"{c}\""
                )
            } else {
                format!("{of}.\"{c}\"")
            }
        };
        let columns: Vec<String> = Self::COLUMNS.iter().map(column).collect();
        columns.join(", ")
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
            const KINDS: &'static [crate::sql::Kind] = &[$(<$type as crate::column::Column>::KIND),+];
            fn from_row(row: &crate::sql::Row, first: usize) -> Result<Self, crate::Error> {
                let mut places = first..;
                let mut at = |name| crate::sql::At::place(name, places.next().unwrap_or(usize::MAX));
                Ok(Self { $($field: row.get(at(stringify!($field)))?),+ })
            }
            fn args(&self) -> Vec<crate::sql::Arg> {
                vec![$(crate::column::Column::arg(&self.$field)),+]
            }
        }
    };
}
pub(crate) use record;

pub(crate) async fn list<R: Record>(db: &Database, tail: &str, args: Vec<Arg>) -> Result<Vec<R>, Error> {
    db.fetch(&R::select(&db.layout, tail), args).await?.iter().map(|row| R::from_row(row, 0)).collect()
}

pub(crate) async fn list_in<R: Record>(tx: &mut Transaction, tail: &str, args: Vec<Arg>) -> Result<Vec<R>, Error> {
    let sql = R::select(tx.layout(), tail);
    tx.fetch(&sql, args).await?.iter().map(|row| R::from_row(row, 0)).collect()
}

/// Inserts `record`; the database gives the `id` of tables that number their rows.
pub(crate) async fn insert<R: Record>(
    tx: &mut Transaction,
    record: &R,
    numbered: bool,
    what: &'static str,
    ident: &str,
) -> Result<(), Error> {
    let (mut columns, mut args, mut beside) = (Vec::new(), Vec::new(), Vec::new());
    let mut uuid = None;
    for (column, arg) in R::COLUMNS.iter().zip(record.args()).filter(|(c, _)| !(numbered && **c == "id")) {
        if *column == "uuid" {
            uuid = Some(arg.clone());
        }
        if tx.layout().is_missing(R::TABLE, column) {
            beside.push((*column, arg));
        } else {
            columns.push(format!("\"{column}\""));
            args.push(storable(tx.layout().dialect, R::TABLE, column, arg));
        }
    }
    let marks = vec!["?"; columns.len()].join(", ");
    let sql = format!("INSERT INTO \"{}\" ({}) VALUES ({marks})", R::TABLE, columns.join(", "));
    tx.insert(&sql, args, what, ident).await?;
    for (column, arg) in beside {
        if let Some(uuid) = &uuid {
            keep_beside(tx, R::TABLE, uuid, column, arg).await?;
        }
    }
    Ok(())
}

/// Sets columns of the rows that `condition` finds; answers how many.
pub(crate) async fn update(
    tx: &mut Transaction,
    table: &str,
    set: Vec<(&'static str, Arg)>,
    condition: &str,
    args: Vec<Arg>,
) -> Result<u64, Error> {
    let (beside, set): (Vec<_>, Vec<_>) = set.into_iter().partition(|(column, _)| tx.layout().is_missing(table, column));
    if !beside.is_empty() {
        for row in tx.fetch(&format!("SELECT \"uuid\" FROM \"{table}\" WHERE {condition}"), args.clone()).await? {
            let uuid = Arg::Text(row.text("uuid")?);
            for (column, arg) in &beside {
                keep_beside(tx, table, &uuid, column, arg.clone()).await?;
            }
        }
    }
    let columns: Vec<String> = set.iter().map(|(c, _)| format!("\"{c}\" = ?")).collect();
    let sql = format!("UPDATE \"{table}\" SET {} WHERE {condition}", columns.join(", "));
    let dialect = tx.layout().dialect;
    let set = set.into_iter().map(|(column, arg)| storable(dialect, table, column, arg));
    tx.execute(&sql, set.chain(args).collect()).await
}

/// Keeps a value whose column this Magnum's table does not have.
async fn keep_beside(tx: &mut Transaction, table: &str, uuid: &Arg, column: &str, value: Arg) -> Result<(), Error> {
    let key = || vec![Arg::Text(table.to_owned()), uuid.clone(), Arg::Text(column.to_owned())];
    tx.execute("DELETE FROM \"mg_column\" WHERE \"owner\" = ? AND \"uuid\" = ? AND \"name\" = ?", key()).await?;
    if matches!(&value, Arg::Text(text) if !matches!(text.as_str(), "" | "{}" | "[]")) {
        let sql = "INSERT INTO \"mg_column\" (\"owner\", \"uuid\", \"name\", \"value\") VALUES (?, ?, ?, ?)";
        tx.execute(sql, key().into_iter().chain([value]).collect()).await?;
    }
    Ok(())
}

/// Removes what was kept for rows that `condition` finds in `table`, before they go.
pub(crate) async fn forget_beside(tx: &mut Transaction, table: &str, condition: &str, args: Vec<Arg>) -> Result<(), Error> {
    if tx.layout().missing.iter().all(|(missing, _)| *missing != table) {
        return Ok(());
    }
    for row in tx.fetch(&format!("SELECT \"uuid\" FROM \"{table}\" WHERE {condition}"), args).await? {
        let args = vec![Arg::Text(table.to_owned()), Arg::Text(row.text("uuid")?)];
        tx.execute("DELETE FROM \"mg_column\" WHERE \"owner\" = ? AND \"uuid\" = ?", args).await?;
    }
    Ok(())
}

/// A reason is for people: rather cut than not written. Magnum's tables have MySQL's three-byte characters only.
fn storable(dialect: Dialect, table: &str, column: &str, arg: Arg) -> Arg {
    match arg {
        Arg::Text(mut text) if column == "status_reason" && !table.starts_with("mg_") => {
            if dialect == Dialect::Mysql {
                text = text.chars().map(|c| if c > '\u{ffff}' { '\u{fffd}' } else { c }).collect();
            }
            text.truncate(text.floor_char_boundary(TEXT_MAX));
            Arg::Text(text)
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_cut_where_a_character_begins() {
        let Arg::Text(text) = storable(Dialect::Sqlite, "cluster", "status_reason", Arg::Text("ä".repeat(40_000))) else { panic!() };
        assert_eq!(text.len(), 65_534);
        let Arg::Text(text) = storable(Dialect::Mysql, "cluster", "status_reason", Arg::Text("a🚀".to_owned())) else { panic!() };
        assert_eq!(text, "a\u{fffd}");
    }
}
