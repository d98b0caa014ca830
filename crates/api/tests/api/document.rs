// SPDX-License-Identifier: Apache-2.0
//! The OpenAPI document: what is committed is what is served, and no answer of any test is outside it.

use jsonschema::Validator;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::{LazyLock, Mutex};

static DOCUMENT: LazyLock<Value> = LazyLock::new(magnum_api::openapi);
static VALIDATORS: LazyLock<Mutex<HashMap<String, Validator>>> = LazyLock::new(Mutex::default);

/// The path of the document that a request's path belongs to; words go before parameters.
fn pattern(path: &str) -> Option<&'static str> {
    let path = path.split('?').next().unwrap_or_default();
    let mut asked: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    // The API answers without its version's part as well; the document has one name for each.
    if asked.first().is_some_and(|first| !["v1", "healthcheck"].contains(first)) {
        asked.insert(0, "v1");
    }
    let fits = |pattern: &&'static str| {
        let parts: Vec<&str> = pattern.split('/').filter(|part| !part.is_empty()).collect();
        parts.len() == asked.len() && parts.iter().zip(&asked).all(|(part, asked)| part.starts_with('{') || part == asked)
    };
    let paths = DOCUMENT["paths"].as_object()?.keys().map(String::as_str);
    paths.filter(fits).min_by_key(|pattern| pattern.matches('{').count())
}

/// Fails when the answer is not one that the document has. What the API does not know is answered with errors only.
pub fn check(method: &str, path: &str, status: u16, body: &Value) {
    let method = method.to_lowercase();
    let described = pattern(path).map(|pattern| (pattern, &DOCUMENT["paths"][pattern][&method])).filter(|(_, item)| item.is_object());
    let (key, responses) = match described {
        Some((pattern, operation)) => (format!("{method} {pattern}"), &operation["responses"]),
        None => {
            assert!(status >= 400 || method == "options", "{method} {path} is answered with {status} and is not in the document");
            return;
        }
    };
    let (which, response) = match responses.get(status.to_string()) {
        Some(response) => (status.to_string(), response),
        None => {
            assert!(status >= 400, "{key}: {status} is not in the document");
            ("default".to_owned(), &DOCUMENT["components"]["responses"]["failure"])
        }
    };
    let Some(schema) = response.pointer("/content/application~1json/schema") else {
        let bytes = response.get("content").is_some();
        assert!(bytes || body.is_null(), "{key} {status}: {body}");
        return;
    };
    let mut validators = VALIDATORS.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let validator = validators.entry(format!("{key} {which}")).or_insert_with(|| {
        let whole =
            json!({"$schema": "https://json-schema.org/draft/2020-12/schema", "allOf": [schema], "components": DOCUMENT["components"]});
        jsonschema::validator_for(&whole).unwrap()
    });
    let wrong: Vec<String> = validator.iter_errors(body).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(wrong.is_empty(), "{key} {status} is outside the document:\n{}\n{body}", wrong.join("\n"));
}

#[test]
fn the_committed_document_is_the_one_that_is_served() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/openapi.json");
    let text = serde_json::to_string_pretty(&*DOCUMENT).unwrap() + "\n";
    if std::env::var_os("MAGNUM_UPDATE_DOCS").is_some() {
        std::fs::write(path, &text).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(committed == text, "docs/openapi.json is stale: MAGNUM_UPDATE_DOCS=1 cargo nextest run -p magnum-api document");
}

#[test]
fn every_operation_is_described() {
    for (name, operation) in magnum_api::operations_list() {
        let item = &DOCUMENT["paths"][operation.path][operation.method.as_str().to_lowercase()];
        assert!(item["summary"].as_str().is_some_and(|summary| summary.len() > 10), "{name}: {item}");
        assert!(item["responses"].get(operation.returns.to_string()).is_some(), "{name}");
        for argument in item["parameters"].as_array().unwrap() {
            assert!(argument.get("$ref").is_some() || argument["in"] == "path" || argument["description"].is_string(), "{name}");
        }
    }
    let schemas = DOCUMENT["components"]["schemas"].as_object().unwrap();
    let text = DOCUMENT.to_string();
    for name in schemas.keys() {
        assert!(text.contains(&format!("#/components/schemas/{name}\"")), "{name} is described and never referred to");
    }
}
