// SPDX-License-Identifier: Apache-2.0
//! The periodic look at a running cluster (`reference: magnum-conductor.md 6.6`): HEALTHY only when the API says ok and
//! every node is Ready.

use magnum_engine::{Engine, Exec};
use magnum_types::{ClusterId, HealthStatus, NodeName};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(5);

/// What was seen: the status, and the reason by subject as Magnum stores it.
#[derive(Debug, Clone, PartialEq)]
pub struct Health {
    pub status: HealthStatus,
    pub reason: Map<String, Value>,
}

impl Health {
    fn of_api(text: impl Into<String>) -> Self {
        let reason = [("api".to_owned(), Value::String(text.into()))].into_iter().collect();
        Self { status: HealthStatus::Unhealthy, reason }
    }
}

/// How to reach a Kubernetes API as an administrator.
pub struct Access<'a> {
    pub url: &'a str,
    pub ca_pem: &'a str,
    pub certificate_pem: &'a str,
    pub key_pem: &'a SecretString,
}

/// Asks a Kubernetes API for `/healthz` and its nodes.
pub async fn kubernetes(access: &Access<'_>) -> Health {
    match ask(access).await {
        Ok(health) => health,
        Err(error) => Health::of_api(chain(&error)),
    }
}

async fn ask(access: &Access<'_>) -> Result<Health, reqwest::Error> {
    let identity = format!("{}\n{}", access.certificate_pem, access.key_pem.expose_secret());
    let client = reqwest::Client::builder()
        .tls_certs_only(reqwest::Certificate::from_pem_bundle(access.ca_pem.as_bytes())?)
        .identity(reqwest::Identity::from_pem(identity.as_bytes())?)
        .no_proxy()
        .timeout(LIMIT)
        .build()?;
    let answer = client.get(format!("{}/healthz", access.url)).send().await?.text().await?;
    if answer != "ok" {
        return Ok(Health::of_api(answer.chars().take(500).collect::<String>()));
    }
    let list: Value = client.get(format!("{}/api/v1/nodes", access.url)).send().await?.error_for_status()?.json().await?;
    Ok(judge(&list))
}

/// The verdict over a node list.
fn judge(list: &Value) -> Health {
    let mut reason = Map::new();
    for node in list["items"].as_array().into_iter().flatten() {
        let conditions = node["status"]["conditions"].as_array().into_iter().flatten();
        let ready = conditions.into_iter().any(|c| c["type"] == "Ready" && c["status"] == "True");
        reason.insert(format!("{}.Ready", node["metadata"]["name"].as_str().unwrap_or("?")), Value::Bool(ready));
    }
    let healthy = !reason.is_empty() && reason.values().all(|v| v == &Value::Bool(true));
    reason.insert("api".to_owned(), Value::from("ok"));
    Health { status: if healthy { HealthStatus::Healthy } else { HealthStatus::Unhealthy }, reason }
}

/// Asks a swarm manager for its nodes.
pub async fn swarm(engine: &dyn Engine, cluster: ClusterId, manager: &NodeName) -> Health {
    let request = Exec { timeout: LIMIT, ..Exec::new(["docker", "node", "ls", "--format", "{{.Hostname}} {{.Status}}"]) };
    match engine.exec(cluster, manager, request).await {
        Ok(output) if output.code == Some(0) => {
            let mut reason = Map::new();
            for (name, status) in String::from_utf8_lossy(&output.stdout).lines().filter_map(|l| l.split_once(' ')) {
                reason.insert(format!("{name}.Ready"), Value::Bool(status.trim() == "Ready"));
            }
            let healthy = !reason.is_empty() && reason.values().all(|v| v == &Value::Bool(true));
            reason.insert("api".to_owned(), Value::from("ok"));
            Health { status: if healthy { HealthStatus::Healthy } else { HealthStatus::Unhealthy }, reason }
        }
        Ok(output) => Health::of_api(String::from_utf8_lossy(&output.stderr).trim().chars().take(500).collect::<String>()),
        Err(error) => Health::of_api(error.to_string()),
    }
}

/// An error with its causes, as one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn one_node_that_is_not_ready_makes_the_cluster_unhealthy() {
        let node =
            |name: &str, ready: &str| json!({"metadata": {"name": name}, "status": {"conditions": [{"type": "Ready", "status": ready}]}});
        let good = judge(&json!({"items": [node("a", "True"), node("b", "True")]}));
        assert_eq!(good.status, HealthStatus::Healthy);
        assert_eq!(Value::Object(good.reason), json!({"a.Ready": true, "b.Ready": true, "api": "ok"}));
        let bad = judge(&json!({"items": [node("a", "True"), node("b", "Unknown")]}));
        assert_eq!(bad.status, HealthStatus::Unhealthy);
        assert_eq!(judge(&json!({})).status, HealthStatus::Unhealthy, "no node at all is not health");
    }
}
