// SPDX-License-Identifier: Apache-2.0
//! Typed request objects: what each field may hold, with WSME's own words when it does not.
//!
//! Text from a request becomes a [`Record`] here, once; handlers read only fields that were declared.

use crate::failure::Failure;
use crate::python::{repr, str, type_name};
use magnum_types::Labels;
use serde_json::{Map, Value};

/// The most bytes that one dictionary of a request may take, well below the smallest column.
const DICT_MAX: usize = 60_000;

/// What a field may hold.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    Text {
        min: usize,
        max: usize,
    },
    /// Text that may have line ends.
    Lines {
        min: usize,
    },
    /// A cluster's name.
    Name,
    Int {
        min: i64,
        max: i64,
    },
    Bool,
    Uuid,
    Word(&'static [&'static str]),
    /// One IPv4 address, or several with commas.
    Dns,
    /// Text to text, number or truth; stored as text.
    Scalars,
    /// Text to text.
    Texts,
    /// Any object.
    Object,
    TextList,
    /// A program and its arguments: any text without NUL, at least one.
    Arguments,
    /// Any text at all.
    Raw,
    /// A list of objects of text.
    TextsList,
}

pub(crate) const TEXT: Kind = Kind::Text { min: 1, max: 255 };

/// A field of a typed object.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field {
    pub name: &'static str,
    pub kind: Kind,
    pub mandatory: bool,
    pub read_only: bool,
}

impl Field {
    pub const fn new(name: &'static str, kind: Kind) -> Self {
        Self { name, kind, mandatory: false, read_only: false }
    }

    pub const fn mandatory(mut self) -> Self {
        self.mandatory = true;
        self
    }

    pub const fn read_only(mut self) -> Self {
        self.read_only = true;
        self
    }
}

/// Why a value does not fit: said about the field, or about the whole argument, or alone.
enum Misfit {
    Field(String),
    Argument(String),
    Alone(String),
}

/// An object whose fields were checked. Null is as good as absent, but [`Record::has`] tells them apart.
#[derive(Debug, Clone, Default)]
pub(crate) struct Record(Map<String, Value>);

impl Record {
    /// Reads a request's `body` as the argument `name`.
    pub fn read(name: &str, fields: &[Field], body: &Value) -> Result<Self, Failure> {
        let Value::Object(map) = body else {
            return Err(Failure::field(name, str(body), format!("Wrong type. Expected an object, got '<class '{}'>'", type_name(body))));
        };
        if let Some(unknown) = map.keys().find(|key| !fields.iter().any(|f| f.name == key.as_str())) {
            return Err(Failure::bad(format!("Unknown attribute for argument {name}: {unknown}")));
        }
        let mut record = Map::new();
        for field in fields {
            match map.get(field.name) {
                None if field.mandatory => return Err(missing(field.name)),
                None => {}
                Some(value) => {
                    let value = if value.is_null() {
                        Value::Null
                    } else {
                        field.fit(value, true).map_err(|m| m.failure(name, field.name, value, body))?
                    };
                    if field.read_only {
                        return Err(Failure::field(field.name, str(&value), "Cannot set read only field."));
                    }
                    if value.is_null() && field.mandatory {
                        return Err(missing(field.name));
                    }
                    record.insert(field.name.to_owned(), value);
                }
            }
        }
        Ok(Self(record))
    }

    /// Checks a patched document again. Nothing is converted any more: a number given as text is refused.
    pub fn check(fields: &[Field], document: &Map<String, Value>) -> Result<Self, Failure> {
        let mut record = Map::new();
        for field in fields {
            let value = document.get(field.name).unwrap_or(&Value::Null);
            if value.is_null() {
                if field.mandatory {
                    return Err(missing(field.name));
                }
                record.insert(field.name.to_owned(), Value::Null);
                continue;
            }
            let value = field.fit(value, false).map_err(|m| m.failure(field.name, field.name, value, value))?;
            record.insert(field.name.to_owned(), value);
        }
        Ok(Self(record))
    }

    /// With another name for a field.
    pub fn renamed(mut self, from: &str, to: &str) -> Self {
        if let Some(value) = self.0.remove(from) {
            self.0.insert(to.to_owned(), value);
        }
        self
    }

    /// With this value of a field.
    pub fn with(mut self, name: &str, value: Value) -> Self {
        self.0.insert(name.to_owned(), value);
        self
    }

    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    pub fn get(&self, name: &str) -> &Value {
        self.0.get(name).unwrap_or(&Value::Null)
    }

    pub fn text(&self, name: &str) -> Option<String> {
        self.get(name).as_str().map(str::to_owned)
    }

