// SPDX-License-Identifier: Apache-2.0
//! The schema as numbered steps, each applied once and never edited again once released.
//!
//! Magnum's own tables are made as one of its migrations leaves them (the newest, unless told otherwise) and are never
//! altered by us. Where they are already, they are taken over as they are: see [`crate::revision`].

use crate::dialect::Dialect;
use crate::error::Error;
use crate::revision::{REVISIONS, Revision};
use crate::sql::{Arg, Database, Layout, Transaction};
use crate::table;
use std::collections::BTreeSet;
use std::sync::Arc;

const STEPS: &[(i64, &str)] = &[
    (1, include_str!("schema/0001-magnum.sql")),
    (2, include_str!("schema/0002-operations.sql")),
    (3, include_str!("schema/0003-diagnoses.sql")),
    (4, include_str!("schema/0004-several-processes.sql")),
    (5, include_str!("schema/0005-notices.sql")),
    (6, include_str!("schema/0006-inquiries.sql")),
];
/// Makes Magnum's own tables.
const MAGNUM: i64 = 1;
/// Of the lock that only one process has while it changes the schema; a number for PostgreSQL, a name for MySQL.
const LOCK: &str = "7163846";

/// The numbers of the steps there are.
pub(crate) fn numbers() -> impl Iterator<Item = i64> {
    STEPS.iter().map(|(number, _)| *number)
}

/// The steps with their marks.
pub(crate) fn scripts(revision: Revision) -> Vec<(i64, String)> {
    let text = |number: i64, sql: &str| if number == MAGNUM { revision.script(sql) } else { sql.to_owned() };
    STEPS.iter().map(|(number, sql)| (*number, text(*number, sql))).collect()
}

/// The steps in the words of a dialect: number and script. Magnum's tables are those of `revision`.
pub fn steps(dialect: Dialect, revision: Revision) -> Vec<(i64, String)> {
    let spoken = |script: String| dialect.words().iter().fold(script, |text, (mark, word)| text.replace(mark, word));
    scripts(revision).into_iter().map(|(number, script)| (number, spoken(script))).collect()
}

/// What a script is made of. Every statement ends a line with its semicolon.
fn statements(script: &str) -> Vec<String> {
    let lines: Vec<&str> = script.lines().filter(|line| !line.starts_with("--")).collect();
    let text = lines.join("\n");
    text.split(";\n").map(|part| part.trim().trim_end_matches(';').to_owned()).filter(|part| !part.is_empty()).collect()
}

/// Applies the steps that the database does not have yet, and looks at what it is then. `revision` is for a database
/// that is empty so far.
pub(crate) async fn migrate(db: &mut Database, revision: Revision) -> Result<(), Error> {
    migrate_until(db, revision, usize::MAX).await.map(drop)
}

/// As [`migrate`], but stops as if killed after so many statements; whether it came to the end.
pub(crate) async fn migrate_until(db: &mut Database, revision: Revision, statements: usize) -> Result<bool, Error> {
    let mut budget = Budget(statements);
    let ended = if db.dialect() == Dialect::Mysql {
        with_lock(db, revision, &mut budget).await?
    } else {
        in_transactions(db, revision, &mut budget).await?
    };
    if ended {
        settle(db).await?;
    }
    Ok(ended)
}

/// How many statements are left until the end is played.
struct Budget(usize);

impl Budget {
    /// Whether another statement may run.
    fn take(&mut self) -> bool {
        let left = self.0 > 0;
        self.0 = self.0.saturating_sub(1);
        left
    }
}

const TABLES: [&str; 2] = [
    "CREATE TABLE IF NOT EXISTS \"mg_schema\" (\"step\" INTEGER NOT NULL PRIMARY KEY)",
    "CREATE TABLE IF NOT EXISTS \"mg_schema_part\" (\"step\" INTEGER NOT NULL, \"part\" INTEGER NOT NULL, PRIMARY KEY (\"step\", \"part\"))",
];
const DONE: &str = "INSERT INTO \"mg_schema\" (\"step\") VALUES (?)";
const PART_DONE: &str = "INSERT INTO \"mg_schema_part\" (\"step\", \"part\") VALUES (?, ?)";

/// SQLite and PostgreSQL: each step is a transaction.
async fn in_transactions(db: &Database, revision: Revision, budget: &mut Budget) -> Result<bool, Error> {
    for (number, script) in steps(db.dialect(), revision) {
        let mut tx = db.begin().await?;
        if db.dialect() == Dialect::Postgres {
            tx.fetch(&format!("SELECT 1 AS \"one\" FROM (SELECT pg_advisory_xact_lock({LOCK})) l"), vec![]).await?;
        }
        tx.script(TABLES[0].to_owned()).await?;
        if has(&mut tx, "SELECT \"step\" FROM \"mg_schema\" WHERE \"step\" = ?", vec![Arg::Int(number)]).await? {
            continue;
        }
        if number != MAGNUM || !is_there(&mut tx).await? {
            for statement in statements(&script) {
                if !budget.take() {
                    return Ok(false);
                }
                tx.script(statement).await?;
            }
        }
        tx.execute(DONE, vec![Arg::Int(number)]).await?;
        if !budget.take() {
            return Ok(false);
        }
        tx.commit().await?;
    }
    Ok(true)
}

