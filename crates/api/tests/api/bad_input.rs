// SPDX-License-Identifier: Apache-2.0
//! Input that no honest client sends: a 4xx that names the field, and nothing stored.

use crate::fake::{app, cluster, member, send};
use serde_json::{Value, json};

const METACHARACTERS: [&str; 12] = ["$(reboot)", "`id`", "a;b", "a|b", "a b", "../../etc", "a'b", "a\"b", "{{ x }}", "%s", "a\nb", "ü"];

#[tokio::test]
async fn a_cluster_body_is_refused_by_field() {
    let app = app().await;
    cluster(&app, "kubernetes").await;
    let mut table: Vec<(&str, Value)> = vec![
        ("node_count", json!({"node_count": "x"})),
        ("node_count", json!({"node_count": 1.5})),
        ("node_count", json!({"node_count": true})),
        ("node_count", json!({"node_count": [1]})),
        ("node_count", json!({"node_count": 1_000_000_000})),
        ("node_count", json!({"node_count": 250})),
        ("master_count", json!({"master_count": -1})),
        ("name", json!({"name": 7})),
        ("name", json!({"name": {"a": "b"}})),
        ("flavor", json!({"flavor_id": "m1.small; reboot"})),
        ("keypair", json!({"keypair": "a'b"})),
        ("floating_ip_enabled", json!({"floating_ip_enabled": "maybe"})),
        ("labels", json!({"labels": ["a"]})),
        ("labels", json!({"labels": {"a": null}})),
        ("labels/a", json!({"labels": {"a": "x\ny"}})),
        ("labels/a", json!({"labels": {"a": "\u{1b}[31m"}})),
        ("labels", json!({"labels": {"a\nb": "x"}})),
        ("labels", json!({"labels": {"": "x"}})),
        ("labels", json!({"labels": {"a": "x".repeat(70_000)}})),
        ("labels/fixed_subnet_cidr", json!({"labels": {"fixed_subnet_cidr": "10.0.0.0/24; reboot"}})),
        ("labels/dns_cluster_domain", json!({"labels": {"dns_cluster_domain": "$(reboot)"}})),
        ("create_timeout", json!({"create_timeout": "soon"})),
        ("discovery_url", json!({"discovery_url": "http://x/\r\nHost: y"})),
        ("unknown_field", json!({"unknown_field": 1})),
    ];
    table.extend(METACHARACTERS.iter().map(|name| ("name", json!({"name": name}))));
    for (field, mut body) in table {
        body["cluster_template_id"] = json!("t");
        let answer = member(&app, "POST", "/v1/clusters", body.clone()).await;
        assert!((400..500).contains(&answer.status), "{body}: {} {}", answer.status, answer.body);
        assert!(answer.detail().contains(field), "{body}: {}", answer.detail());
    }
    assert_eq!(app.store.list_cluster_ids().await.unwrap().len(), 1);
}

#[tokio::test]
async fn quotes_and_metacharacters_in_labels_are_data() {
    let app = app().await;
    cluster(&app, "kubernetes").await;
    let value = "'; reboot; \"$(id)\" `id` {{ x }} %s \\ ü";
    let answer = member(&app, "POST", "/v1/clusters", json!({"name": "c2", "cluster_template_id": "t", "labels": {"note": value}})).await;
    assert_eq!(answer.status, 202, "{}", answer.body);
    let shown = member(&app, "GET", "/v1/clusters/c2", Value::Null).await.body;
    assert_eq!(shown["labels"]["note"], value);
}

#[tokio::test]
async fn templates_groups_and_patches_are_refused_by_field() {
    let app = app().await;
    cluster(&app, "kubernetes").await;
    let template = |mut body: Value| {
        body["image_id"] = json!("fcos");
        body["coe"] = json!("kubernetes");
        ("POST", "/v1/clustertemplates", body)
    };
    let patch = |path: &str, value: Value| ("PATCH", "/v1/clusters/c1", json!([{"op": "replace", "path": path, "value": value}]));
    for ((method, path, body), field) in [
        (template(json!({"name": "a\u{0}b"})), "name"),
        (template(json!({"tags": "a\nb"})), "tags"),
        (template(json!({"http_proxy": "http://x\r\n"})), "http_proxy"),
        (template(json!({"dns_nameserver": "8.8.8.8; reboot"})), "dns address"),
        (template(json!({"apiserver_port": 70000})), "apiserver_port"),
        (template(json!({"labels": {"flannel_network_cidr": "x"}})), "labels/flannel_network_cidr"),
        (patch("/node_count", json!("2")), "node_count"),
        (patch("/node_count", json!(100_001)), "node_count"),
        (patch("/node_count", json!(260)), "node_count"),
        (patch("/health_status_reason", json!("__import__('os').system('id')")), "health_status_reason"),
        (patch("/labels/../x", json!("a")), "path"),
        (patch("/name", json!("x; reboot")), "name"),
        (("POST", "/v1/clusters/c1/actions/resize", json!({"node_count": 1, "nodes_to_remove": ["a\nb"]})), "nodes_to_remove"),
        (("POST", "/v1/clusters/c1/actions/resize", json!([1])), "cluster_resize_req"),
        (("POST", "/v1/clusters/c1/nodegroups", json!({"name": "n", "node_labels": {"a": 1}})), "node_labels"),
        (("POST", "/v1/clusters/c1/nodegroups", json!({"name": "n", "node_taints": {"a": 1}})), "valid list"),
        (("POST", "/v1/clusters/c1/nodegroups", json!({"node_count": 1})), "name"),
        (("POST", "/v1/clusters/c1/nodes/node-0/actions/exec", json!({"command": "id"})), "exec"),
        (("POST", "/v1/clusters/c1/nodes/node-0/actions/exec", json!({"command": []})), "command"),
        (("POST", "/v1/clusters/c1/nodes/node-0/actions/exec", json!({"command": ["a\u{0}"]})), "command"),
        (("POST", "/v1/clusters/c1/nodes/node-0/actions/exec", json!({"command": ["id"], "timeout_seconds": 601})), "timeout_seconds"),
        (("GET", "/v1/clusters/c1/nodes/..%2f..%2fetc/console", Value::Null), "node"),
        (("GET", "/v1/clusters/c1/timeline?after=x", Value::Null), "after"),
    ] {
        let answer = member(&app, method, path, body.clone()).await;
        assert_eq!(answer.status, 400, "{path} {body}: {}", answer.body);
        assert!(answer.detail().contains(field), "{path} {body}: {}", answer.detail());
    }
}

