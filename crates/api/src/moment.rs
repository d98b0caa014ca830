// SPDX-License-Identifier: Apache-2.0
//! Times on the wire.

use jiff::Timestamp;
use serde_json::Value;

/// A time as Python's `isoformat` writes it; null when there is none.
pub(crate) fn iso(at: Option<Timestamp>) -> Value {
    at.map_or(Value::Null, |at| Value::String(at.strftime("%Y-%m-%dT%H:%M:%S+00:00").to_string()))
}

/// A time of ours, kept in milliseconds since 1970: RFC 3339 with milliseconds, UTC.
pub(crate) fn milliseconds(at: i64) -> String {
    Timestamp::from_millisecond(at).map(|at| at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()).unwrap_or_default()
}
