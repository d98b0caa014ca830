// SPDX-License-Identifier: Apache-2.0
//! How a built-in rule is described.

use crate::credentials::Scope;

/// A rule that is in force unless a file says otherwise.
#[derive(Debug)]
pub struct DefaultRule {
    /// Its name, such as `cluster:create`.
    pub name: &'static str,
    /// Its text.
    pub check: &'static str,
    /// What also allows it as long as the new defaults are not enforced: the text of before 2023.
    pub old: Option<&'static str>,
    /// Scopes of tokens it may be asked with; none means any.
    pub scopes: &'static [Scope],
    /// What it allows.
    pub about: &'static str,
    /// The requests that ask it, as (method, path).
    pub operations: &'static [(&'static str, &'static str)],
}

/// Only with a project's token.
pub(crate) const PROJECT: &[Scope] = &[Scope::Project];

/// A part that other rules refer to.
pub(crate) const fn base(name: &'static str, check: &'static str, about: &'static str) -> DefaultRule {
    DefaultRule { name, check, old: None, scopes: &[], about, operations: &[] }
}

/// A rule of an operation in the caller's project.
pub(crate) const fn project(
    name: &'static str,
    check: &'static str,
    operation: &'static [(&'static str, &'static str)],
    about: &'static str,
) -> DefaultRule {
    DefaultRule { name, check, old: None, scopes: PROJECT, about, operations: operation }
}

/// A rule of an operation for administrators, with a token of any scope.
pub(crate) const fn administrator(
    name: &'static str,
    operation: &'static [(&'static str, &'static str)],
    about: &'static str,
) -> DefaultRule {
    DefaultRule { name, check: "rule:context_is_admin", old: None, scopes: &[], about, operations: operation }
}

impl DefaultRule {
    /// Also allowed by this until the new defaults are enforced.
    pub(crate) const fn formerly(mut self, check: &'static str) -> Self {
        self.old = Some(check);
        self
    }
}
