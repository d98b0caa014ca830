// SPDX-License-Identifier: Apache-2.0
//! Arguments with a grammar of their own: labels, taints, tags and attributes, with the Python client's rules.

use crate::error::Error;
use serde_json::{Map, Value, json};
use std::path::Path;

/// The label that names a file, and the label its content is sent as.
const ENVIRONMENT_FILE: (&str, &str) = ("mesos_slave_executor_env_file", "mesos_slave_executor_env_variables");

/// `--labels`: given once, it is split at `,` and `;`; given several times, each is one label. A repeated key
/// collects its values, joined by commas.
pub(crate) fn labels(given: &[String]) -> Result<Map<String, Value>, Error> {
    let split: Vec<String> = match given {
        [one] if one.matches('=').count() > 1 => one.replace(';', ",").split(',').map(str::to_owned).collect(),
        several => several.to_vec(),
    };
    let mut labels: Map<String, Value> = Map::new();
    for label in &split {
        let (key, value) = label.split_once('=').ok_or_else(|| Error::usage(format!("labels must be a list of KEY=VALUE not {label}")))?;
        let joined = match labels.get(key).and_then(Value::as_str) {
            Some(old) => format!("{old},{value}"),
            None => value.to_owned(),
        };
        labels.insert(key.to_owned(), Value::String(joined));
    }
    with_environment_file(labels)
}

fn with_environment_file(mut labels: Map<String, Value>) -> Result<Map<String, Value>, Error> {
    let Some(path) = labels.remove(ENVIRONMENT_FILE.0) else { return Ok(labels) };
    let path = Path::new(path.as_str().unwrap_or_default()).to_owned();
    let text = std::fs::read_to_string(&path).map_err(|source| Error::File { doing: "reading", path: path.clone(), source })?;
    let parsed: Value = serde_json::from_str(&text).map_err(|error| Error::usage(format!("{} is not JSON: {error}", path.display())))?;
    labels.insert(ENVIRONMENT_FILE.1.to_owned(), Value::String(parsed.to_string()));
    Ok(labels)
}

/// `--node-taints`: `KEY[=VALUE]:EFFECT`, separated by commas or given several times.
pub(crate) fn taints(given: &[String]) -> Result<Vec<Value>, Error> {
    let each = given.iter().flat_map(|text| text.split(','));
    each.map(|taint| {
        let bad = || Error::usage(format!("taints must be a list of KEY[=VALUE]:EFFECT, not {taint}"));
        let (name, effect) = taint.rsplit_once(':').filter(|(name, effect)| !name.is_empty() && !effect.is_empty()).ok_or_else(bad)?;
        let (key, value) = name.split_once('=').map_or((name, None), |(key, value)| (key, Some(value)));
        let mut object = json!({"key": key, "effect": effect});
        if let Some(value) = value {
            object["value"] = json!(value);
        }
        Ok(object)
    })
    .collect()
}

/// `--tags`: given several times or separated by commas; sent as one text.
pub(crate) fn tags(given: &[String]) -> Option<String> {
    let all: Vec<&str> = given.iter().flat_map(|text| text.split(',')).map(str::trim).filter(|tag| !tag.is_empty()).collect();
    (!all.is_empty()).then(|| all.join(","))
}

/// `OP PATH=VALUE…` of the older commands, as a JSON patch.
pub(crate) fn attributes(op: &str, attributes: &[String]) -> Result<Vec<Value>, Error> {
    let mut patch = Vec::new();
    for attribute in attributes {
        let (path, value) = match (op, attribute.split_once('=')) {
            ("remove", found) => (found.map_or(attribute.as_str(), |(path, _)| path), None),
            (_, Some((path, value))) => (path, Some(value)),
            (_, None) => return Err(Error::usage(format!("Attributes must be a list of PATH=VALUE not \"{attribute}\""))),
        };
        let path = format!("/{}", path.trim_start_matches('/'));
        patch.push(match value {
            None => json!({"op": op, "path": path}),
            Some(value) => json!({"op": op, "path": path, "value": patch_value(&path, value)?}),
        });
    }
    Ok(patch)
}

/// JSON where the text is JSON, else the text; maps and lists travel as Python literals, as the API demands.
fn patch_value(path: &str, text: &str) -> Result<Value, Error> {
    match serde_json::from_str::<Value>(text) {
        Ok(value @ (Value::Object(_) | Value::Array(_))) => Ok(Value::String(python_literal(&value))),
        Ok(value @ (Value::Number(_) | Value::Bool(_))) => Ok(value),
        Ok(Value::String(value)) => Ok(Value::String(value)),
        Ok(Value::Null) | Err(_) if path == "/labels" => Ok(Value::String(python_literal(&Value::Object(labels(&[text.to_owned()])?)))),
        Ok(Value::Null) | Err(_) => Ok(Value::String(text.to_owned())),
    }
}

