// SPDX-License-Identifier: Apache-2.0
//! The rules in force, and questions to them.

use crate::ast::Check;
use crate::credentials::{Credentials, Scope, Target};
use crate::decision::{Cause, Decision, Denial, cause};
use crate::definition::DefaultRule;
use crate::evaluate::{Node, Outcome, Walk};
use crate::file::{RuleFile, Unreadable};
use crate::nearest::nearest;
use crate::parse::{ParseError, parse, parse_value};
use std::collections::BTreeMap;
use std::fmt;

/// What `[oslo_policy]` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Whether a token of another scope than the rule's is refused.
    pub enforce_scope: bool,
    /// Whether the rules of before 2023 no longer allow anything.
    pub enforce_new_defaults: bool,
    /// The rule that decides for rules that do not exist.
    pub default_rule: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self { enforce_scope: true, enforce_new_defaults: true, default_rule: "default".to_owned() }
    }
}

/// Where a rule comes from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// Built in.
    Default,
    /// A line of a file.
    File {
        /// The file's name.
        name: String,
        /// From 1.
        line: usize,
    },
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { name, line } => write!(f, "{name}:{line}"),
        }
    }
}

/// A rule in force.
pub(crate) struct Entry {
    pub check: Result<Check, ParseError>,
    pub origin: Origin,
    pub registered: Option<&'static DefaultRule>,
}

/// A rule in force, for a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its name.
    pub name: String,
    /// Its text, normalised; the error's text when it is broken.
    pub check: Result<String, String>,
    /// Where it comes from.
    pub origin: Origin,
    /// What it allows; empty for rules of a file.
    pub about: &'static str,
    /// Scopes of tokens it may be asked with; none means any.
    pub scopes: &'static [Scope],
    /// The requests that ask it, as (method, path).
    pub operations: &'static [(&'static str, &'static str)],
}

/// The rules in force.
pub struct Enforcer {
    pub(crate) settings: Settings,
    pub(crate) rules: BTreeMap<String, Entry>,
    pub(crate) unreadable: Vec<Unreadable>,
    pub(crate) twice: Vec<Origin>,
}

impl Enforcer {
    /// Magnum's rules with those of the files over them, a later file over an earlier one. Nothing is refused here: a rule that
    /// cannot be understood allows nobody, a file that cannot be read makes every answer no, and `check` tells both.
    pub fn new(settings: Settings, files: &[RuleFile]) -> Self {
        let mut enforcer = Self { settings, rules: BTreeMap::new(), unreadable: Vec::new(), twice: Vec::new() };
        for rule in crate::defaults() {
            let check = enforcer.default_check(rule);
            let entry = Entry { check, origin: Origin::Default, registered: Some(rule) };
            enforcer.rules.insert(rule.name.to_owned(), entry);
        }
        for file in files {
            match file.read() {
                Ok(read) => {
                    enforcer.twice.extend(read.twice.map(|line| Origin::File { name: file.name.clone(), line }));
                    for (name, value) in read.rules {
                        let registered = crate::defaults().find(|rule| rule.name == name);
                        let origin = Origin::File { name: file.name.clone(), line: file.line(&name) };
                        enforcer.rules.insert(name, Entry { check: parse_value(&value), origin, registered });
                    }
                }
                Err(unreadable) => enforcer.unreadable.push(unreadable),
            }
        }
        enforcer
    }

    /// The built-in text, or-ed with the old one while the new defaults are not enforced.
    pub(crate) fn default_check(&self, rule: &DefaultRule) -> Result<Check, ParseError> {
        let new = parse(rule.check)?;
        match rule.old {
            Some(old) if !self.settings.enforce_new_defaults => Ok(Check::Or(vec![new, parse(old)?])),
            _ => Ok(new),
        }
    }

    /// May the caller do this to the target?
    pub fn authorise(&self, rule: &str, target: &Target, credentials: &Credentials) -> Decision {
        if self.allows(rule, target, credentials) {
            return Decision::Allowed;
        }
        let denied = |cause| Decision::Denied(Denial { rule: rule.to_owned(), cause });
        if let Some(cause) = self.unreadable() {
            return denied(cause);
        }
        let Some((_, entry)) = self.lookup(rule) else {
            return denied(Cause::NoRule(nearest(rule, self.rules.keys().map(String::as_str)).map(str::to_owned)));
        };
        if let Some(cause) = self.wrong_scope(entry, credentials) {
            return denied(cause);
        }
        denied(cause(&Walk::new(self, credentials, target, true).rule(rule)))
    }

    /// The same without the reason why not, which takes longer to put into words than the question itself.
    fn allows(&self, rule: &str, target: &Target, credentials: &Credentials) -> bool {
        let known = |(_, entry): (&str, &Entry)| self.wrong_scope(entry, credentials).is_none();
        self.unreadable.is_empty()
            && self.lookup(rule).is_some_and(known)
            && Walk::new(self, credentials, target, false).rule(rule).outcome == Outcome::True
    }

    /// Every part of the rule with its outcome and the values compared. The token's scope is the first part where it matters.
    pub fn explain(&self, rule: &str, target: &Target, credentials: &Credentials) -> Node {
        let tree = Walk::new(self, credentials, target, true).rule(rule);
        let scope = || self.lookup(rule).and_then(|(_, entry)| self.wrong_scope(entry, credentials));
        match self.unreadable().or_else(scope) {
            None => tree,
            Some(cause) => {
                let first = Node { check: "before the rule".to_owned(), outcome: Outcome::False, why: cause.to_string(), parts: vec![] };
                Node { check: "all of".to_owned(), outcome: Outcome::False, why: String::new(), parts: vec![first, tree] }
            }
        }
    }

    /// The credentials with `is_admin`, as the rule `context_is_admin` says.
    #[must_use]
    pub fn complete(&self, credentials: Credentials) -> Credentials {
        let admin = self.allows("context_is_admin", &Target::own(&credentials), &credentials);
        credentials.with("is_admin", admin)
    }

    /// All rules in force, by name.
    pub fn list(&self) -> Vec<Listed> {
        let listed = |(name, entry): (&String, &Entry)| Listed {
            name: name.clone(),
            check: entry.check.as_ref().map(ToString::to_string).map_err(ToString::to_string),
            origin: entry.origin.clone(),
            about: entry.registered.map_or("", |rule| rule.about),
            scopes: entry.registered.map_or(&[], |rule| rule.scopes),
            operations: entry.registered.map_or(&[], |rule| rule.operations),
        };
        self.rules.iter().map(listed).collect()
    }

    /// The rule of this name, else the one for names that do not exist; with the name it has.
    pub(crate) fn lookup<'a>(&'a self, name: &'a str) -> Option<(&'a str, &'a Entry)> {
        let named = |name: &'a str| self.rules.get(name).map(|entry| (name, entry));
        named(name).or_else(|| named(&self.settings.default_rule))
    }

    fn unreadable(&self) -> Option<Cause> {
        self.unreadable.first().map(|u| Cause::Unreadable(format!("{}:{}: {}", u.file, u.line, u.what)))
    }

    fn wrong_scope(&self, entry: &Entry, credentials: &Credentials) -> Option<Cause> {
        let wanted = entry.registered.map_or(&[][..], |rule| rule.scopes);
        let has = credentials.scope();
        if !self.settings.enforce_scope || wanted.is_empty() || wanted.contains(&has) {
            return None;
        }
        let wants = wanted.iter().map(|scope| scope.word()).collect::<Vec<_>>().join(", ");
        Some(Cause::Scope { has: has.word(), wants })
    }
}
