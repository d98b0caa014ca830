// SPDX-License-Identifier: Apache-2.0
//! What the kinds of Kubernetes objects have in common, and the API server's own health.

use super::{list, text, text_at, time};
use magnum_facts::coe::{ApiHealth, Condition, ObjectRef, Webhook};
use serde_json::Value;
use std::collections::BTreeMap;

pub(crate) fn map(value: &Value, path: &str) -> BTreeMap<String, String> {
    let object = value.pointer(path).and_then(Value::as_object).into_iter().flatten();
    object.filter_map(|(k, v)| Some((k.clone(), v.as_str()?.to_owned()))).collect()
}

pub(crate) fn optional(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

pub(crate) fn number<T: TryFrom<u64> + Default>(value: &Value, path: &str) -> T {
    value.pointer(path).and_then(Value::as_u64).and_then(|n| T::try_from(n).ok()).unwrap_or_default()
}

pub(crate) fn conditions(item: &Value) -> Vec<Condition> {
    let condition = |c: &Value| Condition {
        kind: text(c, "type").to_owned(),
        status: text(c, "status").to_owned(),
        reason: text(c, "reason").to_owned(),
        message: text(c, "message").to_owned(),
        since: time(text(c, "lastTransitionTime")),
    };
    list(item, "/status/conditions").map(condition).collect()
}

pub(crate) fn object_ref(value: &Value) -> ObjectRef {
    ObjectRef { kind: text(value, "kind").to_owned(), namespace: text(value, "namespace").to_owned(), name: text(value, "name").to_owned() }
}

/// Namespace and name of each object, from whole objects or from their metadata alone.
pub(crate) fn names(document: &Value) -> Vec<ObjectRef> {
    let one = |item: &Value| ObjectRef {
        kind: text(item, "kind").to_owned(),
        namespace: text_at(item, "/metadata/namespace").to_owned(),
        name: text_at(item, "/metadata/name").to_owned(),
    };
    list(document, "/items").map(one).collect()
}

/// The webhooks of all configurations.
pub(crate) fn webhooks(document: &Value) -> Vec<Webhook> {
    let one = |configuration: &str, hook: &Value| Webhook {
        configuration: configuration.to_owned(),
        name: text(hook, "name").to_owned(),
        service: hook.pointer("/clientConfig/service").map(object_ref),
        url: text_at(hook, "/clientConfig/url").to_owned(),
        failure_policy: text(hook, "failurePolicy").to_owned(),
        timeout_seconds: number(hook, "/timeoutSeconds"),
        has_ca: !text_at(hook, "/clientConfig/caBundle").is_empty(),
        resources: list(hook, "/rules")
            .flat_map(|r| list(r, "/resources").filter_map(Value::as_str).map(str::to_owned).collect::<Vec<_>>())
            .collect(),
    };
    list(document, "/items")
        .flat_map(|item| {
            let name = text_at(item, "/metadata/name");
            list(item, "/webhooks").map(|hook| one(name, hook)).collect::<Vec<_>>()
        })
        .collect()
}

/// `/readyz?verbose`: `[+]etcd ok`, `[-]poststarthook/… failed: reason withheld`.
pub(crate) fn health(status: u16, body: &str, version: &str, latency_ms: u64) -> ApiHealth {
    let check = |line: &str| {
        let (good, rest) = match line.get(..3)? {
            "[+]" => (true, line.get(3..)?),
            "[-]" => (false, line.get(3..)?),
            _ => return None,
        };
        Some((rest.split_whitespace().next()?.to_owned(), good))
    };
    ApiHealth { ready: status == 200, checks: body.lines().filter_map(check).collect(), version: version.to_owned(), latency_ms }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_api_servers_checks_are_read() {
        let health = health(500, "[+]ping ok\n[-]etcd failed: reason withheld\nreadyz check failed\n", "v1.20.2", 3);
        assert_eq!((health.ready, health.checks.get("etcd"), health.checks.get("ping")), (false, Some(&false), Some(&true)));
    }
}
