// SPDX-License-Identifier: Apache-2.0
//! Everything that can be said about the policy files before anybody asks.

use crate::ast::Check;
use crate::enforcer::{Enforcer, Entry, Origin};
use crate::nearest::nearest;
use std::collections::BTreeSet;
use std::fmt;

/// Resources whose rules Magnum has dropped, with the version.
const RETIRED: &[(&str, &str)] =
    &[("container:", "3.0.0"), ("pod:", "3.0.0"), ("rc:", "3.0.0"), ("service:", "3.0.0"), ("x509keypair:", "3.0.0"), ("node:", "2.0.0")];

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Somebody is refused who should not be, or a file does not count.
    Error,
    /// Somebody expected something else.
    Warning,
    /// Good to know.
    Note,
}

/// One thing to know about the policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Where it stands.
    pub origin: Origin,
    /// How bad it is.
    pub severity: Severity,
    /// The rule it is about; none for a whole file.
    pub rule: Option<String>,
    /// What is the matter.
    pub matter: String,
    /// What to do; may be empty.
    pub remedy: String,
}

/// `policy.yaml:4: warning: cluster:craete: no such rule; did you mean cluster:create?`
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        };
        write!(f, "{}: {severity}: ", self.origin)?;
        match self.rule.as_deref() {
            None => {}
            Some("") => f.write_str("\"\": ")?,
            Some(rule) => write!(f, "{rule}: ")?,
        }
        f.write_str(&self.matter)?;
        if self.remedy.is_empty() { Ok(()) } else { write!(f, "; {}", self.remedy) }
    }
}

impl Enforcer {
    /// All findings, by their place.
    pub fn check(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        for unreadable in &self.unreadable {
            let origin = Origin::File { name: unreadable.file.clone(), line: unreadable.line };
            let matter = format!("the file cannot be read, and everything is refused: {}", unreadable.what);
            findings.push(Finding { origin, severity: Severity::Error, rule: None, matter, remedy: String::new() });
        }
        for origin in &self.twice {
            let (matter, remedy) =
                ("a name stands here for the second time, and the last one counts".to_owned(), "take one out".to_owned());
            findings.push(Finding { origin: origin.clone(), severity: Severity::Warning, rule: None, matter, remedy });
        }
        let reached = self.reached();
        for (name, entry) in &self.rules {
            let mut say = |severity, matter: String, remedy: String| {
                findings.push(Finding { origin: entry.origin.clone(), severity, rule: Some(name.clone()), matter, remedy });
            };
            if entry.origin != Origin::Default {
                self.name(name, entry, &reached, &mut say);
            }
            self.body(name, entry, &mut say);
        }
        findings.sort_by(|a, b| (&a.origin, a.severity, &a.rule).cmp(&(&b.origin, b.severity, &b.rule)));
        findings
    }

    fn name(&self, name: &str, entry: &Entry, reached: &BTreeSet<&str>, say: &mut impl FnMut(Severity, String, String)) {
        if entry.registered.is_some() || name == self.settings.default_rule || reached.contains(name) {
            return;
        }
        if let Some((_, version)) = RETIRED.iter().find(|(prefix, _)| name.starts_with(prefix)) {
            let matter = format!("Magnum dropped this rule with {version}, and nothing asks it");
            return say(Severity::Note, matter, "take it out".to_owned());
        }
        let near = nearest(name, crate::defaults().map(|rule| rule.name));
        let remedy = near.map_or("take it out".to_owned(), |near| format!("did you mean {near}?"));
        say(Severity::Warning, "no such rule, and no other rule refers to it".to_owned(), remedy);
    }

    fn body(&self, name: &str, entry: &Entry, say: &mut impl FnMut(Severity, String, String)) {
        let check = match &entry.check {
            Ok(check) => check,
            Err(error) => {
                let text = error.to_string();
                let (matter, remedy) = text.split_once("; ").unwrap_or((&text, "mend it"));
                return say(Severity::Error, format!("it allows nobody: {matter}"), remedy.to_owned());
            }
        };
        let unknown: BTreeSet<&str> = check.references().into_iter().filter(|other| self.lookup(other).is_none()).collect();
        for other in unknown {
            let near = nearest(other, self.rules.keys().map(String::as_str));
            let remedy = near.map_or("define it".to_owned(), |near| format!("did you mean rule:{near}?"));
            say(Severity::Error, format!("it refers to rule:{other}, which does not exist"), remedy);
        }
        if let Some(way) = self.way_back(name) {
            say(Severity::Error, format!("it leads back to itself and allows nobody: {}", way.join(" -> ")), "break the circle".to_owned());
        }
        if entry.origin == Origin::Default {
            return;
        }
        if *check == Check::Always {
            say(Severity::Warning, "it allows everybody".to_owned(), String::new());
        }
        if entry.registered.is_some_and(|rule| self.default_check(rule).as_ref() == Ok(check)) {
            say(Severity::Note, "it is the same as the default".to_owned(), "take it out".to_owned());
        } else if entry.registered.is_some_and(|rule| rule.old.is_some()) && !self.settings.enforce_new_defaults {
            let matter = "it replaces the old default too, which would still count without it";
            say(Severity::Note, matter.to_owned(), String::new());
        }
    }

    /// Names that rules refer to.
    fn reached(&self) -> BTreeSet<&str> {
        self.rules.values().filter_map(|entry| entry.check.as_ref().ok()).flat_map(Check::references).collect()
    }

    /// The shortest way from a rule back to itself.
    fn way_back<'a>(&'a self, name: &'a str) -> Option<Vec<&'a str>> {
        let mut ways = std::collections::VecDeque::from([vec![name]]);
        let mut seen = BTreeSet::new();
        while let Some(way) = ways.pop_front() {
            let check = way.last().and_then(|last| self.lookup(last)).and_then(|(_, entry)| entry.check.as_ref().ok());
            for (next, _) in check.into_iter().flat_map(Check::references).filter_map(|other| self.lookup(other)) {
                let longer: Vec<&str> = way.iter().copied().chain([next]).collect();
                if next == name {
                    return Some(longer);
                }
                if seen.insert(next) {
                    ways.push_back(longer);
                }
            }
        }
        None
    }
}
