// SPDX-License-Identifier: Apache-2.0
//! Foreign text and JSON into facts. Nothing here reaches out, and nothing here fails on a field it does not know.

pub(crate) mod ip;
pub(crate) mod kubernetes;
pub(crate) mod ping;
pub(crate) mod systemd;

use jiff::Timestamp;
use serde_json::Value;

/// Text at a key, or "".
pub(crate) fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// Text at a path of keys, or "".
pub(crate) fn text_at<'a>(value: &'a Value, path: &str) -> &'a str {
    value.pointer(path).and_then(Value::as_str).unwrap_or_default()
}

/// An array at a path, or nothing.
pub(crate) fn list<'a>(value: &'a Value, path: &str) -> impl Iterator<Item = &'a Value> {
    value.pointer(path).and_then(Value::as_array).into_iter().flatten()
}

/// A time in RFC 3339.
pub(crate) fn time(text: &str) -> Option<Timestamp> {
    text.parse().ok()
}
