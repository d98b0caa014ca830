// SPDX-License-Identifier: Apache-2.0
//! Everything that can be said about the settings before the program starts.

use crate::config::Config;
use crate::definition::{Definition, Group, Kind, Usage};
use crate::error::Error;
use crate::finding::{Finding, Severity};
use crate::nearest::{hint, nearest};
use crate::source::{Origin, normal, variable};
use secrecy::ExposeSecret;
use std::collections::BTreeSet;

/// One text as somebody wrote it, whether anybody knows the option or not.
struct Written<'a> {
    origin: Origin,
    group: String,
    option: &'a str,
    text: &'a str,
}

/// What a written name means.
enum Meaning {
    Option(&'static Group, &'static Definition),
    Former(&'static Group, &'static Definition),
    Foreign(&'static str),
    NoOption(&'static Group),
    NoGroup,
}

impl Config {
    /// Whether a program may start with these settings.
    pub fn is_usable(&self) -> bool {
        self.check().iter().all(|finding| finding.severity != Severity::Error)
    }

    /// All findings, by their place. Values of secret options and of unknown ones, which may be misspelt secrets, are not shown.
    pub fn check(&self) -> Vec<Finding> {
        let mut findings: Vec<Finding> = Vec::new();
        for fault in self.documents.iter().flat_map(|d| &d.faults) {
            let origin = Some(Origin::File { name: fault.file.clone(), line: fault.line });
            let (matter, remedy) = split(&fault.fault.to_string());
            findings.push(Finding { severity: Severity::Error, origin, option: None, value: None, matter, remedy });
        }
        self.empty_groups(&mut findings);
        for written in self.written() {
            self.about(&written, &mut findings);
        }
        self.values(&mut findings);
        self.unread(&mut findings);
        let order = |f: &Finding| (f.origin.as_ref().map(|o| self.place(o)), f.severity, f.option.clone());
        findings.sort_by_key(order);
        findings.dedup();
        findings
    }

    /// Files in their order, then the rest.
    fn place(&self, origin: &Origin) -> (usize, usize, String) {
        match origin {
            Origin::File { name, line } => {
                (self.documents.iter().position(|d| d.file == *name).unwrap_or(usize::MAX), *line, String::new())
            }
            Origin::Environment(name) => (usize::MAX, 0, name.clone()),
            Origin::CommandLine => (usize::MAX, 1, String::new()),
            Origin::Default => (usize::MAX, 2, String::new()),
        }
    }

    fn written(&self) -> Vec<Written<'_>> {
        let mut all = Vec::new();
        for document in &self.documents {
            all.extend(document.assignments.iter().map(|a| Written {
                origin: Origin::File { name: document.file.clone(), line: a.line },
                group: normal(&a.section),
                option: &a.key,
                text: a.value.expose_secret(),
            }));
        }
        for (name, value) in &self.environment {
            let Some((group, option)) = name.strip_prefix("OS_").and_then(|rest| rest.split_once("__")) else { continue };
            let group = if group == "DEFAULT" { group.to_owned() } else { group.to_lowercase() };
            // The registry's own spelling is in lower case throughout, so an unknown name is shown as the variable has it.
            let option = self.spelt(name).unwrap_or(option);
            all.push(Written { origin: Origin::Environment(name.clone()), group, option, text: value.expose_secret() });
        }
        all.extend(self.command_line.iter().map(|(s, value)| Written {
            origin: Origin::CommandLine,
            group: normal(&s.group),
            option: &s.option,
            text: value.expose_secret(),
        }));
        all
    }

    fn spelt(&self, name: &str) -> Option<&'static str> {
        self.registry.iter().find_map(|group| {
            let own = group.options.iter().find(|o| variable(group.name, o.name) == name).map(|o| o.name);
            let former = || group.options.iter().flat_map(|o| o.formerly).find(|(g, o)| variable(g, o) == name).map(|(_, o)| *o);
            own.or_else(former)
        })
    }

