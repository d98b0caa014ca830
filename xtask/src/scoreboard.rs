// SPDX-License-Identifier: Apache-2.0
//! The table of injected faults in docs/scoreboard.md, from what the fault suites wrote down.

use crate::sh;
use anyhow::{Context, Result};
use std::path::PathBuf;

const BEGIN: &str = "<!-- faults: written by `cargo xtask test --full` -->";
const END: &str = "<!-- end of faults -->";
const HEAD: &str = "| COE | layer | fault | injected by (shortened) | named alone | time |\n| --- | --- | --- | --- | --- | --- |";

/// Where the suites write their rows.
pub fn file() -> PathBuf {
    sh::root().join("target/faults.md")
}

/// Puts the rows into the document.
pub fn faults() -> Result<()> {
    let rows = std::fs::read_to_string(file()).context("reading what the fault suites wrote")?;
    let path = sh::root().join("docs/scoreboard.md");
    let text = std::fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
    std::fs::write(&path, replaced(&text, &rows)?).with_context(|| format!("writing {}", path.display()))
}

fn replaced(text: &str, rows: &str) -> Result<String> {
    let (before, rest) = text.split_once(BEGIN).context("docs/scoreboard.md has no place for the faults")?;
    let (_, after) = rest.split_once(END).context("docs/scoreboard.md has no end of the faults")?;
    let (all, named) = (rows.lines().count(), rows.lines().filter(|row| row.contains("| yes |")).count());
    Ok(format!(
        "{before}{BEGIN}\n\n{named} of {all} named at once as the one cause (or, for a risk, as the one warning).\n\n{HEAD}\n{rows}\n{END}{after}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_table_is_replaced_and_its_rows_are_counted() {
        let text = format!("before\n{BEGIN}\nold\n{END}\nafter\n");
        let rows = "| kubernetes | etcd | a | `x` | yes | 1.0 s |\n| kubernetes | etcd | b | `y` | **no** | – |\n";
        let new = replaced(&text, rows).unwrap();
        assert!(new.starts_with("before\n") && new.ends_with("after\n") && !new.contains("old"));
        assert!(new.contains("1 of 2 named") && new.contains("| a |"));
        assert!(replaced("nothing", rows).is_err());
    }
}
