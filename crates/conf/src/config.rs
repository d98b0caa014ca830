// SPDX-License-Identifier: Apache-2.0
//! The settings in force: which text counts, and its typed value.

use crate::definition::{Definition, Group, Kind};
use crate::error::Error;
use crate::ini::{self, Document};
use crate::interpolate::{ESCAPED, Piece, pieces};
use crate::nearest::nearest;
use crate::source::{Origin, Setting, Sources, normal, variable};
use crate::value::Value;
use secrecy::{ExposeSecret, SecretString};
use std::collections::BTreeMap;
use std::time::Duration;

/// The longest value `$name`s may make, in bytes.
const LIMIT: usize = 1 << 20;

/// Settings from all sources, over a registry of options.
pub struct Config {
    pub(crate) registry: &'static [&'static Group],
    pub(crate) documents: Vec<Document>,
    pub(crate) command_line: Vec<(Setting, SecretString)>,
    pub(crate) environment: Vec<(String, SecretString)>,
}

/// A value in force.
#[derive(Debug, Clone)]
pub struct Effective {
    /// The typed value; secret also when the text took in a secret option with `$name`.
    pub value: Value,
    /// Where its text stands.
    pub origin: Origin,
}

/// A text for an option, before it is read.
pub(crate) struct Raw<'a> {
    /// More than one only for `Kind::Many`.
    pub texts: Vec<&'a str>,
    pub origin: Origin,
    /// Whether a `$` in it is nothing but that.
    pub verbatim: bool,
}

/// Where a text stands and for what.
struct Spot<'a> {
    group: &'static Group,
    option: &'static Definition,
    origin: &'a Origin,
}

/// What one question has met so far: the way to here, and what is known already.
#[derive(Default)]
struct Walk {
    trail: Vec<(&'static str, &'static str)>,
    known: BTreeMap<(&'static str, &'static str), Effective>,
}

impl Config {
    /// Magnum's options, from these sources. Nothing is refused here; `check` tells what is wrong.
    pub fn new(sources: Sources) -> Self {
        Self::over(crate::ALL, sources)
    }