    fn meaning(&self, group: &str, option: &str) -> Meaning {
        if let Some((group, option)) = self.find(group, option) {
            return Meaning::Option(group, option);
        }
        for candidate in self.registry {
            let former = |o: &&Definition| o.formerly.iter().any(|(g, name)| normal(g) == group && *name == option);
            if let Some(found) = candidate.options.iter().find(former) {
                return Meaning::Former(candidate, found);
            }
        }
        match self.group(group) {
            Some(Group { foreign: Some(why), .. }) => Meaning::Foreign(why),
            Some(group) => Meaning::NoOption(group),
            None => Meaning::NoGroup,
        }
    }

    fn about(&self, written: &Written<'_>, findings: &mut Vec<Finding>) {
        let mut say = |severity, value: Option<String>, matter: String, remedy: String| {
            let option = Some((written.group.clone(), written.option.to_owned()));
            findings.push(Finding { severity, origin: Some(written.origin.clone()), option, value, matter, remedy });
        };
        let (group, option) = match self.meaning(&written.group, written.option) {
            Meaning::Option(group, option) => (group, option),
            Meaning::Former(group, option) => {
                let remedy = format!("write [{}] {}", group.name, option.name);
                say(Severity::Warning, None, "this is a former name".to_owned(), remedy);
                (group, option)
            }
            Meaning::Foreign(why) => return say(Severity::Note, None, format!("has no effect here: {why}"), String::new()),
            Meaning::NoOption(group) => {
                let near = nearest(written.option, group.options.iter().map(|o| o.name));
                let remedy = near.map_or_else(|| self.elsewhere(written.option), |name| hint(Some(name)));
                return say(Severity::Warning, None, "no such option; the line has no effect".to_owned(), remedy);
            }
            Meaning::NoGroup => {
                let remedy = hint(nearest(&written.group, self.registry.iter().map(|g| g.name)));
                return say(Severity::Warning, None, "no such group; the line has no effect".to_owned(), remedy);
            }
        };
        let shown = (!option.secret).then(|| shown(written.text));
        if let (Some(why), false) = (option.leaving, matches!(option.usage, Usage::Refused(_))) {
            say(Severity::Warning, None, format!("this option will go away: {why}"), "take the line out".to_owned());
        }
        match option.usage {
            Usage::Used => {}
            Usage::Ignored(why) => say(Severity::Note, shown.clone(), format!("has no effect here: {why}"), String::new()),
            Usage::Refused(why) if !same_as_default(option, written.text) => {
                let (matter, remedy) = split(why);
                say(Severity::Error, shown.clone(), format!("not supported: {matter}"), remedy);
            }
            Usage::Refused(_) => {}
        }
        self.overridden(written, group, option, findings);
    }

    /// A second line of a single-valued option in the same file hides the first.
    fn overridden(&self, written: &Written<'_>, group: &'static Group, option: &'static Definition, findings: &mut Vec<Finding>) {
        let Origin::File { name, line } = &written.origin else { return };
        let document = self.documents.iter().find(|d| d.file == *name);
        let later = document
            .into_iter()
            .flat_map(|d| &d.assignments)
            .rfind(|a| a.key == written.option && normal(&a.section) == written.group && a.line > *line);
        if let (Some(later), true) = (later, option.kind != Kind::Many) {
            findings.push(Finding {
                severity: Severity::Warning,
                origin: Some(written.origin.clone()),
                option: Some((group.name.to_owned(), option.name.to_owned())),
                value: None,
                matter: format!("set again on line {}, which counts", later.line),
                remedy: "take one of the lines out".to_owned(),
            });
        }
    }

    /// A hint to another group that has an option of this name.
    fn elsewhere(&self, option: &str) -> String {
        let others: Vec<&str> = self.registry.iter().filter(|g| g.option(option).is_some()).map(|g| g.name).collect();
        match others[..] {
            [only] => format!("it belongs into [{only}]"),
            _ => String::new(),
        }
    }

