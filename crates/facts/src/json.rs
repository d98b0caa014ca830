// SPDX-License-Identifier: Apache-2.0
//! Reading of other programs' JSON, of which any field may be missing.

use serde_json::Value;

/// Text at a key, or "".
pub fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// An array at a path, or nothing.
pub fn list<'a>(value: &'a Value, path: &str) -> impl Iterator<Item = &'a Value> {
    value.pointer(path).and_then(Value::as_array).into_iter().flatten()
}
