// SPDX-License-Identifier: Apache-2.0
//! Lists and single things, in every output format.

use crate::fixture::{C1, Fixture, recorded};
use insta::assert_snapshot;
use serde_json::json;

#[tokio::test]
async fn clusters_in_every_format() {
    let server = Fixture::start().await;
    server.wire(&[169]);
    for format in ["table", "json", "yaml", "value"] {
        let ended = server.magnum(&["cluster", "list", "-o", format]).await;
        assert_snapshot!(format!("cluster_list_{format}"), ended.seen());
    }
    let asked = server.asked();
    assert_eq!(asked[0].token.as_deref(), Some("t0k"));
    assert_eq!(asked[0].version.as_deref(), Some("container-infra latest"));
}

#[tokio::test]
async fn one_cluster_in_every_format() {
    let server = Fixture::start().await;
    server.c1();
    for format in ["table", "json", "yaml", "value"] {
        let ended = server.magnum(&["cluster", "show", "c1", "-o", format]).await;
        assert_snapshot!(format!("cluster_show_{format}"), ended.seen());
    }
}

#[tokio::test]
async fn columns_are_chosen_by_name() {
    let server = Fixture::start().await;
    server.c1().wire(&[169]);
    assert_eq!(server.magnum(&["cluster", "show", "c1", "-o", "value", "-c", "status"]).await.out, "CREATE_FAILED\n");
    assert_eq!(server.magnum(&["cluster", "list", "-o", "value", "-c", "name", "-c", "cluster_template_id"]).await.out.lines().count(), 3);
    assert_eq!(server.magnum(&["-o", "json", "-c", "user_id", "cluster", "show", "c1"]).await.json(), json!({"user_id": "fake_user"}));
    assert_snapshot!("unknown_column", server.magnum(&["cluster", "show", "c1", "-c", "colour"]).await.seen());
}

#[tokio::test]
async fn the_other_lists() {
    let server = Fixture::start().await;
    server.c1().wire(&[238, 241, 290, 335, 342, 321, 323]);
    server.on("GET /v1/clustertemplates", 200, json!({"clustertemplates": [recorded(81).2]}));
    server.on("GET /v1/clusters/c1/nodegroups", 200, recorded(238).2);
    server.on("GET /v1/clusters/c1/nodegroups/default-worker", 200, recorded(241).2);
    for (name, args) in [
        ("template_list", &["cluster-template", "list", "--fields", "coe,image_id"][..]),
        ("template_show", &["cluster-template", "show", "ct1"]),
        ("nodegroup_list", &["nodegroup", "list", "c1"]),
        ("nodegroup_show", &["nodegroup", "show", "c1", "default-worker"]),
        ("ca_show", &["ca", "show", "c1"]),
        ("service_list", &["service", "list"]),
        ("stats_list", &["stats", "list"]),
        ("quotas_list", &["quotas", "list", "--all-tenants", "--limit", "1"]),
        ("quotas_show", &["quotas", "show", "--project-id", "fake_project", "--resource", "Cluster"]),
        ("bay_list", &["bay-list"]),
        ("baymodel_list", &["baymodel-list"]),
        ("bay_show", &["bay-show", "c1", "-c", "status", "-c", "name"]),
    ] {
        if name == "bay_list" {
            server.wire(&[169]);
        }
        assert_snapshot!(name, server.magnum(args).await.seen());
    }
}

#[tokio::test]
async fn an_empty_list_is_no_error() {
    let server = Fixture::start().await;
    server.wire(&[17]);
    assert_eq!(server.magnum(&["cluster", "list", "-o", "json"]).await.json(), json!([]));
    assert_eq!(server.magnum(&["cluster", "list", "-o", "value"]).await.out, "");
    assert_snapshot!("empty_list", server.magnum(&["cluster", "list"]).await.seen());
}

#[tokio::test]
async fn every_page_is_read_unless_there_is_a_limit() {
    let server = Fixture::start().await;
    let page = |name: &str, next: Option<&str>| {
        let mut body = json!({"clusters": [{"uuid": name, "name": name}]});
        if let Some(next) = next {
            body["next"] = json!(format!("http://elsewhere/v1/clusters?sort_key=id&sort_dir=asc&limit=1&marker={next}"));
        }
        body
    };
    server.on("GET /v1/clusters", 200, page("a", Some("a")));
    server.on("GET /v1/clusters?marker=a", 200, page("b", Some("b")));
    server.on("GET /v1/clusters?marker=b", 200, page("c", None));
    assert_eq!(server.magnum(&["cluster", "list", "-o", "value", "-c", "name"]).await.out, "a\nb\nc\n");
    assert!(server.asked().iter().all(|asked| !asked.line.contains("elsewhere")));
    server.on("GET /v1/clusters?sort_key=name&sort_dir=desc&limit=1", 200, page("z", Some("z")));
    assert_eq!(
        server
            .magnum(&["cluster", "list", "--limit", "1", "--sort-key", "name", "--sort-dir", "desc", "-o", "value", "-c", "name"])
            .await
            .out,
        "z\n"
    );
}

#[tokio::test]
async fn a_hostile_answer_cannot_drive_the_terminal() {
    let server = Fixture::start().await;
    let mut cluster = recorded(170).2;
    cluster["status_reason"] = json!("\u{1b}]0;owned\u{7}\u{1b}[2J boom\u{202e}");
    server.on(&format!("GET /v1/clusters/{C1}"), 200, cluster);
    let ended = server.magnum(&["cluster", "show", C1]).await;
    assert!(!ended.out.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{:?}", ended.out);
}
