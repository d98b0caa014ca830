// SPDX-License-Identifier: Apache-2.0
//! A sample policy file: every rule with what it allows, commented out.

use crate::credentials::Scope;
use std::fmt::Write as _;

/// A file that changes nothing until somebody takes a `#` away.
pub fn sample() -> String {
    let mut text = String::from("# Rules of magnum, in the language of oslo.policy. What is commented out is in force.\n");
    for rule in crate::defaults() {
        let _ = writeln!(text, "\n# {}", rule.about);
        for (method, path) in rule.operations {
            let _ = writeln!(text, "# {method} {path}");
        }
        if !rule.scopes.is_empty() {
            let _ = writeln!(text, "# Scope of the token: {}", rule.scopes.iter().map(|s| Scope::word(*s)).collect::<Vec<_>>().join(", "));
        }
        if let Some(old) = rule.old {
            let _ = writeln!(text, "# Until enforce_new_defaults is on, also: {old}");
        }
        let _ = writeln!(text, "#\"{}\": \"{}\"", rule.name, rule.check);
    }
    text
}
