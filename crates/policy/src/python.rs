// SPDX-License-Identifier: Apache-2.0
//! Values as the Python service compares them: by their text.

use serde_json::Value;

/// What Python's `str` makes of a value.
pub(crate) fn text(value: &Value) -> String {
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::String(text) => text.clone(),
        Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}

/// The text of a literal on the left of a check: a quoted text, a whole number, `True`, `False` or `None`. Nothing when it is a
/// name instead; an error when it begins a quoted text and does not end it.
pub(crate) fn literal(source: &str) -> Result<Option<String>, ()> {
    if matches!(source, "True" | "False" | "None") {
        return Ok(Some(source.to_owned()));
    }
    if let Some(quote) = source.chars().next().filter(|c| *c == '\'' || *c == '"') {
        let inner = source[1..].strip_suffix(quote).ok_or(())?;
        return if inner.contains([quote, '\\']) { Err(()) } else { Ok(Some(inner.to_owned())) };
    }
    let digits = source.strip_prefix('-').unwrap_or(source);
    let number = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) && (digits == "0" || !digits.starts_with('0'));
    Ok(number.then(|| source.to_owned()))
}
