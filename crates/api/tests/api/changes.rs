// SPDX-License-Identifier: Apache-2.0
//! Another template, other authorities, other credentials: who is refused with which words, and what is left for the
//! conductor.

use crate::fake::{Answer, app, cluster, member};
use crate::node;
use magnum_api::{App, node_router, token_hash};
use magnum_store::{
    AUTHORITIES, ClusterField, NodeGroupField, ROTATION, References, Renewal, Rotation, RotationPhase, Template, Trusted, next_token_name,
};
use magnum_types::{ClusterId, ClusterStatus, NodeName, TemplateId};
use secrecy::SecretString;
use serde_json::{Value, json};
use std::time::Duration;

async fn lease(app: &App) -> magnum_store::Lease {
    app.store.take_lease("test", "test", Duration::from_secs(60)).await.unwrap().unwrap()
}

async fn set(app: &App, id: ClusterId, status: ClusterStatus) {
    let lease = lease(app).await;
    let fields = [ClusterField::Status(status), ClusterField::ApiAddress(Some("https://198.18.0.1:6443".to_owned()))];
    app.store.update_cluster(&lease, id, &fields).await.unwrap();
    for group in app.store.list_all_nodegroups(id).await.unwrap() {
        app.store.update_nodegroup(&lease, id, group.uuid, &[NodeGroupField::Status(status)]).await.unwrap();
    }
}

/// A template as the cluster's own, but for what `change` does to it.
async fn template(app: &App, id: ClusterId, name: &str, change: impl FnOnce(&mut Template)) {
    let mut other = app.store.get_whole(id).await.unwrap().template;
    (other.uuid, other.name) = (TemplateId::random(), name.to_owned());
    change(&mut other);
    app.store.insert_template(other).await.unwrap();
}

async fn upgrade(app: &App, body: Value) -> Answer {
    member(app, "POST", "/v1/clusters/c1/actions/upgrade", body).await
}

fn label(template: &mut Template, name: &str, value: &str) {
    template.labels.0.insert(name.to_owned(), value.to_owned());
}

#[tokio::test]
async fn an_upgrade_is_refused_in_magnums_order_and_words() {
    let app = app().await;
    let id = cluster(&app, "kubernetes").await;
    template(&app, id, "same", |_| {}).await;
    template(&app, id, "swarm", |t| t.coe = magnum_types::Coe::Swarm).await;
    template(&app, id, "calico", |t| t.network_driver = Some("calico".to_owned())).await;
    template(&app, id, "distro", |t| t.cluster_distro = Some("ubuntu".to_owned())).await;
    template(&app, id, "ranges", |t| label(t, "flannel_network_cidr", "10.200.0.0/16")).await;
    template(&app, id, "domain", |t| label(t, "dns_cluster_domain", "other.example")).await;
    template(&app, id, "port", |t| t.apiserver_port = Some(8443)).await;
    set(&app, id, ClusterStatus::CreateComplete).await;
    let more = member(&app, "POST", "/v1/clusters/c1/nodegroups", json!({"name": "more"})).await;
    assert_eq!(more.status, 202, "{}", more.body);
    let invalid = "Cluster Template is not valid for upgrade: ";
    for (status, body, code, text) in [
        (ClusterStatus::CreateComplete, json!({}), 400, "Invalid input for field/attribute cluster_template. Value: 'None'. Mandatory"),
        (ClusterStatus::CreateComplete, json!({"cluster_template": "same", "max_batch_size": 0}), 400, "greater or equal to 1"),
        (ClusterStatus::CreateComplete, json!({"cluster_template": "same", "x": 1}), 400, "Unknown attribute"),
        (ClusterStatus::CreateFailed, json!({"cluster_template": "nope"}), 404, "ClusterTemplate nope could not be found."),
        (ClusterStatus::CreateFailed, json!({"cluster_template": "same", "nodegroup": "no"}), 404, "Nodegroup no could not be found."),
        (
            ClusterStatus::CreateFailed,
            json!({"cluster_template": "same", "nodegroup": "more"}),
            409,
            "Nodegroup more can be upgraded only to match cluster's template (",
        ),
        (
            ClusterStatus::CreateFailed,
            json!({"cluster_template": "same"}),
            400,
            "Upgrading a cluster when status is \"CREATE_FAILED\" is not supported.",
        ),
        (
            ClusterStatus::UpdateInProgress,
            json!({"cluster_template": "same"}),
            400,
            "Upgrading a cluster when status is \"UPDATE_IN_PROGRESS\" is not supported.",
        ),
        (ClusterStatus::CreateComplete, json!({"cluster_template": "swarm"}), 409, "its coe is swarm, that of the cluster is kubernetes"),
        (ClusterStatus::CreateComplete, json!({"cluster_template": "calico"}), 409, "its network_driver is calico"),
        (ClusterStatus::CreateComplete, json!({"cluster_template": "distro"}), 409, "its cluster_distro is ubuntu"),
        (ClusterStatus::CreateComplete, json!({"cluster_template": "ranges"}), 409, "address ranges"),
        (ClusterStatus::CreateComplete, json!({"cluster_template": "domain"}), 409, "dns_cluster_domain"),
        (ClusterStatus::CreateComplete, json!({"cluster_template": "port"}), 409, "its apiserver_port is 8443"),
    ] {
        set(&app, id, status).await;
        let answer = upgrade(&app, body.clone()).await;
        assert_eq!(answer.status, code, "{body}: {}", answer.body);
        assert!(answer.detail().contains(text), "{body}: {}", answer.detail());
        assert_eq!(code == 409, answer.detail().starts_with(invalid), "{body}: {}", answer.detail());
        assert_eq!(app.store.get_whole(id).await.unwrap().cluster.status, Some(status), "{body}");
    }
}

