// SPDX-License-Identifier: Apache-2.0
//! Magnum's dialect of JSON patch: three operations, text and number values, dictionaries as Python literals.

use crate::failure::Failure;
use crate::input::Input;
use crate::python::{literal, repr, type_name};
use crate::typed::Record;
use serde_json::{Map, Value};

/// What a resource does not let be patched.
#[derive(Debug)]
pub(crate) struct Rules {
    /// Attributes that are never changed, beside those of every resource.
    pub internal: &'static [&'static str],
    /// Attributes that cannot be removed.
    pub mandatory: &'static [&'static str],
}

pub(crate) const INTERNAL: [&str; 7] = ["created_at", "id", "links", "updated_at", "uuid", "project_id", "user_id"];
/// Attributes whose whole value is replaced by a Python literal.
const LITERALS: [&str; 4] = ["/labels", "/health_status_reason", "/node_labels", "/node_taints"];
const ATTRIBUTES: [&str; 3] = ["path", "op", "value"];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Op {
    Add,
    Replace,
    Remove,
}

struct Step {
    op: Op,
    path: String,
    value: Option<Value>,
}

/// Refuses a body that is no patch, or that touches what is never changed: before anything is looked up, as Magnum does.
pub(crate) fn check(input: &Input, rules: &Rules) -> Result<(), Failure> {
    steps(input, rules).map(drop)
}

/// Refuses a patch that changes more of a `what` than these attributes. The same value again is no change.
pub(crate) fn only_changeable(what: &str, before: &Map<String, Value>, record: &Record, changeable: &[&str]) -> Result<(), Failure> {
    let changed = |key: &str| record.get(key) != before.get(key).unwrap_or(&Value::Null);
    let refused: Vec<&str> = before.keys().map(String::as_str).filter(|key| !changeable.contains(key) && changed(key)).collect();
    if refused.is_empty() { Ok(()) } else { Err(Failure::bad(format!("cannot change {what} property(ies) {}.", refused.join(", ")))) }
}

fn steps(input: &Input, rules: &Rules) -> Result<Vec<Step>, Failure> {
    let body = input.json("patch")?;
    let Value::Array(items) = &body else {
        return Err(Failure::field("patch", repr(&body), format!("Value not a valid list: {}", repr(&body))));
    };
    items.iter().map(|item| read(item, rules)).collect()
}

/// Reads the body and applies it to `document`, whose keys are the resource's attributes.
pub(crate) fn apply(input: &Input, rules: &Rules, document: Map<String, Value>) -> Result<Map<String, Value>, Failure> {
    let mut steps = steps(input, rules)?;
    for step in &steps {
        addable(step, &document)?;
    }
    let printed = printed(&steps);
    let refuse = |reason: String| Failure::bad(format!("Couldn't apply patch '{printed}'. Reason: {reason}"));
    for step in &mut steps {
        if let (Op::Replace, true, Some(Value::String(text))) = (step.op, LITERALS.contains(&step.path.as_str()), &step.value) {
            step.value = Some(literal(text).ok_or_else(|| refuse("invalid syntax (<unknown>, line 1)".to_owned()))?);
        }
    }
    let mut document = Value::Object(document);
    for step in steps {
        perform(&mut document, step).map_err(&refuse)?;
    }
    match document {
        Value::Object(map) => Ok(map),
        _ => Ok(Map::new()),
    }
}

