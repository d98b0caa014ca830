// SPDX-License-Identifier: Apache-2.0
//! A page of 1,000 out of 100,000 clusters on the three databases, each started for it and gone afterwards.

use crate::bench::Row;
use crate::sh;
use anyhow::{Context, Result};
use std::process::Command;

/// What is required of each: milliseconds.
const REQUIRED: f64 = 60.0;

/// Names of the rows; what the program measures beside them has no requirement and is only said.
const ROWS: [(&str, &str, &str); 6] = [
    ("SQLite", "any marker", "page of 1,000 of 100,000 clusters, worst marker, SQLite"),
    ("SQLite", "any marker, one project of ten", "the same of one project, SQLite"),
    ("PostgreSQL", "any marker", "page of 1,000 of 100,000 clusters, worst marker, PostgreSQL"),
    ("PostgreSQL", "any marker, one project of ten", "the same of one project, PostgreSQL"),
    ("MariaDB", "any marker", "page of 1,000 of 100,000 clusters, worst marker, MariaDB"),
    ("MariaDB", "any marker, one project of ten", "the same of one project, MariaDB"),
];

/// Builds the measuring program and runs it; in the release profile unless `dev`.
pub fn rows(dev: bool) -> Result<Vec<Row>> {
    sh::say("a page of 1,000 out of 100,000 clusters, on SQLite, PostgreSQL and MariaDB");
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(sh::root()).args(["run", "--quiet", "--package", "magnum-store", "--example", "pages"]);
    if !dev {
        command.arg("--release");
    }
    let mut rows = Vec::new();
    for line in sh::read(&mut command)?.lines() {
        let measured: serde_json::Value = serde_json::from_str(line).with_context(|| format!("reading {line:?}"))?;
        let ms = measured["ms"].as_f64().with_context(|| format!("no ms in {line:?}"))?;
        let named = |row: &&(&str, &str, &str)| measured["database"] == row.0 && measured["what"] == row.1;
        match ROWS.iter().find(named) {
            Some((_, _, what)) => rows.push(Row { what, measured: ms, required: REQUIRED, unit: "ms", load: sh::load() }),
            None => sh::say(&format!("{} {}: {ms:.1} ms", measured["database"], measured["what"])),
        }
    }
    Ok(rows)
}
