// SPDX-License-Identifier: Apache-2.0
//! What oslo.config 10.7.0 made of made-up files, values, `$name`s and sources, replayed.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use magnum_conf::{Config, File, Group, Kind, Sources, option, parse};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

static DEFAULT: Group = Group::new("DEFAULT", "D.", &[option("new", Kind::Text, "New.")]);
static G: Group = Group::new(
    "g",
    "G.",
    &[
        option("new", Kind::Text, "New.").default("d").formerly(&[("g", "old"), ("H", "older")]),
        option("many", Kind::Many, "Many.").formerly(&[("g", "much"), ("DEFAULT", "many")]),
    ],
);
static SOURCES: &[&Group] = &[&DEFAULT, &G];

static NAMES: Group = Group::new(
    "DEFAULT",
    "D.",
    &[option("a", Kind::Text, "A."), option("b", Kind::Text, "B.").default("bee"), option("c", Kind::List(false), "C.").default("x,y'")],
);
static FILLED: &[&Group] = &[&NAMES];

#[test]
fn everything_is_read_as_oslo_reads_it() {
    let mut wrong = Vec::new();
    for line in include_str!("oslo.jsonl").lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let read = if case.get("kind").is_some() {
            value(&case)
        } else if let Some(text) = case["filled"].as_str() {
            let files = vec![File { name: "f".into(), text: format!("[DEFAULT]\na = {text}\n") }];
            let config = Config::over(FILLED, Sources { files, ..Sources::default() });
            config.text("DEFAULT", "a").map_or(Value::Null, Value::from)
        } else if case.get("files").is_some() {
            sources(&case)
        } else {
            file(case["text"].as_str().unwrap())
        };
        if read != case["read"] {
            wrong.push(format!("{read}: {line}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn file(text: &str) -> Value {
    let document = parse("f", text);
    if !document.faults.is_empty() {
        return Value::Null;
    }
    document.assignments.iter().map(|a| json!([a.section, a.key, a.value.expose_secret()])).collect()
}

fn value(case: &Value) -> Value {
    let kind = match case["kind"].as_str().unwrap() {
        "bool" => Kind::Bool,
        "int" => Kind::Integer(Some(-5), Some(50)),
        "float" => Kind::Float(Some(-5.0), None),
        "port" => Kind::Port,
        "list" => Kind::List(false),
        "blist" => Kind::List(true),
        "dict" => Kind::Dict(false),
        "bdict" => Kind::Dict(true),
        "ip" => Kind::Address,
        "host" => Kind::Host,
        "uri" => Kind::Uri,
        other => panic!("{other}"),
    };
    kind.read(case["text"].as_str().unwrap()).map_or(Value::Null, |value| value.shown().into())
}

fn sources(case: &Value) -> Value {
    let texts = case["files"].as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned());
    let environment = case["environment"].as_object().unwrap().iter().map(|(k, v)| (k.clone(), v.as_str().unwrap().to_owned()));
    let files = texts.map(|text| File { name: "f".into(), text }).collect();
    let config = Config::over(SOURCES, Sources { files, environment: environment.collect(), ..Sources::default() });
    [("g", "new"), ("g", "many"), ("DEFAULT", "new")].map(|(g, o)| config.get(g, o).unwrap().value.shown()).to_vec().into()
}
