// SPDX-License-Identifier: Apache-2.0
//! `magnum db copy`: all tables from one database to another, of any two kinds, verified by count.

use crate::connection::Limits;
use crate::dialect::Dialect;
use crate::error::Error;
use crate::inspect::Inspection;
use crate::revision::Revision;
use crate::schema;
use crate::sql::{Arg, Database, Row, Transaction};
use crate::table::{self, Table};

/// Rows that are read and written at once; few enough for large reports in one packet of MySQL.
const ROWS: usize = 100;
/// What belongs to a database itself and is not copied.
const OWN: &[&str] = &["alembic_version", "mg_change", "mg_news", "mg_lock"];

/// A table that was copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copied {
    pub table: String,
    pub rows: i64,
}

/// Copies everything from `from` to `to`, which must be empty. Both are URLs as in `[database] connection`. All rows are of
/// one moment, and all are there afterwards or none. Magnum's tables are made with the revision that they have in `from`.
pub async fn copy(from: &str, to: &str, limits: &Limits) -> Result<Vec<Copied>, Error> {
    let source = Inspection::open(from, limits).await?;
    let faults: Vec<String> = source.check().await?.into_iter().filter(|f| f.is_fault).map(|f| f.text).collect();
    let found = table::found(source.db()).await?;
    let is_ours = found.contains_key("mg_schema");
    if is_ours && !faults.is_empty() {
        return Err(Error::Schema { reason: format!("{} cannot be copied: {}", source.place(), faults.join("; ")) });
    }
    let id = schema::revision_id(source.db()).await?;
    let revision = Revision::named(id.as_deref().unwrap_or("none"))?;
    let tables: Vec<Table> = table::expected(revision)
        .into_iter()
        .filter(|table| !OWN.contains(&table.name.as_str()) && (is_ours || !table.name.starts_with("mg_")))
        .collect();
    for table in &tables {
        let known: Vec<&String> = table.columns.iter().map(|(column, _)| column).collect();
        let strange: Vec<&String> = found.get(&table.name).into_iter().flatten().filter(|column| !known.contains(column)).collect();
        if !strange.is_empty() {
            let reason = format!("table {} has columns that revision {} has not: {strange:?}; they would be lost", table.name, revision.id);
            return Err(Error::Schema { reason });
        }
    }
    refuse_rows(to, limits, &tables).await?;
    let target = Inspection::sync(to, limits, revision).await?;
    if schema::revision_id(target.db()).await?.as_deref() != Some(revision.id) {
        let reason = format!("{} has Magnum's tables of another revision than {}; give an empty database", target.place(), revision.id);
        return Err(Error::Schema { reason });
    }
    let copied = copy_rows(source.db(), target.db(), &tables).await?;
    source.close().await;
    target.close().await;
    Ok(copied)
}

/// The target must hold nothing.
async fn refuse_rows(to: &str, limits: &Limits, tables: &[Table]) -> Result<(), Error> {
    let Ok(target) = Inspection::open(to, limits).await else {
        // Not there yet, or it cannot be reached: making it says which.
        return Ok(());
    };
    let found = table::found(target.db()).await?;
    for table in tables.iter().filter(|table| found.contains_key(&table.name)) {
        let rows = target.db().fetch(&count(&table.name), vec![]).await?;
        let rows: i64 = rows.first().map_or(Ok(0), |row| row.get("n"))?;
        if rows > 0 {
            let reason = format!("{} is not empty: table {} has {rows} rows; nothing was copied", target.place(), table.name);
            return Err(Error::Schema { reason });
        }
    }
    target.close().await;
    Ok(())
}

fn count(table: &str) -> String {
    format!("SELECT COUNT(*) AS \"n\" FROM \"{table}\"")
}

async fn copy_rows(source: &Database, target: &Database, tables: &[Table]) -> Result<Vec<Copied>, Error> {
    let mut reading = source.begin_snapshot().await?;
    let mut writing = target.begin().await?;
    let mut copied = Vec::new();
    for table in tables {
        copy_table(&mut reading, &mut writing, table).await?;
        let mut counts = [0_i64; 2];
        for (side, n) in [&mut reading, &mut writing].into_iter().zip(&mut counts) {
            *n = side.fetch(&count(&table.name), vec![]).await?.first().map_or(Ok(0), |row| row.get("n"))?;
        }
        if counts[0] != counts[1] {
            let reason = format!("table {} has {} rows, but {} arrived; nothing was copied", table.name, counts[0], counts[1]);
            return Err(Error::Schema { reason });
        }
        if table.is_numbered && target.dialect() == Dialect::Postgres {
            continue_numbers(&mut writing, &table.name).await?;
        }
        copied.push(Copied { table: table.name.clone(), rows: counts[0] });
    }
    writing.commit().await?;
    Ok(copied)
}

async fn copy_table(reading: &mut Transaction, writing: &mut Transaction, table: &Table) -> Result<(), Error> {
    let columns: Vec<String> = table.columns.iter().map(|(column, _)| format!("\"{column}\"")).collect();
    let columns = columns.join(", ");
    let key: Vec<String> = table.key.iter().map(|column| format!("\"{column}\"")).collect();
    let (key, marks) = (key.join(", "), vec!["?"; table.key.len()].join(", "));
    let mut last: Vec<Arg> = Vec::new();
    loop {
        let after = match last.len() {
            0 => String::new(),
            1 => format!("WHERE {key} > ?"),
            _ => format!("WHERE ({key}) > ({marks})"),
        };
        let sql = format!("SELECT {columns} FROM \"{}\" {after} ORDER BY {key} LIMIT {ROWS}", table.name);
        let rows = reading.fetch(&sql, last.clone()).await?;
        let Some(end) = rows.last() else { return Ok(()) };
        last = table.key.iter().map(|column| arg(end, table, column)).collect::<Result<_, _>>()?;
        let mut args = Vec::with_capacity(rows.len() * table.columns.len());
        for row in &rows {
            for (column, kind) in &table.columns {
                args.push(row.arg(column, *kind)?);
            }
        }
        let row = format!("({})", vec!["?"; table.columns.len()].join(", "));
        let values = vec![row; rows.len()].join(", ");
        writing.execute(&format!("INSERT INTO \"{}\" ({columns}) VALUES {values}", table.name), args).await?;
        if rows.len() < ROWS {
            return Ok(());
        }
    }
}

fn arg(row: &Row, table: &Table, column: &str) -> Result<Arg, Error> {
    let kind = table.columns.iter().find(|(name, _)| name == column).map_or(crate::sql::Kind::Text, |(_, kind)| *kind);
    row.arg(column, kind)
}

/// PostgreSQL's numbers go on behind those that came with the rows.
async fn continue_numbers(tx: &mut Transaction, table: &str) -> Result<(), Error> {
    let sql = format!(
        "SELECT setval(pg_get_serial_sequence('\"{table}\"', 'id'), COALESCE((SELECT MAX(\"id\") FROM \"{table}\"), 1), \
         EXISTS (SELECT 1 FROM \"{table}\")) AS \"n\""
    );
    tx.fetch(&sql, vec![]).await.map(drop)
}
