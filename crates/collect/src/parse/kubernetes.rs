// SPDX-License-Identifier: Apache-2.0
//! Kubernetes' JSON, trimmed to the facts. Both the API's lists and `kubectl get -o json` have `items`.

use super::{list, text, text_at, time};
use magnum_facts::coe::{
    ApiHealth, Condition, ContainerState, ContainerStatus, EndpointAddress, Endpoints, Event, KubeNode, Lease, ObjectRef, Pod, Service,
    ServicePort,
};
use serde_json::Value;
use std::collections::BTreeMap;

fn map(value: &Value, path: &str) -> BTreeMap<String, String> {
    let object = value.pointer(path).and_then(Value::as_object).into_iter().flatten();
    object.filter_map(|(k, v)| Some((k.clone(), v.as_str()?.to_owned()))).collect()
}

fn optional(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

fn number<T: TryFrom<u64> + Default>(value: &Value, path: &str) -> T {
    value.pointer(path).and_then(Value::as_u64).and_then(|n| T::try_from(n).ok()).unwrap_or_default()
}

fn conditions(item: &Value) -> Vec<Condition> {
    let condition = |c: &Value| Condition {
        kind: text(c, "type").to_owned(),
        status: text(c, "status").to_owned(),
        reason: text(c, "reason").to_owned(),
        message: text(c, "message").to_owned(),
        since: time(text(c, "lastTransitionTime")),
    };
    list(item, "/status/conditions").map(condition).collect()
}

fn object_ref(value: &Value) -> ObjectRef {
    ObjectRef { kind: text(value, "kind").to_owned(), namespace: text(value, "namespace").to_owned(), name: text(value, "name").to_owned() }
}

/// Node objects.
pub(crate) fn nodes(document: &Value) -> Vec<KubeNode> {
    let taint = |t: &Value| format!("{}={}:{}", text(t, "key"), text(t, "value"), text(t, "effect"));
    let node = |item: &Value| KubeNode {
        name: text_at(item, "/metadata/name").to_owned(),
        conditions: conditions(item),
        taints: list(item, "/spec/taints").map(taint).collect(),
        labels: map(item, "/metadata/labels"),
        unschedulable: item.pointer("/spec/unschedulable").and_then(Value::as_bool).unwrap_or(false),
        pod_cidr: optional(text_at(item, "/spec/podCIDR")),
        internal_ip: list(item, "/status/addresses").find(|a| text(a, "type") == "InternalIP").and_then(|a| optional(text(a, "address"))),
        kubelet_version: text_at(item, "/status/nodeInfo/kubeletVersion").to_owned(),
        allocatable: map(item, "/status/allocatable"),
    };
    list(document, "/items").map(node).collect()
}

/// Pods.
pub(crate) fn pods(document: &Value) -> Vec<Pod> {
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

/// Services.
pub(crate) fn services(document: &Value) -> Vec<Service> {
    let port = |p: &Value| ServicePort {
        name: text(p, "name").to_owned(),
        protocol: text(p, "protocol").to_owned(),
        port: number(p, "/port"),
        target: match p.get("targetPort") {
            Some(Value::String(name)) => name.clone(),
            Some(other) => other.to_string(),
            None => String::new(),
        },
        node_port: p.get("nodePort").and_then(Value::as_u64).and_then(|n| u16::try_from(n).ok()),
    };
    let service = |item: &Value| Service {
        namespace: text_at(item, "/metadata/namespace").to_owned(),
        name: text_at(item, "/metadata/name").to_owned(),
        kind: text_at(item, "/spec/type").to_owned(),
        cluster_ip: optional(text_at(item, "/spec/clusterIP")),
        selector: map(item, "/spec/selector"),
        ports: list(item, "/spec/ports").map(port).collect(),
    };
    list(document, "/items").map(service).collect()
}

/// Endpoints objects.
pub(crate) fn endpoints(document: &Value) -> Vec<Endpoints> {
    let address = |a: &Value| EndpointAddress {
        ip: text(a, "ip").to_owned(),
        node: optional(text(a, "nodeName")),
        target: a.get("targetRef").map(object_ref),
    };
    let one = |item: &Value| {
        let of = |key: &str| list(item, "/subsets").flat_map(|s| list(s, key).map(address).collect::<Vec<_>>()).collect();
        Endpoints {
            namespace: text_at(item, "/metadata/namespace").to_owned(),
            name: text_at(item, "/metadata/name").to_owned(),
            ready: of("/addresses"),
            not_ready: of("/notReadyAddresses"),
            ports: list(item, "/subsets").flat_map(|s| list(s, "/ports").map(|p| number(p, "/port")).collect::<Vec<_>>()).collect(),
        }
    };
    list(document, "/items").map(one).collect()
}

/// Events.
pub(crate) fn events(document: &Value) -> Vec<Event> {
    let event = |item: &Value| Event {
        about: item.get("involvedObject").map(object_ref).unwrap_or_default(),
        kind: text(item, "type").to_owned(),
        reason: text(item, "reason").to_owned(),
        message: text(item, "message").to_owned(),
        count: number(item, "/count"),
        last: time(text(item, "lastTimestamp")).or_else(|| time(text(item, "eventTime"))),
        from: optional(text_at(item, "/source/component")).unwrap_or_else(|| text(item, "reportingComponent").to_owned()),
    };
    list(document, "/items").map(event).collect()
}

/// Leases.
pub(crate) fn leases(document: &Value) -> Vec<Lease> {
    let lease = |item: &Value| Lease {
        namespace: text_at(item, "/metadata/namespace").to_owned(),
        name: text_at(item, "/metadata/name").to_owned(),
        holder: text_at(item, "/spec/holderIdentity").to_owned(),
        renewed: time(text_at(item, "/spec/renewTime")),
        duration_seconds: item.pointer("/spec/leaseDurationSeconds").and_then(Value::as_u64).and_then(|n| u32::try_from(n).ok()),
    };
    list(document, "/items").map(lease).collect()
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
        assert!(nodes(&Value::Null).is_empty(), "a document without items has none");
    }

    #[test]
    fn the_api_servers_checks_are_read() {
        let health = health(500, "[+]ping ok\n[-]etcd failed: reason withheld\nreadyz check failed\n", "v1.20.2", 3);
        assert_eq!((health.ready, health.checks.get("etcd"), health.checks.get("ping")), (false, Some(&false), Some(&true)));
    }
}
