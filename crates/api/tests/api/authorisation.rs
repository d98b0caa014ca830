// SPDX-License-Identifier: Apache-2.0
//! Who is answered what: every operation, asked by everybody there is.
//!
//! The requests are made from the list of operations, so a new operation is in the matrix without anybody thinking of it.

use crate::fake::{app, rules, send};
use magnum_api::App;
use magnum_policy::Settings;
use serde_json::{Value, json};
use std::fmt::Write as _;

/// No token, bad ones, and the persons of Magnum's role summary (`magnum.md` section 3).
const ASKERS: [(&str, Option<&str>); 11] = [
    ("nobody", None),
    ("expired", Some("expired")),
    ("keystone away", Some("keystone-away")),
    ("other project", Some("other")),
    ("no role", Some("nothing")),
    ("reader", Some("reader")),
    ("colleague", Some("colleague")),
    ("member", Some("member")),
    ("admin", Some("admin")),
    ("system reader", Some("system-reader")),
    ("system admin", Some("system-admin")),
];

/// What an operation is asked with, so that a right asker gets further than the checks of the input.
pub fn body(name: &str, template: &str) -> Value {
    match name {
        "clustertemplates::create" => json!({"image_id": "fcos", "coe": "kubernetes", "flavor_id": "m1.small"}),
        "clusters::create" => json!({"cluster_template_id": template}),
        "clusters::resize" => json!({"node_count": 1}),
        "clusters::upgrade" => json!({"cluster_template": template}),
        "nodegroups::create" => json!({"name": "more"}),
        "certificates::create" => json!({"cluster_uuid": "c1", "csr": include_str!("weak.csr")}),
        "quotas::create" => json!({"project_id": "p2"}),
        "quotas::update" => json!({"hard_limit": 3}),
        "nodes::exec" => json!({"command": ["true"]}),
        "paths::create" => json!({"matrix": true}),
        "diagnoses::create" => json!({}),
        "federations::create" => json!({"hostcluster_id": "c1", "properties": {"dns-zone": "example.com."}}),
        "baymodels::create" => json!({"image_id": "fcos", "coe": "kubernetes", "keypair_id": "kp", "flavor_id": "m1.small"}),
        "bays::create" => json!({"baymodel_id": template}),
        _ => json!([]),
    }
}

/// The path with its parameters filled in.
pub fn path(pattern: &str, cluster: &str, template: &str) -> String {
    let part = |part: &str| match part {
        "{cluster_ident}" | "{cluster_id}" | "{bay_ident}" => cluster.to_owned(),
        "{cluster_template_ident}" | "{baymodel_ident}" => template.to_owned(),
        "{nodegroup_id}" => "default-worker".to_owned(),
        "{node}" => "node-0".to_owned(),
        "{project_id}" => "fake_project".to_owned(),
        "{resource}" => "Cluster".to_owned(),
        "{federation_ident}" => "fed".to_owned(),
        part if part.starts_with('{') => "nope".to_owned(),
        part => part.to_owned(),
    };
    pattern.split('/').map(part).collect::<Vec<_>>().join("/")
}

/// An installation with one template and one cluster of the member's.
async fn furnished(settings: &Settings) -> (App, String, String) {
    let app = App { rules: rules(settings.clone()), ..app().await };
    let cluster = crate::fake::cluster(&app, "kubernetes").await.to_string();
    let shown = crate::fake::member(&app, "GET", &format!("/v1/clusters/{cluster}"), Value::Null).await;
    (app, cluster, shown.body["cluster_template_id"].as_str().unwrap().to_owned())
}

async fn matrix(settings: Settings) -> String {
    let mut text = String::new();
    writeln!(text, "{:28}{}", "", ASKERS.map(|(name, _)| format!("{name:15}")).concat().trim_end()).unwrap();
    for (name, operation) in magnum_api::operations_list() {
        let version = format!("container-infra {}", operation.until);
        let mut line = format!("{name:28}");
        for (_, token) in ASKERS {
            // A new installation for each: a delete must not answer for the next asker.
            let (app, cluster, template) = furnished(&settings).await;
            let mut headers = vec![("openstack-api-version", version.as_str())];
            headers.extend(token.map(|token| ("x-auth-token", token)));
            let body = body(name, &template).to_string();
            let answer = send(&app, operation.method.as_str(), &path(operation.path, &cluster, &template), &headers, body).await;
            assert!(answer.status != 500, "{name} {token:?}: {}", answer.body);
            write!(line, "{:<15}", answer.status).unwrap();
        }
        writeln!(text, "{}", line.trim_end()).unwrap();
    }
    text
}

#[tokio::test]
async fn everybody_is_answered_as_the_rules_of_today_say() {
    insta::assert_snapshot!("authorisation_new", matrix(Settings::default()).await);
}

#[tokio::test]
async fn everybody_is_answered_as_the_rules_of_zed_say() {
    let zed = Settings { enforce_scope: false, enforce_new_defaults: false, ..Settings::default() };
    insta::assert_snapshot!("authorisation_old", matrix(zed).await);
}

/// Whoever is refused learns nothing: the answers for a cluster of another project and for none are the same.
#[tokio::test]
async fn what_is_hidden_and_what_does_not_exist_look_alike() {
    let (app, cluster, template) = furnished(&Settings::default()).await;
    let nobody = uuid::Uuid::new_v4().to_string();
    for (name, operation) in magnum_api::operations_list().filter(|(_, operation)| operation.path.contains("{cluster_i")) {
        let mut answers = Vec::new();
        for cluster in [&cluster, &nobody] {
            let headers = [("openstack-api-version", "container-infra latest"), ("x-auth-token", "other")];
            let answer = send(
                &app,
                operation.method.as_str(),
                &path(operation.path, cluster, &template),
                &headers,
                body(name, &template).to_string(),
            )
            .await;
            answers.push((answer.status, answer.detail().replace(cluster.as_str(), "CLUSTER")));
        }
        assert_eq!(answers[0], answers[1], "{name}");
        assert_eq!(answers[0].0, 404, "{name}");
    }
}
