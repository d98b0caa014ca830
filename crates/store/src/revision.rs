// SPDX-License-Identifier: Apache-2.0
//! Magnum's own schema versions: the revisions in `alembic_version`, and what each has. (reference: magnum-db.md 4.3, 4.4)

use crate::error::Error;

/// A revision of Magnum's schema that this program can work on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Revision {
    pub id: &'static str,
    /// The releases that have it as their newest.
    pub release: &'static str,
    /// `cluster_template.driver`.
    driver: bool,
    /// `cluster.trust_id` and the three of the trustee.
    trusts: bool,
    /// `nodegroup.node_labels` and `node_taints`.
    node_labels: bool,
}

/// Oldest first.
pub const REVISIONS: &[Revision] = &[
    Revision { id: "7da8489d6a68", release: "15.0.1 (zed)", driver: false, trusts: true, node_labels: false },
    Revision { id: "c0f832afc4fd", release: "22.0.0", driver: true, trusts: true, node_labels: false },
    Revision { id: "d7e6a4d39fe4", release: "after 22.0.0", driver: true, trusts: false, node_labels: false },
    Revision { id: "b3e1cf4a2d5e", release: "23.0.0", driver: true, trusts: false, node_labels: true },
];

/// The one that a new database gets.
pub const NEWEST: Revision = REVISIONS[REVISIONS.len() - 1];

/// Revisions before zed's: data has to be brought to zed's form by Magnum's own migrations first.
const OLDER: &str = include_str!("schema/older-revisions.txt");

/// The columns that not every revision has, in the words of the first step's script.
const DRIVER: &[&str] = &["driver"];
const NODE_LABELS: &[&str] = &["node_labels", "node_taints"];
const TRUSTS: &[&str] = &["trust_id", "trustee_username", "trustee_user_id", "trustee_password"];

impl Revision {
    /// The revision of this name; the error says what to do with another.
    pub fn named(id: &str) -> Result<Self, Error> {
        if let Some(found) = REVISIONS.iter().find(|revision| revision.id == id) {
            return Ok(*found);
        }
        let known = REVISIONS.iter().map(|r| format!("{} ({})", r.id, r.release)).collect::<Vec<_>>().join(", ");
        let reason = if OLDER.lines().any(|line| line == id) {
            format!(
                "the database is at Magnum's revision {id}, which is older than that of 15.0.1 (zed); bring it to {} with \
                 `magnum-db-manage upgrade` of Magnum 15.0.1 first",
                REVISIONS[0].id
            )
        } else {
            let shown: String = id.chars().take(40).collect();
            format!(
                "the database is at Magnum's revision {shown:?}, which this program does not know; it knows {known}. A newer \
                 Magnum may have changed it: use a newer version of this program; nothing was changed"
            )
        };
        Err(Error::Schema { reason })
    }

    /// Columns by table that newer revisions have and this one has not.
    pub(crate) fn missing(self) -> Vec<(&'static str, &'static str)> {
        let driver = DRIVER.iter().filter(|_| !self.driver).map(|column| ("cluster_template", *column));
        driver.chain(NODE_LABELS.iter().filter(|_| !self.node_labels).map(|column| ("nodegroup", *column))).collect()
    }

    /// Columns of `cluster` that older revisions have, and this one.
    pub(crate) fn extra(self) -> &'static [&'static str] {
        if self.trusts { TRUSTS } else { &[] }
    }

    /// The first step's script, written for the newest revision, as this one has it.
    pub(crate) fn script(self, newest: &str) -> String {
        let mut script = String::new();
        let mut table = "";
        for line in newest.lines() {
            if let Some(name) = line.strip_prefix("CREATE TABLE \"").and_then(|rest| rest.split('"').next()) {
                table = name;
            }
            let column = line.trim_start().strip_prefix('"').and_then(|rest| rest.split('"').next()).unwrap_or_default();
            if line.starts_with("  ") && self.missing().contains(&(table, column)) {
                continue;
            }
            script.push_str(&line.replace(NEWEST.id, self.id));
            script.push('\n');
            if (table, column) == ("cluster", "create_timeout") {
                script.extend(self.extra().iter().map(|column| format!("  \"{column}\" VARCHAR(255),\n")));
            }
        }
        script
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_known_is_worked_on() {
        assert_eq!(Revision::named("b3e1cf4a2d5e").unwrap(), NEWEST);
        let old = Revision::named("2581ebaf0cb2").unwrap_err().to_string();
        assert!(old.contains("magnum-db-manage upgrade"), "{old}");
        let new = Revision::named("ffffffffffff").unwrap_err().to_string();
        assert!(new.contains("does not know") && new.contains("7da8489d6a68 (15.0.1 (zed))"), "{new}");
        assert_eq!(OLDER.lines().count(), 73);
    }

    #[test]
    fn an_older_revision_has_its_own_columns() {
        let newest = include_str!("schema/0001-magnum.sql");
        let zed = REVISIONS[0].script(newest);
        assert!(zed.contains("\"trustee_password\" VARCHAR(255)") && zed.contains("'7da8489d6a68'"));
        assert!(!zed.contains("\"driver\"") && zed.contains("\"network_driver\"") && !zed.contains("node_taints"));
        assert_eq!(zed.lines().count(), newest.lines().count() + 4 - 3);
        assert_eq!(NEWEST.script(newest), newest);
    }
}
