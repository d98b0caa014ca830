// SPDX-License-Identifier: Apache-2.0
//! One value as text.

use serde_json::Value;

/// For a table: absent is `-`, maps are `k=v`, lists are joined by commas.
pub(super) fn table(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) if text.is_empty() => "-".to_owned(),
        Value::Object(map) if map.is_empty() => "-".to_owned(),
        Value::Array(list) if list.is_empty() => "-".to_owned(),
        other => plain(&self::value(other)),
    }
}

/// For scripts: absent is the empty text, maps are `k=v`, lists are joined by commas.
pub(super) fn value(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::Array(list) => list.iter().map(inner).collect::<Vec<_>>().join(", "),
        Value::Object(map) => map.iter().map(|(key, value)| format!("{key}={}", inner(value))).collect::<Vec<_>>().join(", "),
    }
}

fn inner(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// `text` without anything that a terminal would act on; line ends stay.
pub(crate) fn plain(text: &str) -> String {
    let unsafe_char =
        |c: char| (c.is_control() && c != '\n' && c != '\t') || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars().map(|c| if unsafe_char(c) { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_read_as_people_write_them() {
        for (given, in_table, in_script) in [
            (json!(null), "-", ""),
            (json!(""), "-", ""),
            (json!("a"), "a", "a"),
            (json!(0), "0", "0"),
            (json!(false), "false", "false"),
            (json!([]), "-", ""),
            (json!(["10.0.0.5", "10.0.0.6"]), "10.0.0.5, 10.0.0.6", "10.0.0.5, 10.0.0.6"),
            (json!({}), "-", ""),
            (json!({"a": "b", "n": 1}), "a=b, n=1", "a=b, n=1"),
            (json!({"a": {"b": 1}}), "a={\"b\":1}", "a={\"b\":1}"),
            (json!("\u{1b}[2Jx"), "\u{fffd}[2Jx", "\u{1b}[2Jx"),
        ] {
            assert_eq!((table(&given).as_str(), value(&given).as_str()), (in_table, in_script));
        }
    }
}
