// SPDX-License-Identifier: Apache-2.0
//! The node API: who is let in, what each may have, and that clusters are closed to each other.

use crate::fake::{Answer, answer, app, cluster};
use magnum_api::{App, node_router, token_hash};
use magnum_pki::{Authority, KeyKind, PrivateKey, Subject, certificate_request, generate_key};
use magnum_store::{ClusterField, KeyPair, Lease, Node, NodeStatus, Renewal};
use magnum_types::{ClusterId, ClusterStatus, NodeGroupId, NodeName, ProjectId, Role, UserId};
use secrecy::SecretString;
use serde_json::{Value, json};
use std::time::Duration;

/// A request for a key of 1024 bits, made with `openssl req -newkey rsa:1024`.
pub const WEAK: &str = include_str!("weak.csr");

async fn lease(app: &App) -> Lease {
    app.store.take_lease("test", "test", Duration::from_secs(60)).await.unwrap().unwrap()
}

/// Gives the cluster its three authorities.
pub async fn certify(app: &App, cluster: ClusterId) {
    let (mut pairs, mut references) = (Vec::new(), Vec::new());
    for wrap in [ClusterField::CaCertRef, ClusterField::EtcdCaCertRef, ClusterField::FrontProxyCaCertRef] {
        let passphrase = SecretString::from("open sesame");
        let (certificate, key): (String, PrivateKey) = Authority::create("test", jiff::Timestamp::now(), 30).unwrap();
        let uuid = uuid::Uuid::new_v4();
        references.push(wrap(Some(uuid.to_string())));
        pairs.push(KeyPair {
            id: 0,
            uuid,
            certificate,
            private_key: SecretString::from(key.to_encrypted_pem(&passphrase).unwrap()),
            private_key_passphrase: Some(passphrase),
            intermediates: None,
            project_id: ProjectId("fake_project".to_owned()),
            user_id: UserId("fake_user".to_owned()),
            created_at: None,
            updated_at: None,
        });
    }
    let renewal = Renewal { insert: pairs, cluster: references, ..Renewal::default() };
    app.store.renew(&lease(app).await, cluster, renewal).await.unwrap();
}

/// A request with a fresh, strong key.
pub fn csr(common_name: &str, organizations: &[&str]) -> String {
    let key = generate_key(KeyKind::EcP256).unwrap();
    certificate_request(&key, &Subject::new(common_name, organizations), &[]).unwrap()
}

/// A master with token `m` and a worker with token `w`, prefixed with `prefix`.
pub async fn nodes(app: &App, cluster: ClusterId, prefix: &str) {
    let node = |name: &str, role, idx, address: &str, token: &str| {
        let hash = token_hash(&format!("{prefix}{token}"));
        Node::new(cluster, NodeName::parse(name).unwrap(), NodeGroupId::random(), role, idx, address.to_owned(), hash)
    };
    let all = [node("master-0", Role::Master, 0, "10.0.0.5", "m"), node("node-0", Role::Worker, 0, "10.0.0.6", "w")];
    app.store.replace_nodes(&lease(app).await, cluster, &[], &all).await.unwrap();
}

async fn call(app: &App, cluster: ClusterId, token: &str, method: &str, path: &str, body: Value) -> Answer {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    answer(node_router(app.clone(), cluster), method, path, &[("x-magnum-node-token", token)], body).await
}

fn report(seq: u64, step: &str, state: &str) -> Value {
    json!({"boot_id": "b-1", "events": [{"seq": seq, "at": "2026-01-02T03:04:05.678Z", "step": step, "state": state, "detail": "why\u{1b}[2J"}]})
}

