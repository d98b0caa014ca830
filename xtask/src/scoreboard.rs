// SPDX-License-Identifier: Apache-2.0
//! The tables of docs/scoreboard.md, from what the suites of the doctor wrote down.

use crate::sh;
use anyhow::{Context, Result};
use magnum_testkit::patient::Section;
use std::path::PathBuf;

/// One table: between which lines it stands, its head, and what its rows add up to.
struct Table {
    section: Section,
    begin: &'static str,
    end: &'static str,
    head: &'static str,
    /// The cell of a row that did not pass.
    failed: &'static str,
    /// Follows on `3 of 4 `.
    sum: &'static str,
}

const TABLES: [Table; 3] = [
    Table {
        section: Section::Faults,
        begin: "<!-- faults: written by `cargo xtask test --full` -->",
        end: "<!-- end of faults -->",
        head: "| COE | layer | fault | injected by (shortened) | named alone | time |\n| --- | --- | --- | --- | --- | --- |",
        failed: "| **no** |",
        sum: "named at once as the one cause (or, for a risk, as the one warning).",
    },
    Table {
        section: Section::Doubles,
        begin: "<!-- double faults: written by `cargo xtask test --full` -->",
        end: "<!-- end of double faults -->",
        head: "| COE | fault | and fault | both named, nothing else | time |\n| --- | --- | --- | --- | --- |",
        failed: "| **no** |",
        sum: "pairs named, both and nothing else, the lower layer first.",
    },
    Table {
        section: Section::Withheld,
        begin: "<!-- withheld vantages: written by `cargo xtask test --full` -->",
        end: "<!-- end of withheld vantages -->",
        head: "| COE | withheld | fault | told | faults left open | time |\n| --- | --- | --- | --- | --- | --- |",
        failed: "| **wrong** |",
        sum: "told without a wrong cause, without a false \"healthy\", and with what could not be seen.",
    },
];

/// Where the suites write their rows; each table's file beside it.
pub fn file() -> PathBuf {
    sh::root().join("target/faults.md")
}

fn rows_file(table: &Table) -> PathBuf {
    file().with_extension(table.section.extension())
}

/// Forgets the rows of an earlier run.
pub fn forget() {
    for table in &TABLES {
        let _ = std::fs::remove_file(rows_file(table));
    }
}

/// Puts the rows into the document.
pub fn faults() -> Result<()> {
    let path = sh::root().join("docs/scoreboard.md");
    let mut text = std::fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
    for table in &TABLES {
        // A suite that did not run leaves its table as it is.
        let Ok(rows) = std::fs::read_to_string(rows_file(table)) else { continue };
        text = replaced(&text, table, &rows)?;
    }
    std::fs::write(&path, text).with_context(|| format!("writing {}", path.display()))
}

/// Puts what `cargo xtask bench --api` measured into the document.
pub fn api(section: &str) -> Result<()> {
    let path = sh::root().join("docs/scoreboard.md");
    let text = std::fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
    let text = between(&text, "<!-- api: written by `cargo xtask bench --api` -->", "<!-- end of api -->", section)?;
    std::fs::write(&path, text).with_context(|| format!("writing {}", path.display()))
}

fn replaced(text: &str, table: &Table, rows: &str) -> Result<String> {
    let (all, good) = (rows.lines().count(), rows.lines().filter(|row| !row.contains(table.failed)).count());
    between(text, table.begin, table.end, &format!("{good} of {all} {}{}\n\n{}\n{rows}", table.sum, times(rows), table.head))
}

/// The text with other words between two lines.
fn between(text: &str, begin: &str, end: &str, words: &str) -> Result<String> {
    let (before, rest) = text.split_once(begin).with_context(|| format!("docs/scoreboard.md has no {begin}"))?;
    let (_, after) = rest.split_once(end).with_context(|| format!("docs/scoreboard.md has no {end}"))?;
    Ok(format!("{before}{begin}\n\n{words}\n{end}{after}"))
}

/// The middle one and the longest of the times in the last column.
fn times(rows: &str) -> String {
    let last = |row: &str| {
        row.trim_end_matches([' ', '|']).rsplit('|').next().and_then(|cell| cell.trim().strip_suffix(" s")?.parse::<f64>().ok())
    };
    let mut all: Vec<f64> = rows.lines().filter_map(last).collect();
    all.sort_by(f64::total_cmp);
    match (all.get(all.len() / 2), all.last()) {
        (Some(median), Some(worst)) => format!(" The whole command took {median:.1} s in the median and {worst:.1} s at worst."),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_table_is_replaced_and_its_rows_are_counted() {
        let table = &TABLES[0];
        let text = format!("before\n{}\nold\n{}\nafter\n", table.begin, table.end);
        let rows = "| kubernetes | etcd | a | `x` | yes | 1.0 s |\n| kubernetes | etcd | b | `y` | **no** | – |\n";
        let new = replaced(&text, table, rows).unwrap();
        assert!(new.starts_with("before\n") && new.ends_with("after\n") && !new.contains("old"));
        assert!(new.contains("took 1.0 s in the median and 1.0 s at worst"), "{new}");
        assert!(new.contains("1 of 2 named") && new.contains("| a |"));
        assert!(replaced("nothing", table, rows).is_err());
    }
}
