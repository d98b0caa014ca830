// SPDX-License-Identifier: Apache-2.0
//! How commands fail: the server's words, a hint, the exit code.

use crate::fixture::{C1, Fixture, recorded, run};
use insta::assert_snapshot;
use serde_json::json;

#[tokio::test]
async fn an_unknown_name_is_answered_with_near_ones() {
    let server = Fixture::start().await;
    server.wire(&[169, 173, 84, 245]);
    server.on("GET /v1/clusters/c2", 404, json!({"errors": [{"request_id": "", "code": "client", "status": 404, "title": "Cluster c2 could not be found", "detail": "Cluster c2 could not be found.", "links": []}]}));
    server.on("GET /v1/clustertemplates", 200, json!({"clustertemplates": [recorded(81).2]}));
    server.on("GET /v1/clusters/c1/nodegroups/nope", 404, recorded(245).2).on("GET /v1/clusters/c1/nodegroups", 200, recorded(238).2);
    for (name, args) in [
        ("near_cluster", &["cluster", "show", "c2"][..]),
        ("no_near_cluster", &["cluster", "delete", "nope"]),
        ("near_template", &["cluster-template", "show", "nope"]),
        ("unknown_template_on_create", &["cluster", "create", "x", "--cluster-template", "nope"]),
        ("near_nodegroup", &["nodegroup", "show", "c1", "nope"]),
    ] {
        assert_snapshot!(name, server.magnum(args).await.seen());
    }
}

#[tokio::test]
async fn the_servers_words_are_passed_on() {
    let server = Fixture::start().await;
    server.wire(&[213, 341]);
    server.on("POST /v1/clusters/c1/actions/resize", 400, recorded(213).2);
    server.on("GET /v1/stats", 500, json!(null)).on(
        "GET /v1/quotas",
        401,
        json!({"error": {"code": 401, "title": "Unauthorized", "message": "The request you have made requires authentication."}}),
    );
    for (name, args) in [
        ("refused", &["cluster", "resize", "c1", "0"][..]),
        ("forbidden", &["service", "list"]),
        ("empty_500", &["stats", "list"]),
        ("unauthorized", &["quotas", "list"]),
    ] {
        assert_snapshot!(name, server.magnum(args).await.seen());
    }
}

#[tokio::test]
async fn several_deletes_are_all_tried() {
    let server = Fixture::start().await;
    server.c1().wire(&[169, 173]).on(&format!("DELETE /v1/clusters/{C1}"), 204, json!(null));
    let ended = server.magnum(&["cluster", "delete", "nope", "c1"]).await;
    assert_eq!((ended.code, ended.out.as_str()), (1, "Request to delete cluster c1 has been accepted.\n"));
    assert!(ended.err.contains("Cluster nope could not be found"), "{}", ended.err);
}

#[tokio::test]
async fn no_server_is_said_with_the_remedy() {
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().to_string_lossy().into_owned();
    let free = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap();
    let ask = async |url: Option<&str>| {
        let mut args = vec!["magnum", "--state-dir", &state, "cluster", "list"];
        args.extend(url.into_iter().flat_map(|url| ["--url", url]));
        let ended = run(&args, "", dir.path(), "").await;
        ended.seen().replace(&free.to_string(), "ADDRESS").replace(&state, "/state")
    };
    assert_snapshot!("no_server_at_url", ask(Some(&format!("http://{free}"))).await);
    std::fs::write(dir.path().join("endpoint"), format!("http://{free}\n")).unwrap();
    assert_snapshot!("server_has_ended", ask(None).await);
}

#[tokio::test]
async fn something_else_on_the_port_is_recognised() {
    let server = Fixture::start().await;
    server.on("GET /v1/clusters", 200, json!("not what was asked"));
    let ended = server.magnum(&["cluster", "list"]).await;
    assert_eq!(ended.code, 70, "{}", ended.err);
}

#[tokio::test]
async fn bad_arguments_end_with_64_before_anything_is_asked() {
    let server = Fixture::start().await;
    for args in [
        &["cluster", "create"][..],
        &["cluster", "create", "x"],
        &["cluster", "create", "x", "--cluster-template", "t", "--node-count", "-1"],
        &["cluster", "create", "x", "--cluster-template", "t", "--node-count", "many"],
        &["cluster", "resize", "x"],
        &["cluster", "list", "-o", "xml"],
        &["cluster", "list", "--limit", "0"],
        &["cluster", "show", ".."],
        &["cluster", "update", "c1"],
        &["cluster", "update", "c1", "frobnicate", "a=b"],
        &["cluster", "update", "c1", "replace", "node_count"],
        &["cluster-template", "create", "x"],
        &["cluster-template", "update", "x"],
        &["nodegroup", "create", "c1", "g", "--node-taints", "x"],
        &["nodegroup", "update", "c1", "g"],
        &["node", "exec", "c1", "master-0"],
        &["bay-create", "--name", "b"],
        &["bay-create", "a", "--name", "b", "--baymodel", "x"],
        &["ca-show"],
        &["nonsense"],
    ] {
        let ended = server.magnum(args).await;
        assert_eq!((ended.code, ended.out.as_str()), (64, ""), "{args:?}: {}", ended.err);
    }
    assert_eq!(server.asked(), []);
    let ended = server.magnum(&["cluster", "creat"]).await;
    assert!(ended.err.contains("create"), "a near word is offered: {}", ended.err);
}
