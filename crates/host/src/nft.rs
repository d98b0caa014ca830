// SPDX-License-Identifier: Apache-2.0
//! nftables, one transaction per call. Callers run these inside the namespace they mean.

use crate::{Error, Program};

/// Loads a rule set written in nft's language; all of it or nothing.
pub fn load(rules: &str) -> Result<(), Error> {
    Program::new("nft").args(["-f", "-"]).stdin(rules).run().map(drop)
}

/// The text that makes a table be exactly `body`, whether it was there or not.
pub fn replace_table(family: &str, table: &str, body: &str) -> String {
    format!("table {family} {table}\ndelete table {family} {table}\ntable {family} {table} {{\n{body}}}\n")
}

/// The text that removes a table, whether it was there or not.
pub fn delete_table(family: &str, table: &str) -> String {
    format!("table {family} {table}\ndelete table {family} {table}\n")
}
