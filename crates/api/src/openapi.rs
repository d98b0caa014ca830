// SPDX-License-Identifier: Apache-2.0
//! The API in the words of OpenAPI 3.1, made from the operations: nothing in it is written twice.

use crate::operation::Route;
use crate::operations::ROUTES;
use crate::shape::{Argument, ArgumentKind, Gives, Takes};
use crate::typed::{Field, Kind};
use magnum_types::Microversion;
use serde_json::{Map, Value, json};

/// The document.
pub fn document() -> Value {
    let mut paths: Map<String, Value> = Map::new();
    let mut schemas = shared();
    for route in ROUTES {
        let operation = route.operation;
        let item = paths.entry(operation.path.to_owned()).or_insert_with(|| json!({}));
        item[operation.method.as_str().to_lowercase()] = described(route);
        if let Some((name, fields)) = objects(route) {
            schemas.entry(name).or_insert_with(|| answered(fields));
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Magnum",
            "version": Microversion::MAX.to_string(),
            "description": "Clusters of hosts for container orchestration engines. Answers are those of OpenStack's Magnum; see docs/differences.md.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {"token": {"type": "apiKey", "in": "header", "name": "X-Auth-Token"}},
            "parameters": {"version": {
                "name": "OpenStack-API-Version",
                "in": "header",
                "description": "The microversion that is spoken; without it, 1.1.",
                "schema": {"type": "string", "examples": [format!("container-infra {}", Microversion::MAX)]},
            }},
            "responses": {"failure": {
                "description": "Why not.",
                "content": {"application/json": {"schema": {"anyOf": [
                    {"$ref": "#/components/schemas/Errors"},
                    {"$ref": "#/components/schemas/Unauthenticated"},
                    {"$ref": "#/components/schemas/Unavailable"},
                ]}}},
            }},
        },
    })
}

fn described(route: &Route) -> Value {
    let operation = route.operation;
    let mut what = json!({
        "operationId": route.name.replace("::", "."),
        "summary": route.about,
        "tags": [route.name.split("::").next().unwrap_or_default()],
        "description": versions(route),
        "responses": {"default": {"$ref": "#/components/responses/failure"}},
    });
    let named = operation.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let mut parameters: Vec<Value> =
        named.map(|name| json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}})).collect();
    parameters.extend(operation.arguments.iter().map(argument));
    if operation.path.starts_with("/v1") {
        parameters.push(json!({"$ref": "#/components/parameters/version"}));
    }
    what["parameters"] = parameters.into();
    if !operation.public {
        what["security"] = json!([{"token": []}]);
    }
    if let Some(schema) = match operation.takes {
        Takes::Nothing => None,
        Takes::Object(fields) => Some(asked(fields)),
        Takes::Patch(_) => Some(json!({"$ref": "#/components/schemas/Patch"})),
    } {
        what["requestBody"] = json!({"required": true, "content": {"application/json": {"schema": schema}}});
    }
    for (status, gives) in [(operation.returns, operation.gives)].into_iter().chain(operation.also) {
        what["responses"][status.to_string()] = success(gives, status);
    }
    what
}

/// In which microversions there is such an operation, and which rule must allow it.
fn versions(route: &Route) -> String {
    let operation = route.operation;
    let mut text = match (operation.since > Microversion::MIN, operation.until < Microversion::MAX) {
        (true, _) => format!("Since {}.", operation.since),
        (_, true) => format!("Up to {}.", operation.until),
        _ => String::new(),
    };
    if let Some(policy) = operation.policy {
        text.push_str(&format!("{}Policy: {policy}.", if text.is_empty() { "" } else { " " }));
    }
    text
}

fn success(gives: Gives, status: u16) -> Value {
    let of = |description: &str, schema: Value| json!({"description": description, "content": {"application/json": {"schema": schema}}});
    let reference = |name: &str| json!({"$ref": format!("#/components/schemas/{name}")});
    match gives {
        Gives::Nothing => json!({"description": if status == 204 { "Done, or begun." } else { "Done." }}),
        Gives::Uuid => of("Begun.", reference("Uuid")),
        Gives::Object(name, _) => of("The object.", reference(name)),
        Gives::List(key, name, _) => {
            let properties = json!({key: {"type": "array", "items": reference(name)}, "next": {"type": "string"}});
            of("A page.", json!({"type": "object", "properties": properties, "required": [key], "additionalProperties": false}))
        }
        Gives::Free(about) => of(about, json!({"type": "object"})),
        Gives::Word(fields) => json!({"description": "In a word, or in JSON where that is accepted.", "content": {
            "text/plain": {},
            "application/json": {"schema": answered(fields)},
        }}),
        Gives::Bytes(media_type) => json!({"description": "Bytes.", "content": {media_type: {}}}),
    }
}

fn objects(route: &Route) -> Option<(String, &'static [Field])> {
    match route.operation.gives {
        Gives::Object(name, fields) | Gives::List(_, name, fields) => Some((name.to_owned(), fields)),
        _ => None,
    }
}