    fn empty_groups(&self, findings: &mut Vec<Finding>) {
        for document in &self.documents {
            let mut told = BTreeSet::new();
            for section in &document.sections {
                let name = normal(&section.name);
                let former = self.registry.iter().flat_map(|g| g.options).flat_map(|o| o.formerly).any(|(g, _)| normal(g) == name);
                let used = document.assignments.iter().any(|a| normal(&a.section) == name);
                if self.group(&name).is_some() || former || used || !told.insert(name.clone()) {
                    continue;
                }
                findings.push(Finding {
                    severity: Severity::Warning,
                    origin: Some(Origin::File { name: document.file.clone(), line: section.line }),
                    option: Some((section.name.clone(), String::new())),
                    value: None,
                    matter: "no such group".to_owned(),
                    remedy: hint(nearest(&name, self.registry.iter().map(|g| g.name))),
                });
            }
        }
    }

    fn values(&self, findings: &mut Vec<Finding>) {
        for (group, option) in self.registry.iter().flat_map(|g| g.options.iter().map(move |o| (*g, o))) {
            let told = match self.effective(group, option) {
                Ok(_) if option.required && self.raw(group, option).is_none() => {
                    Error::Required { group: group.name, option: option.name, help: option.help }
                }
                Ok(_) => continue,
                Err(error) => error,
            };
            findings.push(wrong(group, option, told));
        }
    }

    /// Variables that other programs know too, where they would count if they could be read.
    fn unread(&self, findings: &mut Vec<Finding>) {
        for (group, option) in self.registry.iter().flat_map(|g| g.options.iter().map(move |o| (*g, o))) {
            let Some(shared) = self.in_shared(option) else { continue };
            if self.raw(group, option).is_some_and(|counts| counts.origin != Origin::Default) {
                continue;
            }
            for (text, remedy) in shared.texts.iter().filter_map(|text| Some((text, option.kind.read(text).err()?))) {
                findings.push(Finding {
                    severity: Severity::Warning,
                    origin: Some(shared.origin.clone()),
                    option: Some((group.name.to_owned(), option.name.to_owned())),
                    value: (!option.secret).then(|| shown(text)),
                    matter: format!("not a {}, so it does not count", option.kind.noun()),
                    remedy,
                });
            }
        }
    }
}

fn wrong(group: &Group, option: &Definition, error: Error) -> Finding {
    let severity = if matches!(option.usage, Usage::Ignored(_)) { Severity::Warning } else { Severity::Error };
    let origin = error.origin().cloned();
    let (value, matter, remedy) = match error {
        Error::Wrong { value, remedy, .. } => (Some(value), format!("not a {}", option.kind.noun()), remedy),
        Error::Reference { reference, remedy, .. } => (None, format!("refers to ${reference}, which is no option"), remedy),
        Error::Loop { trail, .. } => (None, format!("needs its own value: {trail}"), "write one of them without $".to_owned()),
        Error::TooLong { limit, .. } => (None, format!("longer than {limit} bytes with its $names filled in"), "shorten it".to_owned()),
        Error::Required { help, .. } => (None, "must be set".to_owned(), help.to_owned()),
        other => (None, other.to_string(), String::new()),
    };
    Finding { severity, origin, option: Some((group.name.to_owned(), option.name.to_owned())), value, matter, remedy }
}

fn same_as_default(option: &Definition, text: &str) -> bool {
    let read = |text: &str| option.kind.read(text).map(|value| value.shown());
    match (read(text), option.default.map(read)) {
        (Ok(value), Some(Ok(default))) => value == default,
        (Ok(value), None) => value.is_empty() || value == "<None>",
        _ => false,
    }
}

/// A text of the form `matter; remedy`, in two.
fn split(text: &str) -> (String, String) {
    let (matter, remedy) = text.split_once("; ").unwrap_or((text, ""));
    (matter.to_owned(), remedy.to_owned())
}

/// One line, not too long.
fn shown(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(80).collect()
}
