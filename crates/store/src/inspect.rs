// SPDX-License-Identifier: Apache-2.0
//! The schema from outside, for `magnum db`: which version it has, what it lacks, bringing it up to date.

use crate::connection::{Limits, Target};
use crate::error::Error;
use crate::revision::{NEWEST, REVISIONS, Revision};
use crate::sql::{Arg, Database, transaction};
use crate::{schema, table};
use std::collections::BTreeSet;

/// A database that is looked at, and changed only where a function says so.
pub struct Inspection {
    db: Database,
    place: String,
}

/// The versions of the two parts of a schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// Magnum's revision, none in an empty database.
    pub magnum: Option<String>,
    /// The release that has this revision as its newest, if we know it.
    pub release: Option<&'static str>,
    /// Our newest step that was applied.
    pub step: Option<i64>,
    /// Our newest step that there is.
    pub newest_step: i64,
}

/// Something about a schema that an operator should know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Whether the program cannot work with it; otherwise it is only told.
    pub is_fault: bool,
    pub text: String,
}

impl Inspection {
    /// Connects and changes nothing. A missing SQLite file is an error.
    pub async fn open(url: &str, limits: &Limits) -> Result<Self, Error> {
        let target = Target::parse(url)?;
        if let Target::Sqlite(Some(path)) = &target
            && !path.is_file()
        {
            return Err(Error::Connection {
                reason: format!("leads to {}, which is not there; `magnum db sync` makes it", target.shown()),
            });
        }
        Ok(Self { db: Database::open(&target, limits).await?, place: target.shown() })
    }

    /// Where the database is, without its password.
    pub fn place(&self) -> &str {
        &self.place
    }

    pub(crate) fn db(&self) -> &Database {
        &self.db
    }

    /// Which versions it has.
    pub async fn version(&self) -> Result<Version, Error> {
        let magnum = schema::revision_id(&self.db).await?;
        let known = REVISIONS.iter().find(|revision| Some(revision.id) == magnum.as_deref());
        let applied = self.applied().await?;
        Ok(Version {
            magnum,
            release: known.map(|revision| revision.release),
            step: applied.last().copied(),
            newest_step: schema::numbers().last().unwrap_or(0),
        })
    }

    async fn applied(&self) -> Result<BTreeSet<i64>, Error> {
        if !table::found(&self.db).await?.contains_key("mg_schema") {
            return Ok(BTreeSet::new());
        }
        self.db.fetch("SELECT \"step\" FROM \"mg_schema\"", vec![]).await?.iter().map(|row| row.get("step")).collect()
    }

    /// What differs from what this program needs.
    pub async fn check(&self) -> Result<Vec<Finding>, Error> {
        let fault = |text: String| Finding { is_fault: true, text };
        let found = table::found(&self.db).await?;
        let has = |table: &str, column: &str| found.get(table).is_some_and(|columns| columns.contains(column));
        let Some(id) = schema::revision_id(&self.db).await? else {
            let text = if found.contains_key("cluster") {
                "Magnum's tables are there, but no revision in alembic_version; say which it is with `magnum db stamp`"
            } else {
                "there are no tables; make them with `magnum db sync`"
            };
            return Ok(vec![fault(text.to_owned())]);
        };
        let revision = match Revision::named(&id) {
            Ok(revision) => revision,
            Err(error) => return Ok(vec![fault(error.to_string())]),
        };
        let mut findings = Vec::new();
        let applied = self.applied().await?;
        let lacking: Vec<String> = schema::numbers().filter(|step| !applied.contains(step)).map(|step| step.to_string()).collect();
        if !lacking.is_empty() {
            findings.push(fault(format!(
                "steps {} of this program's own schema are missing; apply them with `magnum db sync`",
                lacking.join(", ")
            )));
        }
        if let Some(newer) = applied.iter().find(|step| !schema::numbers().any(|known| known == **step)) {
            findings.push(fault(format!("step {newer} was applied by a newer version of this program; use that version")));
        }
        let ours_are_there = lacking.is_empty();
        for table in table::expected(revision).iter().filter(|table| ours_are_there || !table.name.starts_with("mg_")) {
            if !found.contains_key(&table.name) {
                findings.push(fault(format!("table {} is missing", table.name)));
                continue;
            }
            for (column, _) in table.columns.iter().filter(|(column, _)| !has(&table.name, column)) {
                findings.push(fault(format!("column {}.{column} is missing, which revision {id} has", table.name)));
            }
            let more = found[&table.name].iter().filter(|column| !table.columns.iter().any(|(known, _)| known == *column));
            findings.extend(more.map(|column| Finding {
                is_fault: false,
                text: format!("column {}.{column} is not of revision {id}; it is left alone, and `magnum db copy` refuses it", table.name),
            }));
        }
        let indexes = table::indexes(&self.db).await?;
        let gone = table::expected_indexes().into_iter().filter(|(name, _)| ours_are_there && !indexes.contains(name));
        findings.extend(gone.map(|(name, table)| Finding {
            is_fault: false,
            text: format!("index {name} of {table} is missing: lists and look-ups are slow without it"),
        }));
        if revision != NEWEST {
            let columns: Vec<String> = revision.missing().iter().map(|(table, column)| format!("{table}.{column}")).collect();
            if !columns.is_empty() {
                let text = format!(
                    "Magnum's tables are those of {} ({id}); values of {} are kept beside them until they have these columns",
                    revision.release,
                    columns.join(", ")
                );
                findings.push(Finding { is_fault: false, text });
            }
        }
        Ok(findings)
    }