fn read(item: &Value, rules: &Rules) -> Result<Step, Failure> {
    let Value::Object(map) = item else {
        return Err(Failure::field("patch", repr(item), format!("Wrong type. Expected an object, got '<class '{}'>'", type_name(item))));
    };
    if let Some(unknown) = map.keys().find(|key| !ATTRIBUTES.contains(&key.as_str())) {
        return Err(Failure::bad(format!("Unknown attribute for argument patch: {unknown}")));
    }
    let missing = |field| Failure::field(field, "None", "Mandatory field missing.");
    let path = match map.get("path") {
        None | Some(Value::Null) => return Err(missing("path")),
        Some(Value::String(path)) if is_path(path) => path.clone(),
        Some(other) => return Err(Failure::field("path", crate::python::str(other), r"Value should match the pattern ^(/[\w-]+)+$")),
    };
    let op = match map.get("op") {
        None | Some(Value::Null) => return Err(missing("op")),
        Some(Value::String(op)) if op == "add" => Op::Add,
        Some(Value::String(op)) if op == "replace" => Op::Replace,
        Some(Value::String(op)) if op == "remove" => Op::Remove,
        Some(other) => return Err(Failure::field("op", crate::python::str(other), "Value should be one of: add, remove, replace")),
    };
    let value = match map.get("value") {
        None | Some(Value::Null) => None,
        Some(value @ (Value::String(_) | Value::Bool(_))) => Some(value.clone()),
        Some(Value::Number(number)) if number.is_i64() => Some(Value::Number(number.clone())),
        Some(other) => {
            let problem = format!("Wrong type. Expected '(<class 'str'>, <class 'int'>)', got '<class '{}'>'", type_name(other));
            return Err(Failure::field("value", repr(other), problem));
        }
    };
    let root = path.split('/').nth(1).unwrap_or_default();
    if INTERNAL.contains(&root) || rules.internal.contains(&root) {
        return Err(Failure::bad(format!("'/{root}' is an internal attribute and can not be updated")));
    }
    if op == Op::Remove && rules.mandatory.contains(&path.trim_start_matches('/')) {
        return Err(Failure::bad(format!("'{path}' is a mandatory attribute and can not be removed")));
    }
    if op != Op::Remove && value.is_none() {
        return Err(Failure::bad("'add' and 'replace' operations needs value"));
    }
    Ok(Step { op, path, value })
}

fn is_path(path: &str) -> bool {
    let part = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-');
    path.strip_prefix('/').is_some_and(|rest| rest.split('/').all(part))
}

/// Attributes can only be added where the resource has them and they are unset.
fn addable(step: &Step, document: &Map<String, Value>) -> Result<(), Failure> {
    let attribute = step.path.trim_start_matches('/');
    if step.op != Op::Add || attribute.contains('/') {
        return Ok(());
    }
    match document.get(attribute) {
        None => Err(Failure::bad(format!("Adding a new attribute {} to the root of the resource is not allowed.", step.path))),
        Some(Value::Null) => Ok(()),
        Some(_) => Err(Failure::bad(format!("The attribute {} has existed, please use 'replace' operation instead.", step.path))),
    }
}

fn perform(document: &mut Value, step: Step) -> Result<(), String> {
    let mut parts: Vec<&str> = step.path.split('/').skip(1).collect();
    let last = parts.pop().unwrap_or_default();
    let mut target = document;
    for part in parts {
        target = match target {
            Value::Object(map) => map.get_mut(part),
            Value::Array(items) => part.parse::<usize>().ok().and_then(|at| items.get_mut(at)),
            _ => None,
        }
        .ok_or_else(|| format!("member '{part}' not found in {}", step.path))?;
    }
    let Value::Object(map) = target else { return Err(format!("member '{last}' not found in {}", step.path)) };
    let exists = map.contains_key(last);
    match (step.op, step.value) {
        (Op::Remove, _) if exists => drop(map.shift_remove(last)),
        (Op::Remove, _) => return Err(format!("can't remove a non-existent object '{last}'")),
        (Op::Replace, _) if !exists => return Err(format!("can't replace a non-existent object '{last}'")),
        (_, value) => drop(map.insert(last.to_owned(), value.unwrap_or(Value::Null))),
    }
    Ok(())
}

fn printed(steps: &[Step]) -> String {
    let one = |step: &Step| {
        let op = match step.op {
            Op::Add => "add",
            Op::Replace => "replace",
            Op::Remove => "remove",
        };
        let mut map = Map::new();
        map.insert("path".to_owned(), step.path.as_str().into());
        map.insert("op".to_owned(), op.into());
        if let Some(value) = &step.value {
            map.insert("value".to_owned(), value.clone());
        }
        Value::Object(map)
    };
    repr(&Value::Array(steps.iter().map(one).collect()))
}