/// MySQL commits with every change of a table, so that each statement is noted by itself. One process at a time.
async fn with_lock(db: &Database, revision: Revision, budget: &mut Budget) -> Result<bool, Error> {
    let mut tx = db.begin().await?;
    let lock = format!("CONCAT('magnum.', LEFT(DATABASE(), 40), '.{LOCK}')");
    let rows = tx.fetch(&format!("SELECT CAST(COALESCE(GET_LOCK({lock}, 20), 0) AS SIGNED) AS \"got\""), vec![]).await?;
    if rows.first().map_or(Ok(0), |row| row.get::<i64>("got"))? != 1 {
        let reason = "another process has been changing the database's schema for 20 s; try again when it is done".to_owned();
        return Err(Error::Schema { reason });
    }
    let outcome = by_parts(&mut tx, revision, budget).await;
    tx.script("ROLLBACK".to_owned()).await?;
    tx.fetch(&format!("SELECT CAST(RELEASE_LOCK({lock}) AS SIGNED) AS \"got\""), vec![]).await?;
    tx.commit().await?;
    outcome
}

async fn by_parts(tx: &mut Transaction, revision: Revision, budget: &mut Budget) -> Result<bool, Error> {
    for table in TABLES {
        if !budget.take() {
            return Ok(false);
        }
        tx.script(table.to_owned()).await?;
    }
    for (number, script) in steps(Dialect::Mysql, revision) {
        if has(tx, "SELECT \"step\" FROM \"mg_schema\" WHERE \"step\" = ?", vec![Arg::Int(number)]).await? {
            continue;
        }
        let begun = has(tx, "SELECT \"step\" FROM \"mg_schema_part\" WHERE \"step\" = ?", vec![Arg::Int(number)]).await?;
        if number == MAGNUM && !begun {
            if is_there(tx).await? {
                tx.execute(DONE, vec![Arg::Int(number)]).await?;
                tx.script("COMMIT".to_owned()).await?;
                continue;
            }
            // From here on the tables are ours, also when we get no further than the first.
            tx.execute(PART_DONE, vec![Arg::Int(number), Arg::Int(0)]).await?;
            tx.script("COMMIT".to_owned()).await?;
        }
        for (part, statement) in (1..).zip(statements(&script)) {
            let key = || vec![Arg::Int(number), Arg::Int(part)];
            if !has(tx, "SELECT \"step\" FROM \"mg_schema_part\" WHERE \"step\" = ? AND \"part\" = ?", key()).await?
                && !apply_part(tx, statement, key(), budget).await?
            {
                return Ok(false);
            }
        }
        if !budget.take() {
            return Ok(false);
        }
        tx.execute(DONE, vec![Arg::Int(number)]).await?;
        tx.script("COMMIT".to_owned()).await?;
    }
    Ok(true)
}

/// A change of rows goes with its note in one transaction. A change of a table may be done and not noted: then it says so
/// itself when it is done again.
async fn apply_part(tx: &mut Transaction, statement: String, key: Vec<Arg>, budget: &mut Budget) -> Result<bool, Error> {
    if !budget.take() {
        return Ok(false);
    }
    let of_rows = statement.starts_with("INSERT") || statement.starts_with("UPDATE") || statement.starts_with("DELETE");
    if of_rows {
        tx.script("START TRANSACTION".to_owned()).await?;
    }
    match tx.script(statement).await {
        Err(error) if !of_rows && is_done_already(&error) => {}
        outcome => outcome?,
    }
    if !budget.take() {
        return Ok(false);
    }
    tx.execute(PART_DONE, key).await?;
    tx.script("COMMIT".to_owned()).await?;
    Ok(true)
}

/// MySQL: the table exists, the table is gone, the column exists, the index exists.
fn is_done_already(error: &Error) -> bool {
    matches!(error.driver().and_then(crate::error::mysql_number), Some(1050 | 1051 | 1060 | 1061))
}

async fn has(tx: &mut Transaction, sql: &str, args: Vec<Arg>) -> Result<bool, Error> {
    Ok(!tx.fetch(sql, args).await?.is_empty())
}

/// Whether Magnum's tables are there, made by Magnum. Not when the database is empty; half of them is an error.
async fn is_there(tx: &mut Transaction) -> Result<bool, Error> {
    let found = table::found_in(tx).await?;
    let expected = table::expected(REVISIONS[0]);
    let magnums: BTreeSet<&str> = expected.iter().map(|t| t.name.as_str()).filter(|name| !name.starts_with("mg_")).collect();
    let there: Vec<&str> = magnums.iter().copied().filter(|name| found.contains_key(*name)).collect();
    if there.is_empty() {
        return Ok(false);
    }
    let lacking: Vec<&str> = magnums.iter().copied().filter(|name| !found.contains_key(*name)).collect();
    if !lacking.is_empty() {
        let reason = format!(
            "the database has only some of Magnum's tables: {} are there, {} are not; give an empty database, or one made by \
             magnum-db-manage; nothing was changed",
            there.join(", "),
            lacking.join(", ")
        );
        return Err(Error::Schema { reason });
    }
    let rows = tx.fetch("SELECT \"version_num\" FROM \"alembic_version\"", vec![]).await?;
    current(rows.first().map(|row| row.text("version_num")).transpose()?).map(|_| true)
}