    /// Brings the schema up to date. An empty database gets Magnum's tables as `revision` has them.
    pub async fn sync(url: &str, limits: &Limits, revision: Revision) -> Result<Self, Error> {
        let target = Target::parse(url)?;
        let mut db = Database::open(&target, limits).await?;
        schema::migrate(&mut db, revision).await?;
        Ok(Self { db, place: target.shown() })
    }

    /// As [`Self::sync`], but ends as if it were killed after so many statements; whether it came to the end. For tests.
    #[doc(hidden)]
    pub async fn sync_until(url: &str, limits: &Limits, statements: usize) -> Result<bool, Error> {
        let mut db = Database::open(&Target::parse(url)?, limits).await?;
        let ended = schema::migrate_until(&mut db, NEWEST, statements).await?;
        db.close().await;
        Ok(ended)
    }

    /// Writes Magnum's revision without changing anything else.
    pub async fn stamp(&self, revision: &str) -> Result<(), Error> {
        let revision = Revision::named(revision)?;
        transaction!(self.db, |tx| {
            tx.script("CREATE TABLE IF NOT EXISTS \"alembic_version\" (\"version_num\" VARCHAR(32) NOT NULL PRIMARY KEY)".to_owned())
                .await?;
            tx.execute("DELETE FROM \"alembic_version\"", vec![]).await?;
            let sql = "INSERT INTO \"alembic_version\" (\"version_num\") VALUES (?)";
            tx.execute(sql, vec![Arg::Text(revision.id.to_owned())]).await?;
            Ok(())
        })
    }

    /// Closes the connections.
    pub async fn close(&self) {
        self.db.close().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_database_is_described_before_and_after() {
        let dir = tempfile::tempdir().unwrap();
        let (url, limits) = (format!("sqlite:///{}", dir.path().join("m.db").display()), Limits::default());
        assert!(Inspection::open(&url, &limits).await.is_err(), "nothing is made by looking");
        std::fs::File::create(dir.path().join("m.db")).unwrap();
        let nowhere = format!("sqlite:///{}", dir.path().join("none/m.db").display());
        let told = crate::Store::connect(&nowhere, &limits).await.err().unwrap().to_string();
        assert!(told.contains("is its directory there"), "{told}");
        let empty = Inspection::open(&url, &limits).await.unwrap();
        assert_eq!(empty.version().await.unwrap(), Version { magnum: None, release: None, step: None, newest_step: 6 });
        assert!(empty.check().await.unwrap()[0].text.contains("magnum db sync"));
        let zed = Inspection::sync(&url, &limits, REVISIONS[0]).await.unwrap();
        let version = zed.version().await.unwrap();
        assert_eq!((version.magnum.as_deref(), version.release, version.step), (Some("7da8489d6a68"), Some("15.0.1 (zed)"), Some(6)));
        let told = zed.check().await.unwrap();
        assert!(told.len() == 1 && !told[0].is_fault && told[0].text.contains("nodegroup.node_taints"), "{told:?}");
        zed.stamp("c0f832afc4fd").await.unwrap();
        let told = zed.check().await.unwrap();
        assert!(told.iter().any(|f| f.is_fault && f.text.contains("cluster_template.driver is missing")), "{told:?}");
        assert!(zed.stamp("ffffffffffff").await.unwrap_err().to_string().contains("does not know"));
    }

    #[tokio::test]
    async fn a_new_file_is_its_owners_alone() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("m.db");
        let store = crate::Store::open(&path).await.unwrap();
        store.report_service("h", "b").await.unwrap();
        for file in std::fs::read_dir(dir.path()).unwrap() {
            let file = file.unwrap();
            assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", file.path());
        }
    }

    #[tokio::test]
    async fn an_unknown_revision_is_refused_and_nothing_changed() {
        let dir = tempfile::tempdir().unwrap();
        let (url, limits) = (format!("sqlite:///{}", dir.path().join("m.db").display()), Limits::default());
        let made = Inspection::sync(&url, &limits, NEWEST).await.unwrap();
        transaction!(made.db, |tx| {
            tx.script("UPDATE \"alembic_version\" SET \"version_num\" = 'ffffffffffff'".to_owned()).await?;
            tx.script("DROP TABLE \"mg_schema\"".to_owned()).await
        })
        .unwrap();
        let told = crate::Store::connect(&url, &limits).await.err().unwrap().to_string();
        assert!(told.contains("ffffffffffff") && told.contains("nothing was changed"), "{told}");
        assert!(!table::found(&made.db).await.unwrap().contains_key("mg_schema"));
    }
}
