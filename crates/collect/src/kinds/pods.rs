// SPDX-License-Identifier: Apache-2.0
//! Pod objects.

use crate::kind::Kind;
use crate::parse::kubernetes::{conditions, map, number, object_ref, optional};
use crate::parse::{list, text, text_at, time};
use magnum_facts::Fact;
use magnum_facts::coe::{ContainerState, ContainerStatus, KubernetesFacts, Pod, Probe, Reference, Toleration};
use serde_json::Value;

pub(crate) static KIND: Kind = Kind {
    topic: KubernetesFacts::PODS,
    plural: "pods",
    kind: "Pod",
    path: "/api/v1/pods",
    names_only: false,
    read: |facts, list, source| facts.pods = Fact::seen(pods(list), source),
};

/// Pods.
fn pods(document: &Value) -> Vec<Pod> {
    list(document, "/items").map(pod).collect()
}

fn pod(item: &Value) -> Pod {
    Pod {
        namespace: text_at(item, "/metadata/namespace").to_owned(),
        name: text_at(item, "/metadata/name").to_owned(),
        node: optional(text_at(item, "/spec/nodeName")),
        phase: text_at(item, "/status/phase").to_owned(),
        reason: text_at(item, "/status/reason").to_owned(),
        conditions: conditions(item),
        containers: containers(item, "/spec/containers", "/status/containerStatuses"),
        init_containers: containers(item, "/spec/initContainers", "/status/initContainerStatuses"),
        labels: map(item, "/metadata/labels"),
        ip: optional(text_at(item, "/status/podIP")),
        host_network: item.pointer("/spec/hostNetwork").and_then(Value::as_bool).unwrap_or(false),
        created: time(text_at(item, "/metadata/creationTimestamp")),
        deleting_since: time(text_at(item, "/metadata/deletionTimestamp")),
        owner: list(item, "/metadata/ownerReferences").next().map(object_ref),
        node_selector: map(item, "/spec/nodeSelector"),
        tolerations: list(item, "/spec/tolerations").map(toleration).collect(),
        has_affinity: item.pointer("/spec/affinity").is_some(),
        dns_policy: text_at(item, "/spec/dnsPolicy").to_owned(),
        service_account: text_at(item, "/spec/serviceAccountName").to_owned(),
        restart_policy: text_at(item, "/spec/restartPolicy").to_owned(),
        finalizers: list(item, "/metadata/finalizers").filter_map(Value::as_str).map(str::to_owned).collect(),
        grace_seconds: item.pointer("/metadata/deletionGracePeriodSeconds").and_then(Value::as_u64),
        pull_secrets: list(item, "/spec/imagePullSecrets").map(|s| text(s, "name").to_owned()).collect(),
        references: references(item),
    }
}

/// One entry for each container of the spec, with its status where there is one.
fn containers(item: &Value, spec: &str, status: &str) -> Vec<ContainerStatus> {
    let one = |c: &Value| {
        let name = text(c, "name");
        let own = list(item, status).find(|s| text(s, "name") == name);
        let state = |key: &str| own.and_then(|s| s.get(key)).and_then(container_state);
        ContainerStatus {
            name: name.to_owned(),
            image: text(c, "image").to_owned(),
            ready: own.and_then(|s| s.get("ready")).and_then(Value::as_bool).unwrap_or(false),
            restarts: own.map_or(0, |s| number(s, "/restartCount")),
            state: state("state"),
            last: state("lastState"),
            ports: list(c, "/ports").map(|p| number(p, "/containerPort")).collect(),
            host_ports: list(c, "/ports").map(|p| number(p, "/hostPort")).filter(|n| *n > 0).collect(),
            requests: map(c, "/resources/requests"),
            limits: map(c, "/resources/limits"),
            pull_policy: text(c, "imagePullPolicy").to_owned(),
            liveness: c.get("livenessProbe").map(probe),
            readiness: c.get("readinessProbe").map(probe),
        }
    };
    list(item, spec).map(one).collect()
}