#[tokio::test]
async fn an_upgrade_leaves_the_new_template_and_its_labels() {
    let app = app().await;
    let id = cluster(&app, "kubernetes").await;
    template(&app, id, "new", |t| {
        label(t, "kubelet_options", "--max-pods=57");
        t.image_id = Some("coreos".to_owned());
    })
    .await;
    set(&app, id, ClusterStatus::UpdateComplete).await;
    let answer = upgrade(&app, json!({"cluster_template": "new", "max_batch_size": 3})).await;
    assert_eq!((answer.status, &answer.body), (202, &json!({"uuid": id})));
    let whole = app.store.get_whole(id).await.unwrap();
    assert_eq!((whole.template.name.as_str(), whole.cluster.status), ("new", Some(ClusterStatus::UpdateInProgress)));
    assert_eq!(whole.cluster.labels.get("kubelet_options"), Some("--max-pods=57"));
    for group in &whole.groups {
        let found = (group.status, group.image_id.as_deref(), group.labels.get("kubelet_options"));
        assert_eq!(found, (Some(ClusterStatus::UpdateInProgress), Some("coreos"), Some("--max-pods=57")), "{}", group.name);
    }
    let operations = app.store.list_open_operations(id).await.unwrap();
    let last = operations.last().unwrap();
    assert_eq!((last.kind.as_str(), &last.input["max_batch_size"]), ("upgrade", &json!(3)));
    // Another group is brought to the cluster's template, and nothing else is touched.
    set(&app, id, ClusterStatus::UpdateComplete).await;
    assert_eq!(member(&app, "POST", "/v1/clusters/c1/nodegroups", json!({"name": "more"})).await.status, 202);
    set(&app, id, ClusterStatus::UpdateComplete).await;
    let answer = upgrade(&app, json!({"cluster_template": "new", "nodegroup": "more"})).await;
    assert_eq!(answer.status, 202, "{}", answer.body);
    let whole = app.store.get_whole(id).await.unwrap();
    let changing: Vec<&str> =
        whole.groups.iter().filter(|g| g.status == Some(ClusterStatus::UpdateInProgress)).map(|g| g.name.as_str()).collect();
    assert_eq!(changing, ["more"]);
}

#[tokio::test]
async fn authorities_and_credentials_are_rotated_only_in_their_statuses() {
    let app = app().await;
    let id = cluster(&app, "kubernetes").await;
    use ClusterStatus as S;
    for (status, ca, credential) in [
        (S::CreateComplete, 202, 202),
        (S::UpdateComplete, 202, 202),
        (S::RollbackComplete, 202, 202),
        (S::CreateInProgress, 400, 400),
        (S::CreateFailed, 400, 400),
        (S::UpdateInProgress, 400, 202),
        (S::UpdateFailed, 400, 202),
        (S::DeleteInProgress, 400, 400),
    ] {
        for (path, code, kind, words) in [
            ("certificates", ca, "rotate-ca", format!("Updating a cluster when status is \"{status}\" is not supported.")),
            (
                "credentials",
                credential,
                "rotate-credential",
                format!("magnum.conductor.handlers.credential_conductor when cluster status is \"{status}\" is not supported."),
            ),
        ] {
            set(&app, id, status).await;
            let answer = member(&app, "PATCH", &format!("/v1/{path}/c1"), Value::Null).await;
            assert_eq!(answer.status, code, "{path} {status}: {}", answer.body);
            let now = app.store.get_whole(id).await.unwrap().cluster.status;
            if code == 202 {
                assert_eq!((&answer.body, now), (&json!({"uuid": id}), Some(S::UpdateInProgress)));
                assert_eq!(app.store.list_open_operations(id).await.unwrap().last().unwrap().kind, kind);
            } else {
                assert_eq!((answer.detail(), now), (words.as_str(), Some(status)));
            }
        }
    }
}