#[tokio::test]
async fn kubernetes_label_names_that_no_kubelet_takes_are_refused() {
    let app = app().await;
    let id = cluster(&app, "kubernetes").await;
    let lease = app.store.take_lease("t", "t", std::time::Duration::from_secs(60)).await.unwrap().unwrap();
    app.store.update_cluster(&lease, id, &[magnum_store::ClusterField::ApiAddress(Some("x".to_owned()))]).await.unwrap();
    for labels in [
        json!({"a b": "x"}),
        json!({"a": "x y"}),
        json!({"a/b/c": "x"}),
        json!({"A_/b": "x"}),
        json!({"a": "$(id)"}),
        json!({"k8s.io/x": "1"}),
    ] {
        let answer = member(&app, "POST", "/v1/clusters/c1/nodegroups", json!({"name": "n", "node_labels": labels})).await;
        assert_eq!(answer.status, 409, "{labels}: {}", answer.body);
        assert!(answer.detail().starts_with("node_labels for n is invalid"), "{}", answer.detail());
    }
}

#[tokio::test]
async fn large_and_broken_bodies_are_refused() {
    let app = app().await;
    let token = [("x-auth-token", "member")];
    for size in [(1 << 20) + 1, 10 << 20] {
        let answer = send(&app, "POST", "/v1/clusters", &token, vec![b'x'; size]).await;
        assert_eq!(answer.status, 413);
        assert_eq!(answer.detail(), "The request body is longer than 1048576 bytes.");
    }
    let deep = "[".repeat(100_000);
    for body in [deep.as_str(), "{", "nul", "{\"a\": 1} x", "\u{0}", "\"text\"", "3", "[]"] {
        let answer = send(&app, "POST", "/v1/clusters", &token, body.to_owned()).await;
        assert_eq!(answer.status, 400, "{:?}: {}", body.chars().take(10).collect::<String>(), answer.body);
    }
    let answer = send(&app, "POST", "/v1/clusters", &token, vec![0xff, 0xfe, 0x00]).await;
    assert_eq!(answer.status, 400);
    let answer = send(&app, "GET", "/v1/clusters/%ff", &token, "").await;
    assert_eq!(answer.status, 400);
}

#[tokio::test]
async fn certificate_requests_are_refused_with_the_reason() {
    let app = app().await;
    let id = cluster(&app, "kubernetes").await;
    let early = member(&app, "GET", "/v1/certificates/c1", Value::Null).await;
    assert_eq!(early.status, 409, "no authority yet: {}", early.body);
    crate::node::certify(&app, id).await;
    let good = crate::node::csr("admin", &["system:masters"]);
    let mut broken = good.clone();
    broken.replace_range(100..104, "AAAA");
    for (csr, reason) in [
        ("garbage".to_owned(), "invalid csr"),
        (broken, "invalid csr"),
        (crate::node::WEAK.to_owned(), "2048"),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".to_owned(), "invalid csr"),
        (good.repeat(200), "invalid csr"),
    ] {
        let answer = member(&app, "POST", "/v1/certificates", json!({"cluster_uuid": "c1", "csr": csr})).await;
        assert_eq!(answer.status, 400, "{csr} {}", answer.body);
        assert!(answer.detail().contains(reason), "{reason}: {}", answer.detail());
    }
    for kind in ["kubernetes", "etcd", "front-proxy", "anything"] {
        let answer = member(&app, "POST", "/v1/certificates", json!({"cluster_uuid": "c1", "csr": good, "ca_cert_type": kind})).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        let authority = member(&app, "GET", &format!("/v1/certificates/c1?ca_cert_type={kind}"), Value::Null).await;
        let ca = magnum_pki::Certificate::parse(authority.body["pem"].as_str().unwrap()).unwrap();
        let signed = magnum_pki::Certificate::parse(answer.body["pem"].as_str().unwrap()).unwrap();
        assert!(signed.is_signed_by(&ca), "{kind}");
    }
}