fn argument(argument: &Argument) -> Value {
    let schema = match argument.kind {
        ArgumentKind::Text => json!({"type": "string"}),
        ArgumentKind::Int => json!({"type": "integer"}),
        ArgumentKind::Bool => json!({"type": "boolean"}),
        ArgumentKind::Uuid => json!({"type": "string", "format": "uuid"}),
        ArgumentKind::Word(words) => json!({"type": "string", "enum": words}),
    };
    let since = if argument.since > Microversion::MIN { format!(" Since {}.", argument.since) } else { String::new() };
    json!({"name": argument.name, "in": "query", "description": format!("{}{since}", argument.about), "schema": schema})
}

/// What may be sent.
fn asked(fields: &[Field]) -> Value {
    let writable = || fields.iter().filter(|field| !field.read_only);
    let properties: Map<String, Value> =
        writable().map(|field| (field.name.to_owned(), nullable(kind(field.kind), !field.mandatory))).collect();
    let required: Vec<&str> = writable().filter(|field| field.mandatory).map(|field| field.name).collect();
    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
}

/// What may be answered. The database may hold what is no longer accepted, so there are types and no limits.
fn answered(fields: &[Field]) -> Value {
    let loose = |kind: Kind| match kind {
        Kind::Text { .. } | Kind::Lines { .. } | Kind::Name | Kind::Dns | Kind::Raw | Kind::Uuid | Kind::Word(_) => {
            json!({"type": "string"})
        }
        Kind::Int { .. } => json!({"type": "integer"}),
        other => self::kind(other),
    };
    let mut properties: Map<String, Value> =
        fields.iter().map(|field| (field.name.to_owned(), nullable(loose(field.kind), true))).collect();
    if properties.contains_key("links") {
        properties.insert("links".to_owned(), json!({"$ref": "#/components/schemas/Links"}));
    }
    json!({"type": "object", "properties": properties, "additionalProperties": false})
}

fn nullable(mut schema: Value, yes: bool) -> Value {
    if yes {
        schema["type"] = json!([schema["type"], "null"]);
        if let Some(words) = schema.get_mut("enum").and_then(Value::as_array_mut) {
            words.push(Value::Null);
        }
    }
    schema
}

fn kind(kind: Kind) -> Value {
    match kind {
        Kind::Text { min, max } => json!({"type": "string", "minLength": min, "maxLength": max}),
        Kind::Lines { min } => json!({"type": "string", "minLength": min}),
        Kind::Name => json!({"type": "string", "minLength": 1, "maxLength": 242, "pattern": "^[a-zA-Z][a-zA-Z0-9_.-]*$"}),
        Kind::Int { min, max } => json!({"type": "integer", "minimum": min, "maximum": max}),
        Kind::Bool => json!({"type": "boolean"}),
        Kind::Uuid => json!({"type": "string", "format": "uuid"}),
        Kind::Word(words) => json!({"type": "string", "enum": words}),
        Kind::Dns | Kind::Raw => json!({"type": "string"}),
        Kind::Scalars => json!({"type": "object", "additionalProperties": {"type": ["string", "number", "boolean"]}}),
        Kind::Texts => json!({"type": "object", "additionalProperties": {"type": "string"}}),
        Kind::Object => json!({"type": "object"}),
        Kind::TextList => json!({"type": "array", "items": {"type": "string"}}),
        Kind::Arguments => json!({"type": "array", "items": {"type": "string"}, "minItems": 1}),
        Kind::TextsList => json!({"type": "array", "items": {"type": "object", "additionalProperties": {"type": "string"}}}),
    }
}

/// What all operations have in common.
fn shared() -> Map<String, Value> {
    let value = json!({
        "Uuid": {"type": "object", "properties": {"uuid": {"type": "string", "format": "uuid"}}, "required": ["uuid"], "additionalProperties": false},
        "Links": {"type": "array", "items": {
            "type": "object",
            "properties": {"href": {"type": "string"}, "rel": {"type": "string"}},
            "required": ["href", "rel"],
            "additionalProperties": false,
        }},
        "Patch": {"type": "array", "items": {
            "type": "object",
            "properties": {
                "op": {"type": "string", "enum": ["add", "replace", "remove"]},
                "path": {"type": "string", "pattern": r"^(/[\w-]+)+$"},
                "value": {"type": ["string", "integer", "boolean"]},
            },
            "required": ["op", "path"],
            "additionalProperties": false,
        }},
        "Errors": {
            "type": "object",
            "properties": {"errors": {"type": "array", "minItems": 1, "items": {
                "type": "object",
                "properties": {
                    "request_id": {"type": "string"},
                    "code": {"type": "string"},
                    "status": {"type": "integer"},
                    "title": {"type": "string"},
                    "detail": {"type": "string"},
                    "description": {"type": "string"},
                    "min_version": {"type": "string"},
                    "max_version": {"type": "string"},
                    "links": {"type": "array", "items": {"type": "object"}},
                },
                "required": ["code", "title", "links"],
                "additionalProperties": false,
            }}},
            "required": ["errors"],
            "additionalProperties": false,
        },
        "Unauthenticated": {
            "type": "object",
            "properties": {"error": {
                "type": "object",
                "properties": {"code": {"const": 401}, "title": {"type": "string"}, "message": {"type": "string"}},
                "required": ["code", "title", "message"],
            }},
            "required": ["error"],
            "additionalProperties": false,
        },
        "Unavailable": {
            "type": "object",
            "properties": {"message": {"type": "string"}, "code": {"type": "string"}, "title": {"type": "string"}},
            "required": ["message", "code", "title"],
            "additionalProperties": false,
        },
    });
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