    pub fn int(&self, name: &str) -> Option<i64> {
        self.get(name).as_i64()
    }

    pub fn bool(&self, name: &str) -> Option<bool> {
        self.get(name).as_bool()
    }

    pub fn labels(&self, name: &str) -> Option<Labels> {
        self.get(name).as_object().map(|map| Labels(map.iter().map(|(k, v)| (k.clone(), str(v))).collect()))
    }

    pub fn texts(&self, name: &str) -> Option<std::collections::BTreeMap<String, String>> {
        self.labels(name).map(|labels| labels.0)
    }

    pub fn text_list(&self, name: &str) -> Vec<String> {
        self.get(name).as_array().map(|items| items.iter().map(str).collect()).unwrap_or_default()
    }
}

fn missing(field: &str) -> Failure {
    Failure::field(field, "None", "Mandatory field missing.")
}

impl Misfit {
    fn failure(self, argument: &str, field: &str, value: &Value, body: &Value) -> Failure {
        match self {
            Misfit::Field(problem) => Failure::field(field, str(value), problem),
            Misfit::Argument(problem) => Failure::field(argument, str(body), problem),
            Misfit::Alone(text) => Failure::bad(text),
        }
    }
}

impl Field {
    /// The value in its final form, or what is wrong with it. `lenient`: as read from JSON, where text may stand for
    /// a number.
    fn fit(&self, value: &Value, lenient: bool) -> Result<Value, Misfit> {
        match self.kind {
            Kind::Text { min, max } => text(value, min, max, false),
            Kind::Lines { min } => text(value, min, usize::MAX, true),
            Kind::Name => name(value),
            Kind::Int { min, max } => int(value, min, max, lenient),
            Kind::Bool => boolean(value),
            Kind::Uuid => uuid(value),
            Kind::Word(words) => match value.as_str() {
                Some(word) if words.contains(&word) => Ok(value.clone()),
                _ => Err(Misfit::Field(format!("Value should be one of: {}", words.join(", ")))),
            },
            Kind::Dns => dns(value),
            Kind::Scalars => dict(value, self.name, true),
            Kind::Texts => dict(value, self.name, false),
            Kind::Object => match value {
                Value::Object(_) if value.to_string().len() <= DICT_MAX => Ok(value.clone()),
                _ => Err(not_dict(value)),
            },
            Kind::TextList => {
                let Value::Array(items) = value else { return Err(not_list(value)) };
                items.iter().map(|item| text(item, 1, 255, false)).collect::<Result<Vec<_>, _>>().map(Value::Array)
            }
            Kind::Arguments => {
                let Value::Array(items) = value else { return Err(not_list(value)) };
                let sound = |item: &Value| item.as_str().is_some_and(|text| !text.contains('\0'));
                if items.is_empty() || items.len() > 1024 || !items.iter().all(sound) || items.first().is_some_and(|first| first == "") {
                    return Err(Misfit::Field("Value should be a list of 1 to 1024 texts, the first one a program".to_owned()));
                }
                Ok(value.clone())
            }
            Kind::Raw => match value {
                Value::String(_) => Ok(value.clone()),
                _ => Err(Misfit::Field("Value should be string".to_owned())),
            },
            Kind::TextsList => {
                let Value::Array(items) = value else { return Err(not_list(value)) };
                items.iter().map(|item| dict(item, self.name, false)).collect::<Result<Vec<_>, _>>().map(Value::Array)
            }
        }
    }
}

fn text(value: &Value, min: usize, max: usize, lines: bool) -> Result<Value, Misfit> {
    let Value::String(text) = value else { return Err(Misfit::Field("Value should be string".to_owned())) };
    let length = text.chars().count();
    if length < min {
        return Err(Misfit::Field(format!("Value should have a minimum character requirement of {min}")));
    }
    if length > max {
        return Err(Misfit::Field(format!("Value should have a maximum character requirement of {max}")));
    }
    if text.chars().any(|c| c.is_control() && !(lines && matches!(c, '\n' | '\r' | '\t'))) {
        return Err(Misfit::Field("Value should not contain control characters".to_owned()));
    }
    Ok(value.clone())
}

fn name(value: &Value) -> Result<Value, Misfit> {
    use magnum_types::ClusterName;
    let Value::String(given) = value else { return Err(Misfit::Field("Value should be string".to_owned())) };
    let length = given.chars().count();
    if (1..=ClusterName::MAX).contains(&length) {
        return match ClusterName::parse(given) {
            Ok(_) => Ok(value.clone()),
            Err(_) => Err(Misfit::Field(format!("Value should match the pattern {}", ClusterName::PATTERN))),
        };
    }
    text(value, 1, ClusterName::MAX, false)
}

