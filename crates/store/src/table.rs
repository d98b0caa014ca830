// SPDX-License-Identifier: Apache-2.0
//! The tables as the schema's steps leave them, read from the steps, and as a database has them.

use crate::dialect::Dialect;
use crate::error::Error;
use crate::revision::Revision;
use crate::schema;
use crate::sql::{Database, Kind, Row, Transaction};
use std::collections::{BTreeMap, BTreeSet};

/// A table: its columns in order, with what they hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Table {
    pub name: String,
    pub columns: Vec<(String, Kind)>,
    /// The primary key.
    pub key: Vec<String>,
    /// Whether the database numbers the rows.
    pub is_numbered: bool,
}

/// All tables of a database whose Magnum tables are of `revision`, in the order they are made.
pub(crate) fn expected(revision: Revision) -> Vec<Table> {
    let mut tables: Vec<Table> = Vec::new();
    for (_, script) in schema::scripts(revision) {
        for line in script.lines() {
            if let Some(rest) = line.strip_prefix("CREATE TABLE \"") {
                tables.push(Table { name: quoted(rest), columns: Vec::new(), key: Vec::new(), is_numbered: false });
            } else if let Some(rest) = line.strip_prefix("DROP TABLE \"") {
                let name = quoted(rest);
                tables.retain(|table| table.name != name);
            } else if let Some((name, rest)) = line.strip_prefix("ALTER TABLE \"").and_then(|rest| rest.split_once("\" ADD COLUMN \"")) {
                let words = rest.split_once("\" ").map_or("", |(_, words)| words);
                let column = (quoted(rest), kind(words));
                tables.iter_mut().filter(|table| table.name == name).for_each(|table| table.columns.push(column.clone()));
            } else if let Some((rest, table)) = line.strip_prefix("  PRIMARY KEY (").zip(tables.last_mut()) {
                table.key = rest.split('"').skip(1).step_by(2).map(str::to_owned).collect();
            } else if let Some((rest, table)) = line.strip_prefix("  \"").zip(tables.last_mut()) {
                let words = rest.split_once("\" ").map_or("", |(_, words)| words);
                table.columns.push((quoted(rest), kind(words)));
                table.is_numbered |= words.starts_with("{pk}");
                if words.starts_with("{pk}") || words.contains("PRIMARY KEY") {
                    table.key = vec![quoted(rest)];
                }
            }
        }
    }
    tables
}

fn quoted(rest: &str) -> String {
    rest.split('"').next().unwrap_or_default().to_owned()
}

fn kind(words: &str) -> Kind {
    match words.split([' ', ',', ';']).next().unwrap_or_default() {
        "{pk}" | "INTEGER" | "BIGINT" => Kind::Int,
        "{bool}" => Kind::Bool,
        "{time}" => Kind::Time,
        _ => Kind::Text,
    }
}

/// Columns by table, as a database has them now.
pub(crate) type Found = BTreeMap<String, BTreeSet<String>>;

fn catalogue(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => {
            "SELECT m.name AS \"t\", p.name AS \"c\" FROM sqlite_master m JOIN pragma_table_info(m.name) p \
             WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite~_%' ESCAPE '~'"
        }
        Dialect::Postgres => {
            "SELECT CAST(table_name AS TEXT) AS \"t\", CAST(column_name AS TEXT) AS \"c\" FROM information_schema.columns \
             WHERE table_schema = current_schema()"
        }
        Dialect::Mysql => {
            "SELECT TABLE_NAME AS \"t\", COLUMN_NAME AS \"c\" FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE()"
        }
    }
}

fn collected(rows: Vec<Row>) -> Result<Found, Error> {
    let mut found = Found::new();
    for row in rows {
        found.entry(row.text("t")?).or_default().insert(row.text("c")?);
    }
    Ok(found)
}

/// What the database has.
pub(crate) async fn found(db: &Database) -> Result<Found, Error> {
    collected(db.fetch(catalogue(db.dialect()), vec![]).await?)
}

/// What the database has, inside a transaction.
pub(crate) async fn found_in(tx: &mut Transaction) -> Result<Found, Error> {
    let sql = catalogue(tx.layout().dialect);
    collected(tx.fetch(sql, vec![]).await?)
}

/// Names of the indexes that are ours on Magnum's tables or on our own (`mg_…`).
pub(crate) async fn indexes(db: &Database) -> Result<BTreeSet<String>, Error> {
    let sql = match db.dialect() {
        Dialect::Sqlite => "SELECT name AS \"i\" FROM sqlite_master WHERE type = 'index'",
        Dialect::Postgres => "SELECT CAST(indexname AS TEXT) AS \"i\" FROM pg_indexes WHERE schemaname = current_schema()",
        Dialect::Mysql => "SELECT DISTINCT INDEX_NAME AS \"i\" FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = DATABASE()",
    };
    db.fetch(sql, vec![]).await?.iter().map(|row| row.text("i")).collect()
}

/// Names and tables of the indexes that the steps make.
pub(crate) fn expected_indexes() -> Vec<(String, String)> {
    let all = schema::scripts(crate::revision::NEWEST);
    let lines: Vec<String> = all.iter().flat_map(|(_, script)| script.lines().map(str::to_owned).collect::<Vec<_>>()).collect();
    let made = lines.iter().filter_map(|line| line.strip_prefix("CREATE INDEX \""));
    made.map(|rest| (quoted(rest), rest.split('"').nth(2).unwrap_or_default().to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::revision::{NEWEST, REVISIONS};

    #[tokio::test]
    async fn the_steps_are_read_as_the_database_reads_them() {
        for revision in REVISIONS {
            let mut db = Database::open(&crate::connection::Target::Sqlite(None), &Default::default()).await.unwrap();
            schema::migrate(&mut db, *revision).await.unwrap();
            let read: Found = expected(*revision)
                .into_iter()
                .map(|table| (table.name, table.columns.into_iter().map(|(column, _)| column).collect()))
                .collect();
            let mut has = found(&db).await.unwrap();
            has.remove("mg_schema").unwrap();
            assert_eq!(has, read, "{}", revision.id);
            let have = indexes(&db).await.unwrap();
            assert!(expected_indexes().iter().all(|(name, _)| have.contains(name)), "{have:?}");
        }
        let cluster = &expected(NEWEST)[0];
        assert_eq!((cluster.name.as_str(), cluster.columns.len()), ("cluster", 31));
        assert!(expected(NEWEST).iter().all(|table| !table.key.is_empty()));
        assert!(cluster.is_numbered);
        assert_eq!(cluster.columns[27], ("floating_ip_enabled".to_owned(), Kind::Bool));
    }
}