#[tokio::test]
async fn a_token_is_good_for_one_node_of_one_cluster_while_it_lives() {
    let app = app().await;
    let (one, two) = (cluster(&app, "kubernetes").await, cluster_two(&app).await);
    nodes(&app, one, "1").await;
    nodes(&app, two, "2").await;
    for (cluster, token, status) in
        [(one, "1w", 200), (one, "1m", 200), (one, "2w", 401), (two, "1m", 401), (one, "", 401), (two, "2w", 200)]
    {
        let answer = call(&app, cluster, token, "POST", "/v1/nodes/self/report", report(1, "disk", "done")).await;
        assert_eq!(answer.status, status, "{token} {}", answer.body);
    }
    let stolen = token_hash("1w");
    assert_eq!(call(&app, one, &stolen, "POST", "/v1/nodes/self/report", report(2, "x", "done")).await.status, 401, "a hash is no token");
    assert_eq!(app.store.list_events(one, 0, 10).await.unwrap().len(), 2);
    assert_eq!(app.store.list_events(two, 0, 10).await.unwrap().len(), 1);
    app.store.update_cluster(&lease(&app).await, one, &[ClusterField::Status(ClusterStatus::DeleteInProgress)]).await.unwrap();
    assert_eq!(call(&app, one, "1w", "POST", "/v1/nodes/self/report", report(3, "x", "done")).await.status, 410);
}