/// `value` as Python would print it: the API reads maps and lists of a patch this way.
pub(crate) fn python_literal(value: &Value) -> String {
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => python_text(text),
        Value::Array(list) => format!("[{}]", list.iter().map(python_literal).collect::<Vec<_>>().join(", ")),
        Value::Object(map) => {
            let pairs: Vec<String> = map.iter().map(|(key, value)| format!("{}: {}", python_text(key), python_literal(value))).collect();
            format!("{{{}}}", pairs.join(", "))
        }
    }
}

/// Between single quotes, or double ones where that saves escaping, as Python chooses them.
fn python_text(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut quoted = String::from(quote);
    for c in text.chars() {
        match c {
            '\\' => quoted.push_str("\\\\"),
            c if c == quote => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            c if c.is_control() => quoted.push_str(&format!("\\x{:02x}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push(quote);
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(given: &[&str]) -> Vec<String> {
        given.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn labels_follow_the_python_client() {
        for (given, wanted) in [
            (&[][..], json!({})),
            (&["a=b"], json!({"a": "b"})),
            (&["a=b,c=d"], json!({"a": "b", "c": "d"})),
            (&["a=b;c=d"], json!({"a": "b", "c": "d"})),
            (&["a=b,c"], json!({"a": "b,c"})),
            (&["a=b", "c=d,e=f"], json!({"a": "b", "c": "d,e=f"})),
            (&["a=b", "a=c"], json!({"a": "b,c"})),
            (&["a=1,a=2"], json!({"a": "1,2"})),
            (&["a="], json!({"a": ""})),
            (&["a=$(reboot);b=`id`"], json!({"a": "$(reboot)", "b": "`id`"})),
        ] {
            assert_eq!(Value::Object(labels(&texts(given)).unwrap()), wanted, "{given:?}");
        }
        for (given, word) in [(&["a"][..], "a"), (&["a=b,c=d,e"], "e"), (&["a=b", "c"], "c")] {
            assert_eq!(labels(&texts(given)).unwrap_err().to_string(), format!("labels must be a list of KEY=VALUE not {word}"));
        }
    }

    #[test]
    fn a_label_can_name_a_file_of_variables() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("env.json");
        std::fs::write(&path, "{\"A\": \"1\"}").unwrap();
        let given = format!("{}={}", ENVIRONMENT_FILE.0, path.display());
        assert_eq!(Value::Object(labels(&[given]).unwrap()), json!({"mesos_slave_executor_env_variables": "{\"A\":\"1\"}"}));
        assert!(labels(&[format!("{}=/nonexistent", ENVIRONMENT_FILE.0)]).is_err());
    }

    #[test]
    fn taints_have_a_key_and_an_effect() {
        assert_eq!(
            taints(&texts(&["a=b:NoSchedule,c:NoExecute"])).unwrap(),
            vec![json!({"key": "a", "effect": "NoSchedule", "value": "b"}), json!({"key": "c", "effect": "NoExecute"})]
        );
        for bad in ["a", "a=b", ":x", "a:"] {
            assert!(taints(&texts(&[bad])).unwrap_err().to_string().ends_with(bad));
        }
    }

    #[test]
    fn attributes_become_a_patch() {
        let patch = |op, given: &[&str]| attributes(op, &texts(given)).map(Value::Array);
        assert_eq!(patch("replace", &["node_count=3"]).unwrap(), json!([{"op": "replace", "path": "/node_count", "value": 3}]));
        assert_eq!(
            patch("add", &["/labels/a=b", "name=x=y"]).unwrap(),
            json!([{"op": "add", "path": "/labels/a", "value": "b"}, {"op": "add", "path": "/name", "value": "x=y"}])
        );
        assert_eq!(patch("remove", &["labels/a"]).unwrap(), json!([{"op": "remove", "path": "/labels/a"}]));
        assert_eq!(
            patch("replace", &["labels=a=b,c=d"]).unwrap(),
            json!([{"op": "replace", "path": "/labels", "value": "{'a': 'b', 'c': 'd'}"}])
        );
        assert_eq!(
            patch("replace", &["labels={\"a\": \"it's\"}"]).unwrap(),
            json!([{"op": "replace", "path": "/labels", "value": "{'a': \"it's\"}"}])
        );
        assert_eq!(patch("replace", &["public=true"]).unwrap(), json!([{"op": "replace", "path": "/public", "value": true}]));
        assert!(patch("add", &["x"]).unwrap_err().to_string().contains("PATH=VALUE"));
    }
}