#[tokio::test]
async fn a_rotation_that_failed_half_way_may_be_asked_for_again() {
    let app = app().await;
    let id = cluster(&app, "kubernetes").await;
    let references = References::of(&app.store.get_whole(id).await.unwrap().cluster);
    let rotation = Rotation { phase: RotationPhase::Issue, old: references.clone(), new: references, swarm_root: None };
    let private = vec![(ROTATION.to_owned(), Some(SecretString::from(serde_json::to_string(&rotation).unwrap())))];
    app.store.renew(&lease(&app).await, id, Renewal { private, ..Renewal::default() }).await.unwrap();
    for (status, code) in [(ClusterStatus::UpdateFailed, 202), (ClusterStatus::UpdateInProgress, 400), (ClusterStatus::DeleteFailed, 400)] {
        set(&app, id, status).await;
        let answer = member(&app, "PATCH", "/v1/certificates/c1", Value::Null).await;
        assert_eq!(answer.status, code, "{status}: {}", answer.body);
    }
    assert_eq!(app.store.get_rotation(id).await.unwrap(), Some(rotation), "nothing is begun anew");
}

#[tokio::test]
async fn a_cluster_without_tls_keeps_its_authorities() {
    let app = app().await;
    let id = cluster(&app, "kubernetes").await;
    set(&app, id, ClusterStatus::CreateComplete).await;
    template(&app, id, "plain", |t| t.tls_disabled = Some(true)).await;
    let plain = app.store.find_template(&magnum_store::Scope::All, "plain").await.unwrap();
    app.store.update_cluster(&lease(&app).await, id, &[ClusterField::TemplateId(plain.uuid)]).await.unwrap();
    let answer = member(&app, "PATCH", "/v1/certificates/c1", Value::Null).await;
    assert_eq!((answer.status, answer.detail()), (400, "Rotating the CA certificate on a non-TLS cluster is not supported"));
}

#[tokio::test]
async fn while_authorities_are_replaced_clients_are_told_of_both() {
    let app = app().await;
    let id = cluster(&app, "kubernetes").await;
    node::certify(&app, id).await;
    let shown = async |kind: &str| {
        let answer = member(&app, "GET", &format!("/v1/certificates/c1?ca_cert_type={kind}"), Value::Null).await;
        answer.body["pem"].as_str().unwrap().to_owned()
    };
    assert!(shown("kubernetes").await.starts_with("-----BEGIN CERTIFICATE-----"));
    let trusted = Trusted { kubernetes: "NEW\nOLD\n".to_owned(), etcd: "E".to_owned(), front_proxy: "F".to_owned() };
    let private = vec![(AUTHORITIES.to_owned(), Some(SecretString::from(serde_json::to_string(&trusted).unwrap())))];
    app.store.renew(&lease(&app).await, id, Renewal { private, ..Renewal::default() }).await.unwrap();
    assert_eq!((shown("kubernetes").await, shown("etcd").await, shown("front-proxy").await), ("NEW\nOLD".into(), "E".into(), "F".into()));
}

#[tokio::test]
async fn a_new_token_is_good_as_soon_as_there_is_one_and_the_old_one_until_it_is_replaced() {
    let app = app().await;
    let id = cluster(&app, "kubernetes").await;
    node::nodes(&app, id, "").await;
    let lets_in = async |token: &str| {
        let path = "/v1/nodes/self/rendezvous/swarm-worker-token";
        crate::fake::answer(node_router(app.clone(), id), "GET", path, &[("x-magnum-node-token", token)], "").await.status == 404
    };
    let worker = app.store.get_node(id, &NodeName::parse("node-0").unwrap()).await.unwrap();
    let private = vec![(next_token_name(worker.id), Some(SecretString::from("new")))];
    app.store.renew(&lease(&app).await, id, Renewal { private, ..Renewal::default() }).await.unwrap();
    assert_eq!((lets_in("w").await, lets_in("new").await, lets_in("m").await, lets_in("").await), (true, true, true, false));
    let renewal = Renewal {
        private: vec![(next_token_name(worker.id), None)],
        tokens: vec![(worker.name.clone(), token_hash("new"))],
        ..Renewal::default()
    };
    app.store.renew(&lease(&app).await, id, renewal).await.unwrap();
    assert_eq!((lets_in("w").await, lets_in("new").await), (false, true));
}