fn current(revision: Option<String>) -> Result<Revision, Error> {
    match revision {
        Some(id) => Revision::named(&id),
        None => Err(Error::Schema {
            reason: "the database has Magnum's tables but no revision in alembic_version; say which it is with `magnum db stamp`"
                .to_owned(),
        }),
    }
}

/// Magnum's revision as the database has it; none in an empty database.
pub(crate) async fn revision_id(db: &Database) -> Result<Option<String>, Error> {
    if !table::found(db).await?.contains_key("alembic_version") {
        return Ok(None);
    }
    let rows = db.fetch("SELECT \"version_num\" FROM \"alembic_version\"", vec![]).await?;
    rows.first().map(|row| row.text("version_num")).transpose()
}

/// Looks at what Magnum's tables have now. Values kept for columns that have come since go into them.
async fn settle(db: &mut Database) -> Result<(), Error> {
    let revision = current(revision_id(db).await?)?;
    let found = table::found(db).await?;
    let oldest = REVISIONS[0].missing();
    let has = |table: &str, column: &str| found.get(table).is_some_and(|columns| columns.contains(column));
    let lacking: Vec<String> = table::expected(revision)
        .iter()
        .flat_map(|t| t.columns.iter().map(|(column, _)| (t.name.clone(), column.clone())))
        .filter(|(table, column)| !has(table, column) && !oldest.contains(&(table.as_str(), column.as_str())))
        .filter(|(_, column)| !REVISIONS[0].extra().contains(&column.as_str()))
        .map(|(table, column)| format!("{table}.{column}"))
        .collect();
    if !lacking.is_empty() {
        let reason = format!("the database says it is at Magnum's revision {}, but it lacks {}", revision.id, lacking.join(", "));
        return Err(Error::Schema { reason });
    }
    let missing: BTreeSet<_> = oldest.into_iter().filter(|(table, column)| !has(table, column)).collect();
    for (table, column) in REVISIONS[0].missing().into_iter().filter(|key| !missing.contains(key)) {
        move_in(db, table, column).await?;
    }
    db.layout = Arc::new(Layout { missing, ..(*db.layout).clone() });
    Ok(())
}

/// Moves what `mg_column` kept for a column into the column.
async fn move_in(db: &Database, table: &str, column: &str) -> Result<(), Error> {
    let key = || vec![Arg::Text(table.to_owned()), Arg::Text(column.to_owned())];
    let kept = "\"mg_column\" WHERE \"owner\" = ? AND \"name\" = ?";
    if db.fetch(&format!("SELECT \"uuid\" FROM {kept} LIMIT 1"), key()).await?.is_empty() {
        return Ok(());
    }
    crate::sql::transaction!(db, |tx| {
        for row in tx.fetch(&format!("SELECT \"uuid\", \"value\" FROM {kept} {{update}}"), key()).await? {
            let args = vec![Arg::Text(row.text("value")?), Arg::Text(row.text("uuid")?)];
            tx.execute(&format!("UPDATE \"{table}\" SET \"{column}\" = ? WHERE \"uuid\" = ?"), args).await?;
        }
        tx.execute(&format!("DELETE FROM {kept}"), key()).await
    })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connection::Target;
    use crate::revision::NEWEST;

    #[tokio::test]
    async fn steps_run_once_and_leave_magnums_stamp() {
        let dir = tempfile::tempdir().unwrap();
        let target = Target::Sqlite(Some(dir.path().join("magnum.db")));
        for _ in 0..2 {
            let mut db = Database::open(&target, &Default::default()).await.unwrap();
            migrate(&mut db, NEWEST).await.unwrap();
            let rows = db.fetch("SELECT \"version_num\" FROM \"alembic_version\"", vec![]).await.unwrap();
            let stamps: Vec<String> = rows.iter().map(|r| r.text("version_num").unwrap()).collect();
            assert_eq!(stamps, ["b3e1cf4a2d5e"]);
        }
    }

    #[test]
    fn no_dialect_keeps_a_placeholder_and_no_statement_is_lost() {
        for dialect in [Dialect::Sqlite, Dialect::Postgres, Dialect::Mysql] {
            for (number, script) in steps(dialect, NEWEST) {
                assert!(!script.contains('{'), "{dialect:?} {number}");
                let parts = statements(&script);
                assert!(parts.iter().all(|part| !part.contains(';') && part.starts_with(char::is_uppercase)), "{parts:?}");
                assert_eq!(parts.len(), script.matches(";\n").count());
            }
        }
    }
}