fn int(value: &Value, min: i64, max: i64, lenient: bool) -> Result<Value, Misfit> {
    let number = match value {
        Value::Number(number) => number.as_i64().ok_or_else(|| Misfit::Field("Value should be an integer".to_owned()))?,
        Value::String(text) if lenient => {
            text.trim().parse().map_err(|_| Misfit::Argument(format!("invalid literal for int() with base 10: {}", repr(value))))?
        }
        Value::String(_) => return Err(Misfit::Field("'<' not supported between instances of 'str' and 'int'".to_owned())),
        other => return Err(Misfit::Field(format!("Wrong type. Expected '<class 'int'>', got '<class '{}'>'", type_name(other)))),
    };
    if number < min {
        return Err(Misfit::Field(format!("Value should be greater or equal to {min}")));
    }
    if number > max {
        return Err(Misfit::Field(format!("Value should be lower or equal to {max}")));
    }
    Ok(Value::from(number))
}

/// Truth as oslo's strict reader takes it; anything else is the caller's mistake.
pub(crate) fn truth(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(value) => Some(*value),
        Value::Number(number) => match number.as_i64() {
            Some(0) => Some(false),
            Some(1) => Some(true),
            _ => None,
        },
        Value::String(text) => match text.trim().to_ascii_lowercase().as_str() {
            "1" | "t" | "true" | "on" | "y" | "yes" => Some(true),
            "0" | "f" | "false" | "off" | "n" | "no" => Some(false),
            _ => None,
        },
        _ => None,
    }
}

fn boolean(value: &Value) -> Result<Value, Misfit> {
    let problem = "unable to convert to boolean. Acceptable values are: 1, t, true, on, y, yes, 0, f, false, off, n, no";
    truth(value).map(Value::Bool).ok_or_else(|| Misfit::Field(problem.to_owned()))
}

fn uuid(value: &Value) -> Result<Value, Misfit> {
    match value.as_str().and_then(|text| text.parse::<uuid::Uuid>().ok()) {
        Some(uuid) => Ok(Value::String(uuid.hyphenated().to_string())),
        None => Err(Misfit::Alone(format!("Expected a uuid but received {}.", str(value)))),
    }
}

fn dns(value: &Value) -> Result<Value, Misfit> {
    let fits = |text: &str| text.split(',').all(|one| one.trim().parse::<std::net::Ipv4Addr>().is_ok());
    match value.as_str() {
        Some(text) if fits(text) && text.len() <= 255 => Ok(value.clone()),
        _ => Err(Misfit::Alone(format!("Expected a single dns address or comma separated dns list, but received {}.", str(value)))),
    }
}

fn not_dict(value: &Value) -> Misfit {
    Misfit::Argument(format!("Value not a valid dict: {}", str(value)))
}

fn not_list(value: &Value) -> Misfit {
    Misfit::Argument(format!("Value not a valid list: {}", str(value)))
}

fn dict(value: &Value, field: &str, scalars: bool) -> Result<Value, Misfit> {
    let Value::Object(map) = value else { return Err(not_dict(value)) };
    let mut out = Map::new();
    for (key, member) in map {
        if key.is_empty() || key.chars().count() > 255 || key.chars().any(char::is_control) {
            return Err(Misfit::Alone(format!(
                "Invalid input for field/attribute {field}. Value: {}. A name should have 1 to 255 characters, none of them a control character",
                repr(&Value::String(key.clone()))
            )));
        }
        let text = match member {
            Value::String(text) => text.clone(),
            Value::Number(_) | Value::Bool(_) if scalars => str(member),
            other => {
                let expected = if scalars { "(<class 'str'>, <class 'int'>, <class 'bool'>, <class 'float'>)" } else { "<class 'str'>" };
                return Err(Misfit::Field(format!("Wrong type. Expected '{expected}', got '<class '{}'>'", type_name(other))));
            }
        };
        if text.chars().any(char::is_control) {
            return Err(Misfit::Alone(format!(
                "Invalid input for field/attribute {field}/{key}. Value: {}. Value should not contain control characters",
                repr(member)
            )));
        }
        out.insert(key.clone(), Value::String(text));
    }
    let value = Value::Object(out);
    if value.to_string().len() > DICT_MAX {
        return Err(Misfit::Alone(format!("Invalid input for field/attribute {field}. The value takes more than {DICT_MAX} bytes.")));
    }
    Ok(value)
}