async fn cluster_two(app: &App) -> ClusterId {
    let template = crate::fake::member(app, "GET", "/v1/clustertemplates/t", Value::Null).await.body["uuid"].clone();
    let made = crate::fake::member(app, "POST", "/v1/clusters", json!({"name": "c2", "cluster_template_id": template})).await;
    made.body["uuid"].as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn reports_move_the_node_and_odd_ones_do_not() {
    let app = app().await;
    let id = cluster(&app, "kubernetes").await;
    nodes(&app, id, "").await;
    let name = NodeName::parse("node-0").unwrap();
    for (body, status) in [
        (report(0, "disk", "done"), 400),
        (report(1, "", "done"), 400),
        (report(1, "a b", "done"), 400),
        (report(1, "disk", "finished"), 400),
        (json!({"boot_id": "\n", "events": []}), 400),
        (json!({"boot_id": "b", "events": vec![report(1, "a", "done")["events"][0].clone(); 501]}), 400),
        (json!({"boot_id": "b-1", "events": [], "versions": {"a": "x\n"}}), 400),
        (json!([]), 400),
        (json!("x".repeat(300 << 10)), 413),
        (report(1, "etcd", "failed"), 200),
    ] {
        let answer = call(&app, id, "w", "POST", "/v1/nodes/self/report", body.clone()).await;
        assert_eq!(answer.status, status, "{}", answer.body);
    }
    let node = app.store.get_node(id, &name).await.unwrap();
    assert_eq!((node.status, node.step.as_deref(), node.step_detail.as_deref()), (NodeStatus::Failed, Some("etcd"), Some("why [2J")));
    assert_eq!(app.store.list_events(id, 0, 10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_node_that_floods_is_slowed_down() {
    let app = app().await;
    let id = cluster(&app, "kubernetes").await;
    nodes(&app, id, "").await;
    let router = node_router(app.clone(), id);
    let mut refused = 0;
    for _ in 0..150 {
        let answer =
            answer(router.clone(), "POST", "/v1/nodes/self/report", &[("x-magnum-node-token", "w")], report(1, "a", "done").to_string())
                .await;
        refused += u32::from(answer.status == 429);
    }
    assert!(refused > 0);
    let other = answer(router, "POST", "/v1/nodes/self/report", &[("x-magnum-node-token", "m")], report(1, "a", "done").to_string()).await;
    assert_eq!(other.status, 200, "another node's allowance is its own");
}

#[tokio::test]
async fn certificates_are_for_the_nodes_own_role() {
    let app = app().await;
    let id = cluster(&app, "kubernetes").await;
    nodes(&app, id, "").await;
    certify(&app, id).await;
    for (token, ca, common_name, organizations, status) in [
        ("w", "kubernetes", "system:node:node-0", &["system:nodes"][..], 201),
        ("w", "kubernetes", "system:kube-proxy", &["system:node-proxier"], 201),
        ("w", "kubernetes", "system:node:master-0", &["system:nodes"], 403),
        ("w", "kubernetes", "admin", &["system:masters"], 403),
        ("w", "kubernetes", "kube-apiserver", &[], 403),
        ("w", "etcd", "root", &[], 403),
        ("m", "kubernetes", "kube-apiserver", &[], 201),
        ("m", "kubernetes", "magnum-agent", &["system:masters"], 201),
        ("m", "etcd", "master-0", &[], 201),
        ("m", "front-proxy", "front-proxy", &[], 201),
        ("m", "kubernetes", "anybody", &["system:masters"], 403),
        ("m", "other", "root", &[], 400),
    ] {
        let answer =
            call(&app, id, token, "POST", "/v1/nodes/self/certificates", json!({"ca": ca, "csr": csr(common_name, organizations)})).await;
        assert_eq!(answer.status, status, "{token} {ca} {common_name}: {}", answer.body);
        match status {
            201 => {
                let read = |key: &str| magnum_pki::Certificate::parse(answer.body[key].as_str().unwrap()).unwrap();
                assert!(read("pem").is_signed_by(&read("ca_pem")), "{common_name}");
                assert!(!read("pem").is_ca);
            }
            403 => assert!(answer.detail().contains("subject"), "{}", answer.detail()),
            _ => {}
        }
    }
    for bad in [
        json!({"ca": "etcd", "csr": "garbage"}),
        json!({"ca": "etcd", "csr": WEAK}),
        json!({"ca": "etcd"}),
        json!({"ca": "etcd", "csr": 1}),
    ] {
        assert_eq!(call(&app, id, "m", "POST", "/v1/nodes/self/certificates", bad).await.status, 400);
    }
}

#[tokio::test]
async fn a_swarm_master_gets_a_server_certificate_and_nothing_else() {
    let app = app().await;
    let id = cluster(&app, "swarm").await;
    nodes(&app, id, "").await;
    certify(&app, id).await;
    for (token, common_name, organizations, status) in [
        ("m", "master-0", &[][..], 201),
        ("m", "node-0", &[], 403),
        ("m", "magnum-agent", &["system:masters"], 403),
        ("w", "node-0", &[], 403),
    ] {
        let answer = call(
            &app,
            id,
            token,
            "POST",
            "/v1/nodes/self/certificates",
            json!({"ca": "kubernetes", "csr": csr(common_name, organizations)}),
        )
        .await;
        assert_eq!(answer.status, status, "{token} {common_name}: {}", answer.body);
    }
}

#[tokio::test]
async fn masters_leave_values_and_nodes_wait_for_them() {
    let app = app().await;
    let id = cluster(&app, "swarm").await;
    nodes(&app, id, "").await;
    let path = "/v1/nodes/self/rendezvous/swarm-worker-token";
    assert_eq!(call(&app, id, "w", "GET", path, Value::Null).await.status, 404);
    assert_eq!(call(&app, id, "w", "PUT", path, json!({"value": "t"})).await.status, 403);
    for bad in [json!({"value": ""}), json!({"value": "a\nb"}), json!({"value": 1}), json!({"value": "x".repeat(5000)}), json!({})] {
        assert_eq!(call(&app, id, "m", "PUT", path, bad).await.status, 400);
    }
    let waiting_path = format!("{path}?wait=20");
    let waiting = call(&app, id, "w", "GET", &waiting_path, Value::Null);
    let leaving = async {
        tokio::task::yield_now().await;
        call(&app, id, "m", "PUT", path, json!({"value": "SWMTKN-1-x"})).await.status
    };
    let (got, left) = tokio::join!(waiting, leaving);
    assert_eq!((left, got.status, &got.body["value"]), (204, 200, &json!("SWMTKN-1-x")));
    let manager = "/v1/nodes/self/rendezvous/swarm-manager-token";
    assert_eq!(call(&app, id, "m", "PUT", manager, json!({"value": "M"})).await.status, 204);
    assert_eq!(call(&app, id, "m", "GET", manager, Value::Null).await.body["value"], "M");
    assert_eq!(call(&app, id, "w", "GET", manager, Value::Null).await.status, 403);
    assert_eq!(call(&app, id, "m", "PUT", "/v1/nodes/self/rendezvous/other", json!({"value": "M"})).await.status, 404);
}

#[tokio::test]
async fn the_agent_needs_no_token() {
    let mut app = app().await;
    let id = cluster(&app, "swarm").await;
    assert_eq!(answer(node_router(app.clone(), id), "GET", "/v1/agent", &[], "").await.status, 404);
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "binary").unwrap();
    app.agent = Some(file.path().to_owned());
    let got = answer(node_router(app, id), "GET", "/v1/agent", &[], "").await;
    assert_eq!((got.status, &got.body, got.headers["content-type"].to_str().unwrap()), (200, &json!("binary"), "application/octet-stream"));
}