    /// The same over other options.
    pub fn over(registry: &'static [&'static Group], sources: Sources) -> Self {
        let documents = sources.files.iter().map(|file| ini::parse(&file.name, &file.text)).collect();
        let hidden = |mut setting: Setting| {
            let value = SecretString::from(std::mem::take(&mut setting.value));
            (setting, value)
        };
        let command_line = sources.command_line.into_iter().map(hidden).collect();
        let environment = sources.environment.into_iter().map(|(name, value)| (name, value.into())).collect();
        Self { registry, documents, command_line, environment }
    }

    /// The value in force of an option, and where it comes from.
    pub fn get(&self, group: &str, option: &str) -> Result<Effective, Error> {
        let unknown = || Error::Unknown { group: group.to_owned(), option: option.to_owned() };
        let (group, option) = self.find(group, option).ok_or_else(unknown)?;
        self.effective(group, option)
    }

    /// A text, or nothing.
    pub fn text(&self, group: &str, option: &str) -> Result<Option<String>, Error> {
        match self.get(group, option)?.value {
            Value::Text(text) => Ok(Some(text)),
            Value::Nothing => Ok(None),
            _ => Err(mismatch(group, option, "a text that may be shown")),
        }
    }

    /// A secret, or nothing. A text that may be shown is given as well.
    pub fn secret(&self, group: &str, option: &str) -> Result<Option<SecretString>, Error> {
        match self.get(group, option)?.value {
            Value::Secret(text) => Ok(Some(text)),
            Value::Text(text) => Ok(Some(text.into())),
            Value::Nothing => Ok(None),
            _ => Err(mismatch(group, option, "a text")),
        }
    }

    /// Yes or no; no when nobody says.
    pub fn flag(&self, group: &str, option: &str) -> Result<bool, Error> {
        match self.get(group, option)?.value {
            Value::Bool(flag) => Ok(flag),
            Value::Nothing => Ok(false),
            _ => Err(mismatch(group, option, "true or false")),
        }
    }

    /// A whole number, or nothing.
    pub fn integer(&self, group: &str, option: &str) -> Result<Option<i64>, Error> {
        match self.get(group, option)?.value {
            Value::Integer(number) => Ok(Some(number)),
            Value::Nothing => Ok(None),
            _ => Err(mismatch(group, option, "a whole number")),
        }
    }

    /// A length of time, or nothing.
    pub fn duration(&self, group: &str, option: &str) -> Result<Option<Duration>, Error> {
        match self.get(group, option)?.value {
            Value::Duration(length) => Ok(Some(length)),
            Value::Nothing => Ok(None),
            _ => Err(mismatch(group, option, "a length of time")),
        }
    }

    /// A number, or nothing.
    pub fn number(&self, group: &str, option: &str) -> Result<Option<f64>, Error> {
        match self.get(group, option)?.value {
            Value::Float(number) => Ok(Some(number)),
            Value::Nothing => Ok(None),
            _ => Err(mismatch(group, option, "a number")),
        }
    }

    /// Texts; none when nobody says.
    pub fn list(&self, group: &str, option: &str) -> Result<Vec<String>, Error> {
        match self.get(group, option)?.value {
            Value::List(items) => Ok(items),
            Value::Nothing => Ok(Vec::new()),
            _ => Err(mismatch(group, option, "a list")),
        }
    }

    /// The option of these names, the group's in any case but for `DEFAULT`.
    pub(crate) fn find(&self, group: &str, option: &str) -> Option<(&'static Group, &'static Definition)> {
        let group = self.group(group)?;
        Some((group, group.option(option)?))
    }

    pub(crate) fn group(&self, name: &str) -> Option<&'static Group> {
        let name = normal(name);
        self.registry.iter().copied().find(|group| group.name == name)
    }

    pub(crate) fn effective(&self, group: &'static Group, option: &'static Definition) -> Result<Effective, Error> {
        self.resolve(group, option, &mut Walk::default())
    }

    /// The text that counts, from the first source that has one.
    pub(crate) fn raw(&self, group: &'static Group, option: &'static Definition) -> Option<Raw<'_>> {
        let places: Vec<(String, &str)> = std::iter::once((normal(group.name), option.name))
            .chain(option.formerly.iter().map(|(group, name)| (normal(group), *name)))
            .collect();
        self.on_command_line(&places, option)
            .or_else(|| self.in_environment(&places))
            .or_else(|| self.in_files(&places, option))
            .or_else(|| self.in_shared(option).filter(|raw| raw.texts.iter().all(|text| option.kind.read(text).is_ok())))
            .or_else(|| option.default.map(|text| Raw { texts: vec![text], origin: Origin::Default, verbatim: false }))
    }

    /// What a variable says that other programs know too; an empty one says nothing.
    pub(crate) fn in_shared(&self, option: &Definition) -> Option<Raw<'_>> {
        let wanted = option.shared?;
        let (name, value) = self.environment.iter().rev().find(|(name, _)| name == wanted)?;
        let texts = vec![value.expose_secret()];
        (!texts.contains(&"")).then(|| Raw { texts, origin: Origin::Environment(name.clone()), verbatim: true })
    }

    fn on_command_line(&self, places: &[(String, &str)], option: &Definition) -> Option<Raw<'_>> {
        let fits = |s: &Setting| places.iter().any(|(group, name)| normal(&s.group) == *group && s.option == *name);
        let mut texts: Vec<&str> = self.command_line.iter().filter(|(s, _)| fits(s)).map(|(_, v)| v.expose_secret()).collect();
        if option.kind != Kind::Many {
            texts = texts.pop().into_iter().collect();
        }
        (!texts.is_empty()).then_some(Raw { texts, origin: Origin::CommandLine, verbatim: false })
    }

    fn in_environment(&self, places: &[(String, &str)]) -> Option<Raw<'_>> {
        places.iter().find_map(|(group, name)| {
            let wanted = variable(group, name);
            let (name, value) = self.environment.iter().rev().find(|(name, _)| *name == wanted)?;
            Some(Raw { texts: vec![value.expose_secret()], origin: Origin::Environment(name.clone()), verbatim: false })
        })
    }

    fn in_files(&self, places: &[(String, &str)], option: &Definition) -> Option<Raw<'_>> {
        let mut all: Option<Raw<'_>> = None;
        for document in self.documents.iter().rev() {
            for (group, name) in places {
                let fits = |a: &&ini::Assignment| a.key == *name && normal(&a.section) == *group;
                let mut texts: Vec<&str> = document.assignments.iter().filter(fits).map(|a| a.value.expose_secret()).collect();
                let Some(last) = document.assignments.iter().rev().find(fits) else { continue };
                let origin = Origin::File { name: document.file.clone(), line: last.line };
                if option.kind != Kind::Many {
                    return Some(Raw { texts: vec![last.value.expose_secret()], origin, verbatim: false });
                }
                match &mut all {
                    Some(all) => {
                        texts.append(&mut all.texts);
                        all.texts = texts;
                    }
                    None => all = Some(Raw { texts, origin, verbatim: false }),
                }
            }
        }
        all
    }

    fn resolve(&self, group: &'static Group, option: &'static Definition, walk: &mut Walk) -> Result<Effective, Error> {
        let place = (group.name, option.name);
        if let Some(known) = walk.known.get(&place) {
            return Ok(known.clone());
        }
        let Some(raw) = self.raw(group, option) else {
            return Ok(Effective { value: Value::Nothing, origin: Origin::Default });
        };
        if let Some(start) = walk.trail.iter().position(|p| *p == place) {
            let way: Vec<String> = walk.trail[start..].iter().chain([&place]).map(|(g, o)| format!("{g}.{o}")).collect();
            return Err(Error::Loop { origin: raw.origin, group: place.0, option: place.1, trail: way.join(" -> ") });
        }
        walk.trail.push(place);
        let spot = Spot { group, option, origin: &raw.origin };
        let mut secret = option.secret;
        let mut values = Vec::new();
        for text in &raw.texts {
            let text = if raw.verbatim { SecretString::from(*text) } else { self.fill(&spot, text, walk, &mut secret)? };
            let wrong = |remedy| {
                let value = if secret { "****".to_owned() } else { raw_shown(text.expose_secret()) };
                Error::Wrong { origin: raw.origin.clone(), group: group.name, option: option.name, value, remedy }
            };
            values.push(option.kind.read(text.expose_secret()).map_err(wrong)?);
        }
        walk.trail.pop();
        let value = hide(merged(values), secret);
        let found = Effective { value, origin: raw.origin };
        walk.known.insert(place, found.clone());
        Ok(found)
    }

    /// Fills in every `$name` of a text; `secret` becomes true when one of them is secret.
    fn fill(&self, spot: &Spot<'_>, text: &str, walk: &mut Walk, secret: &mut bool) -> Result<SecretString, Error> {
        let mut filled = String::new();
        let text = SecretString::from(text.replace(ESCAPED, "$$"));
        for piece in pieces(text.expose_secret()) {
            match piece {
                Piece::Plain(plain) => filled.push_str(plain),
                Piece::Dollar => filled.push('$'),
                Piece::Reference(name) => {
                    let (other_group, other) = self.referred(spot.group, name).ok_or_else(|| self.no_reference(spot, name))?;
                    let value = self.resolve(other_group, other, walk)?.value;
                    *secret |= matches!(value, Value::Secret(_));
                    filled.push_str(&value.python());
                }
            }
            if filled.len() > LIMIT {
                let origin = spot.origin.clone();
                return Err(Error::TooLong { origin, group: spot.group.name, option: spot.option.name, limit: LIMIT });
            }
        }
        Ok(filled.into())
    }

    /// `group.name`, else `name` in the same group, else in `DEFAULT`.
    fn referred(&self, group: &'static Group, name: &str) -> Option<(&'static Group, &'static Definition)> {
        match name.split_once('.') {
            Some((group, option)) => self.find(group, option),
            None => group.option(name).map(|option| (group, option)).or_else(|| self.find("DEFAULT", name)),
        }
    }

    fn no_reference(&self, spot: &Spot<'_>, name: &str) -> Error {
        let Spot { group, option, origin } = *spot;
        let near = nearest(name, group.options.iter().chain(self.group("DEFAULT").into_iter().flat_map(|g| g.options)).map(|o| o.name));
        let remedy = match near {
            Some(near) if !option.secret => format!("write ${near} if that is meant, or $$ for a plain $"),
            _ => "write $$ for a plain $".to_owned(),
        };
        let reference = if option.secret { "****".to_owned() } else { name.to_owned() };
        Error::Reference { origin: origin.clone(), group: group.name, option: option.name, reference, remedy }
    }
}

fn mismatch(group: &str, option: &str, wanted: &'static str) -> Error {
    Error::Type { group: group.to_owned(), option: option.to_owned(), wanted }
}

/// One value of several texts: lists are joined, else the last counts.
fn merged(values: Vec<Value>) -> Value {
    values
        .into_iter()
        .reduce(|all, next| match (all, next) {
            (Value::List(mut all), Value::List(next)) => {
                all.extend(next);
                Value::List(all)
            }
            (_, next) => next,
        })
        .unwrap_or(Value::Nothing)
}

fn hide(value: Value, secret: bool) -> Value {
    match value {
        Value::Nothing => Value::Nothing,
        value if secret => Value::Secret(value.python().into()),
        value => value,
    }
}

/// A wrong text for people: one line, not too long.
fn raw_shown(text: &str) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(80).collect();
    if line.trim().is_empty() { "(empty)".to_owned() } else { line }
}
