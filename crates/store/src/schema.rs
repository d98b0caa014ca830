// SPDX-License-Identifier: Apache-2.0
//! The schema as numbered steps, each applied once and never edited again once released.
//!
//! Magnum's own tables are made as its newest migration leaves them and are never altered by us.

use crate::error::Error;
use crate::sql::{Arg, Database};

/// A kind of database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    Sqlite,
    Postgres,
    /// Also MariaDB; `ANSI_QUOTES` is set on every connection.
    Mysql,
}

const STEPS: &[(i64, &str)] = &[
    (1, include_str!("schema/0001-magnum.sql")),
    (2, include_str!("schema/0002-operations.sql")),
    (3, include_str!("schema/0003-diagnoses.sql")),
];

/// The steps in the words of a dialect: number and script.
pub fn steps(dialect: Dialect) -> impl Iterator<Item = (i64, String)> {
    let (pk, boolean, time) = match dialect {
        Dialect::Sqlite => ("INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT", "BOOLEAN", "DATETIME"),
        Dialect::Postgres => ("SERIAL NOT NULL PRIMARY KEY", "BOOLEAN", "TIMESTAMP WITHOUT TIME ZONE"),
        Dialect::Mysql => ("INTEGER NOT NULL PRIMARY KEY AUTO_INCREMENT", "BOOLEAN", "DATETIME"),
    };
    STEPS.iter().map(move |(number, sql)| (*number, sql.replace("{pk}", pk).replace("{bool}", boolean).replace("{time}", time)))
}

/// Applies the steps that the database does not have yet, each in its own transaction.
pub(crate) async fn migrate(db: &Database) -> Result<(), Error> {
    for (number, script) in steps(Dialect::Sqlite) {
        let mut tx = db.begin().await?;
        tx.script("CREATE TABLE IF NOT EXISTS \"mg_schema\" (\"step\" INTEGER NOT NULL PRIMARY KEY);".to_owned()).await?;
        if tx.fetch("SELECT \"step\" FROM \"mg_schema\" WHERE \"step\" = ?", vec![Arg::Int(number)]).await?.is_empty() {
            tx.script(script).await?;
            tx.execute("INSERT INTO \"mg_schema\" (\"step\") VALUES (?)", vec![Arg::Int(number)]).await?;
        }
        tx.commit().await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn steps_run_once_and_leave_magnums_stamp() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("magnum.db");
        for _ in 0..2 {
            let db = Database::open(&path).await.unwrap();
            migrate(&db).await.unwrap();
            let rows = db.fetch("SELECT \"version_num\" FROM \"alembic_version\"", vec![]).await.unwrap();
            let stamps: Vec<String> = rows.iter().map(|r| r.text("version_num").unwrap()).collect();
            assert_eq!(stamps, ["b3e1cf4a2d5e"]);
        }
    }

    #[test]
    fn no_dialect_keeps_a_placeholder() {
        for dialect in [Dialect::Sqlite, Dialect::Postgres, Dialect::Mysql] {
            assert!(steps(dialect).all(|(_, sql)| !sql.contains('{')), "{dialect:?}");
        }
    }
}