fn container_state(value: &Value) -> Option<ContainerState> {
    let words = |v: &Value| (text(v, "reason").to_owned(), text(v, "message").to_owned());
    if let Some(waiting) = value.get("waiting") {
        let (reason, message) = words(waiting);
        return Some(ContainerState::Waiting { reason, message });
    }
    if let Some(ended) = value.get("terminated") {
        let (reason, message) = words(ended);
        let exit_code = ended.get("exitCode").and_then(Value::as_i64).and_then(|n| i32::try_from(n).ok()).unwrap_or(-1);
        return Some(ContainerState::Terminated { reason, message, exit_code, at: time(text(ended, "finishedAt")) });
    }
    value.get("running").map(|running| ContainerState::Running { since: time(text(running, "startedAt")) })
}

fn toleration(item: &Value) -> Toleration {
    Toleration {
        key: text(item, "key").to_owned(),
        operator: text(item, "operator").to_owned(),
        value: text(item, "value").to_owned(),
        effect: text(item, "effect").to_owned(),
    }
}

fn probe(item: &Value) -> Probe {
    let port = |at: &str| item.pointer(at).map(|p| p.as_str().map_or_else(|| p.to_string(), str::to_owned));
    let (what, port) = if let Some(port) = port("/httpGet/port") {
        (format!("GET {}", text_at(item, "/httpGet/path")), port)
    } else if let Some(port) = port("/tcpSocket/port") {
        ("TCP".to_owned(), port)
    } else {
        ("exec".to_owned(), String::new())
    };
    Probe {
        what,
        port,
        initial_delay_seconds: number(item, "/initialDelaySeconds"),
        period_seconds: number(item, "/periodSeconds"),
        timeout_seconds: number(item, "/timeoutSeconds"),
        failure_threshold: number(item, "/failureThreshold"),
    }
}

/// What a pod takes from elsewhere: volumes and environment.
fn references(item: &Value) -> Vec<Reference> {
    let namespace = text_at(item, "/metadata/namespace");
    let mut all = Vec::new();
    let mut add = |kind: &str, source: Option<&Value>, name: &str, key: &str| {
        let optional = source.and_then(|s| s.get("optional")).and_then(Value::as_bool).unwrap_or(false);
        if let Some(name) = source.map(|s| text(s, name)).filter(|n| !n.is_empty()) {
            let key = source.map(|s| text(s, key)).unwrap_or_default().to_owned();
            all.push(Reference { kind: kind.to_owned(), namespace: namespace.to_owned(), name: name.to_owned(), key, optional });
        }
    };
    for volume in list(item, "/spec/volumes") {
        add("ConfigMap", volume.get("configMap"), "name", "");
        add("Secret", volume.get("secret"), "secretName", "");
        add("PersistentVolumeClaim", volume.get("persistentVolumeClaim"), "claimName", "");
    }
    for container in list(item, "/spec/initContainers").chain(list(item, "/spec/containers")) {
        for variable in list(container, "/env") {
            add("ConfigMap", variable.pointer("/valueFrom/configMapKeyRef"), "name", "key");
            add("Secret", variable.pointer("/valueFrom/secretKeyRef"), "name", "key");
        }
        for whole in list(container, "/envFrom") {
            add("ConfigMap", whole.get("configMapRef"), "name", "");
            add("Secret", whole.get("secretRef"), "name", "");
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pod_that_cannot_pull_keeps_what_was_said() {
        let document: Value = serde_json::from_str(
            r#"{"items":[{"metadata":{"namespace":"default","name":"web","labels":{"app":"web"},"creationTimestamp":"2026-01-02T03:04:05Z"},
            "spec":{"nodeName":"node-1","containers":[{"name":"c","image":"busybox:nope","ports":[{"containerPort":80}]}]},
            "status":{"phase":"Pending","conditions":[{"type":"Ready","status":"False","reason":"ContainersNotReady"}],
            "containerStatuses":[{"name":"c","ready":false,"restartCount":0,"state":{"waiting":{"reason":"ErrImagePull","message":"not found"}}}]}}]}"#,
        )
        .unwrap();
        let pods = pods(&document);
        assert_eq!(pods[0].path(), "default/web");
        assert_eq!(
            pods[0].containers[0].state,
            Some(ContainerState::Waiting { reason: "ErrImagePull".into(), message: "not found".into() })
        );
        assert!(!pods[0].is_ready() && pods[0].created.is_some());
        assert!(super::pods(&Value::Null).is_empty(), "a document without items has none");
    }
}
