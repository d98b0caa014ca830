// SPDX-License-Identifier: Apache-2.0
//! How typed values stand in columns: ids and words as text, JSON as text, times as naive UTC.

use crate::error::Error;
use crate::sql::{Arg, At, Kind, Row};
use jiff::Timestamp;
use magnum_types::{
    ClusterId, ClusterStatus, Coe, HealthStatus, Labels, NodeGroupId, NodeName, OperationId, ProjectId, Role, StepState, TemplateId, UserId,
};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use std::collections::BTreeMap;
use time::{OffsetDateTime, PrimitiveDateTime};

/// A value that a column can hold. A NULL reads as the type's empty value where it has one.
pub(crate) trait Column: Sized {
    const KIND: Kind = Kind::Text;
    fn read(row: &Row, at: At<'_>) -> Result<Self, Error>;
    fn arg(&self) -> Arg;
}

impl<T: Column> Column for Option<T> {
    const KIND: Kind = T::KIND;
    fn read(row: &Row, at: At<'_>) -> Result<Self, Error> {
        if row.is_null(at)? { Ok(None) } else { T::read(row, at).map(Some) }
    }
    fn arg(&self) -> Arg {
        self.as_ref().map_or(Arg::Null(T::KIND), Column::arg)
    }
}

impl Column for i64 {
    const KIND: Kind = Kind::Int;
    fn read(row: &Row, at: At<'_>) -> Result<Self, Error> {
        if row.is_null(at)? { Ok(0) } else { row.int(at) }
    }
    fn arg(&self) -> Arg {
        Arg::Int(*self)
    }
}

impl Column for bool {
    const KIND: Kind = Kind::Bool;
    fn read(row: &Row, at: At<'_>) -> Result<Self, Error> {
        if row.is_null(at)? { Ok(false) } else { row.bool(at) }
    }
    fn arg(&self) -> Arg {
        Arg::Bool(*self)
    }
}

impl Column for String {
    fn read(row: &Row, at: At<'_>) -> Result<Self, Error> {
        if row.is_null(at)? { Ok(String::new()) } else { row.text(at) }
    }
    fn arg(&self) -> Arg {
        Arg::Text(self.clone())
    }
}

impl Column for SecretString {
    fn read(row: &Row, at: At<'_>) -> Result<Self, Error> {
        String::read(row, at).map(SecretString::from)
    }
    fn arg(&self) -> Arg {
        Arg::Text(self.expose_secret().to_owned())
    }
}

impl Column for Timestamp {
    const KIND: Kind = Kind::Time;
    fn read(row: &Row, at: At<'_>) -> Result<Self, Error> {
        let time = row.time(at)?.assume_utc();
        Timestamp::from_nanosecond(time.unix_timestamp_nanos()).map_err(|_| unreadable(at, &time.to_string()))
    }
    fn arg(&self) -> Arg {
        match OffsetDateTime::from_unix_timestamp_nanos(self.as_nanosecond()) {
            Ok(time) => Arg::Time(PrimitiveDateTime::new(time.date(), time.time())),
            Err(_) => Arg::Null(Kind::Time),
        }
    }
}

macro_rules! as_text {
    ($($type:ty: |$text:ident| $read:expr, |$value:ident| $write:expr;)+) => {$(
        impl Column for $type {
            fn read(row: &Row, at: At<'_>) -> Result<Self, Error> {
                let $text = String::read(row, at)?;
                let read: Option<Self> = $read;
                read.ok_or_else(|| unreadable(at, &$text))
            }
            fn arg(&self) -> Arg {
                let $value = self;
                Arg::Text($write)
            }
        }
    )+};
}

as_text! {
    ClusterId: |text| text.parse().ok(), |id| id.to_string();
    TemplateId: |text| text.parse().ok(), |id| id.to_string();
    NodeGroupId: |text| text.parse().ok(), |id| id.to_string();
    OperationId: |text| text.parse().ok(), |id| id.to_string();
    uuid::Uuid: |text| text.parse().ok(), |id| id.to_string();
    ProjectId: |text| Some(ProjectId(text.clone())), |id| id.0.clone();
    UserId: |text| Some(UserId(text.clone())), |id| id.0.clone();
    Coe: |text| text.parse().ok(), |coe| coe.to_string();
    Role: |text| Some(Role::from_wire(&text)), |role| role.to_string();
    NodeName: |text| NodeName::parse(&text).ok(), |name| name.to_string();
    ClusterStatus: |text| ClusterStatus::from_wire(&text), |status| status.to_string();
    HealthStatus: |text| HealthStatus::from_wire(&text), |status| status.to_string();
    StepState: |text| serde_json::from_value(text.as_str().into()).ok(), |state| state.to_string();
}

macro_rules! as_json {
    ($($type:ty = $empty:literal;)+) => {$(
        impl Column for $type {
            fn read(row: &Row, at: At<'_>) -> Result<Self, Error> {
                if row.is_null(at)? {
                    return Ok(Self::default());
                }
                let text = row.text(at)?;
                if text.is_empty() {
                    return Ok(Self::default());
                }
                serde_json::from_str::<Option<Self>>(&text).map(Option::unwrap_or_default).map_err(|_| unreadable(at, &text))
            }
            fn arg(&self) -> Arg {
                Arg::Text(serde_json::to_string(self).map_or_else(|_| $empty.to_owned(), |text| ascii(&text)))
            }
        }
    )+};
}

as_json! {
    serde_json::Map<String, Value> = "{}";
    Vec<Value> = "[]";
    Value = "null";
}

/// A value that is to be text, as Python's objects make it text: rows of older releases hold numbers and truth values.
fn worded(value: Value) -> String {
    match value {
        Value::String(text) => text,
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

impl Column for BTreeMap<String, String> {
    fn read(row: &Row, at: At<'_>) -> Result<Self, Error> {
        let values = serde_json::Map::<String, Value>::read(row, at)?;
        Ok(values.into_iter().map(|(key, value)| (key, worded(value))).collect())
    }
    fn arg(&self) -> Arg {
        Arg::Text(serde_json::to_string(self).map_or_else(|_| "{}".to_owned(), |text| ascii(&text)))
    }
}

impl Column for Labels {
    fn read(row: &Row, at: At<'_>) -> Result<Self, Error> {
        BTreeMap::read(row, at).map(Labels)
    }
    fn arg(&self) -> Arg {
        self.0.arg()
    }
}

impl Column for Vec<String> {
    fn read(row: &Row, at: At<'_>) -> Result<Self, Error> {
        Ok(Vec::<Value>::read(row, at)?.into_iter().map(worded).collect())
    }
    fn arg(&self) -> Arg {
        Arg::Text(serde_json::to_string(self).map_or_else(|_| "[]".to_owned(), |text| ascii(&text)))
    }
}

/// JSON without a character beyond ASCII, as Python's `json.dumps` writes it: then every character set can hold it.
fn ascii(json: &str) -> String {
    if json.is_ascii() {
        return json.to_owned();
    }
    let mut text = String::with_capacity(json.len() * 2);
    for c in json.chars() {
        if c.is_ascii() {
            text.push(c);
        } else {
            let mut units = [0; 2];
            text.extend(c.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")));
        }
    }
    text
}

fn unreadable(at: At<'_>, value: &str) -> Error {
    Error::Unreadable { column: at.name.to_owned(), value: value.chars().take(120).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_written_as_python_writes_it() {
        assert_eq!(ascii(r#"{"ä":"a🚀\"b"}"#), r#"{"\u00e4":"a\ud83d\ude80\"b"}"#);
        let read: serde_json::Value = serde_json::from_str(&ascii("\"ä🚀\"")).unwrap();
        assert_eq!(read, "ä🚀");
    }
}
