// SPDX-License-Identifier: Apache-2.0
//! Foreign text and JSON into facts. Nothing here reaches out, and nothing here fails on a field it does not know.

pub(crate) mod kubernetes;
pub(crate) mod ping;
pub(crate) mod systemd;

use jiff::Timestamp;
pub(crate) use magnum_facts::json::{list, text};
use serde_json::Value;

/// Text at a path of keys, or "".
pub(crate) fn text_at<'a>(value: &'a Value, path: &str) -> &'a str {
    value.pointer(path).and_then(Value::as_str).unwrap_or_default()
}

/// A time in RFC 3339.
pub(crate) fn time(text: &str) -> Option<Timestamp> {
    text.parse().ok()
}
