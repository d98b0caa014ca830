// SPDX-License-Identifier: Apache-2.0
use super::*;
use serde_json::{Value, json};

fn base(name: &str, role: &str, index: u32, workload: Value) -> Value {
    json!({
        "version": 1,
        "node": {
            "cluster": "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d", "cluster_name": "c1", "name": name, "group": "g", "role": role,
            "index": index, "address": format!("10.0.0.{}", if role == "master" { 10 + index } else { 20 + index }),
        },
        "magnum": {"url": "http://10.0.0.1:9511", "token": "t"},
        "network_cidr": "10.0.0.0/24", "dns_servers": ["10.0.0.1"], "mtu": 1500, "workload": workload,
    })
}

fn kubernetes(masters: u32, control_plane: Value) -> Value {
    let masters: Vec<Value> =
        (0..masters).map(|i| json!({"name": format!("master-{i}"), "address": format!("10.0.0.{}", 10 + i)})).collect();
    json!({
        "coe": "kubernetes", "api_address": "10.0.0.10", "api_port": 6443, "masters": masters, "service_cidr": "10.254.0.0/16",
        "dns_address": "10.254.0.10", "dns_domain": "cluster.local",
        "flannel": {"network": "10.100.0.0/16", "subnet_len": 24, "vni": 1, "port": 8472, "etcd_prefix": "/coreos.com/network"},
        "etcd": {"flannel_password": "p"}, "node_labels": {}, "node_taints": [], "control_plane": control_plane,
    })
}

fn read(value: &Value) -> NodeSpec {
    parse(&value.to_string()).unwrap()
}

/// A master of a Kubernetes cluster with so many of them.
pub fn kubernetes_master(masters: u32) -> NodeSpec {
    read(&base("master-0", "master", 0, kubernetes(masters, json!({"api_sans": [], "service_account_key": "k"}))))
}

/// A worker of a Kubernetes cluster.
pub fn kubernetes_worker() -> NodeSpec {
    read(&base("node-0", "worker", 0, kubernetes(1, Value::Null)))
}

/// A manager of a swarm.
pub fn swarm_manager(managers: u32) -> NodeSpec {
    let managers: Vec<Value> =
        (0..managers).map(|i| json!({"name": format!("master-{i}"), "address": format!("10.0.0.{}", 10 + i)})).collect();
    read(&base("master-0", "master", 0, json!({"coe": "swarm", "managers": managers, "api_port": 2376, "api_sans": []})))
}

#[test]
fn a_spec_that_cannot_be_carried_out_is_refused_with_the_reason() {
    let good = base("node-0", "worker", 0, kubernetes(1, Value::Null));
    let with = |pointer: &str, value: Value| {
        let mut spec = good.clone();
        *spec.pointer_mut(pointer).unwrap() = value;
        parse(&spec.to_string()).map(drop).map_err(|error| error.to_string())
    };
    assert_eq!(with("/version", json!(1)), Ok(()));
    for (pointer, value, part) in [
        ("/version", json!(2), "version 2"),
        ("/workload/masters", json!([]), "masters"),
        ("/node/role", json!("master"), "control_plane"),
        ("/workload/flannel/subnet_len", json!(16), "subnet_len"),
        ("/workload/flannel/etcd_prefix", json!("x/"), "etcd_prefix"),
        ("/workload/dns_domain", json!("a/1.2.3.4#53 --server=x"), "dns_domain"),
        ("/workload/node_labels", json!({"a": "x,node-role.kubernetes.io/master="}), "node_labels"),
        ("/workload/node_labels", json!({"a\nb": ""}), "node_labels"),
        ("/workload/node_taints", json!([{"key": "k", "value": "$(id)", "effect": "NoSchedule"}]), "node_taints"),
        ("/node/address", json!("10.0.0.300"), "IPv4"),
    ] {
        let error = with(pointer, value).unwrap_err();
        assert!(error.contains(part), "{error} lacks {part}");
    }
    assert!(parse("{}").unwrap_err().to_string().contains("version"));
    assert!(parse("no json").unwrap_err().to_string().contains("JSON"));
}
