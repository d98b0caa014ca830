// SPDX-License-Identifier: Apache-2.0
//! `--watch`, without a terminal: lines as things happen, and an honest end.

use crate::fixture::{C1, Fixture, recorded};
use insta::assert_snapshot;
use serde_json::{Value, json};

pub fn page(events: Value, status: &str, reason: &str) -> Value {
    json!({"events": events, "status": status, "status_reason": reason})
}

pub fn event(id: u64, node: Value, step: &str, state: &str, detail: &str) -> Value {
    json!({"id": id, "at": "2026-07-01T10:00:00.000Z", "node": node, "step": step, "state": state, "duration_ms": if state == "done" { json!(1200) } else { Value::Null }, "detail": detail})
}

pub fn timeline() -> String {
    format!("GET /v1/clusters/{C1}/timeline")
}

/// Times vary; everything else is compared.
pub fn still(text: &str) -> String {
    let words = text.split_inclusive([' ', '\n']).map(|word| {
        let bare = word.trim_end();
        let is_time = bare
            .trim_end_matches(':')
            .strip_suffix('s')
            .is_some_and(|number| !number.is_empty() && number.chars().all(|c| c.is_ascii_digit() || c == '.'));
        if is_time { word.replacen(bare.trim_end_matches(':'), "TIME", 1) } else { word.to_owned() }
    });
    words.collect()
}

#[tokio::test]
async fn a_create_that_succeeds_ends_with_the_next_commands() {
    let server = Fixture::start().await;
    server.c1().on("POST /v1/clusters", 202, json!({"uuid": C1}));
    server.on(&timeline(), 200, page(json!([]), "CREATE_IN_PROGRESS", ""));
    server.on(
        &timeline(),
        200,
        page(
            json!([event(1, Value::Null, "network", "done", ""), event(2, json!("master-0"), "etcd", "waiting", "its peers")]),
            "CREATE_IN_PROGRESS",
            "",
        ),
    );
    server.on(&timeline(), 200, page(json!([event(3, json!("master-0"), "ready", "done", "")]), "CREATE_COMPLETE", ""));
    let ended = server.magnum(&["cluster", "create", "c1", "--cluster-template", "ct1", "--watch"]).await;
    assert_snapshot!("watch_create", still(&ended.seen()));
    let lines: Vec<String> = server.asked().into_iter().map(|asked| asked.line).filter(|line| line.contains("timeline")).collect();
    assert_eq!(
        lines,
        [format!("{}?after=0", timeline()), format!("{}?after=0&wait=20", timeline()), format!("{}?after=2&wait=20", timeline())]
    );
}

#[tokio::test]
async fn a_create_that_fails_says_why_and_what_next() {
    let server = Fixture::start().await;
    server.c1().on("POST /v1/clusters", 202, json!({"uuid": C1}));
    let failed = json!([event(1, json!("master-0"), "etcd", "failed", "no space left on device")]);
    server.on(&timeline(), 200, page(failed, "CREATE_FAILED", "node master-0, step etcd: no space left on device"));
    let ended = server.magnum(&["cluster", "create", "c1", "--cluster-template", "ct1", "--watch"]).await;
    assert_snapshot!("watch_create_failed", still(&ended.seen()));
    let ended = server.magnum(&["cluster", "create", "c1", "--cluster-template", "ct1", "--watch", "-o", "json"]).await;
    assert_eq!((ended.code, ended.json()["uuid"].clone()), (1, json!(C1)), "one document, also then");
}

#[tokio::test]
async fn a_delete_ends_when_the_cluster_is_gone() {
    let server = Fixture::start().await;
    let gone = recorded(173).2;
    server.on("GET /v1/clusters/c1", 200, recorded(170).2);
    server.on(&format!("GET /v1/clusters/{C1}"), 200, recorded(170).2).on(&format!("GET /v1/clusters/{C1}"), 404, gone.clone());
    server.on(&format!("DELETE /v1/clusters/{C1}"), 204, Value::Null);
    server.on(&timeline(), 200, page(json!([event(7, Value::Null, "x", "done", "")]), "CREATE_FAILED", "boom"));
    server.on(&timeline(), 200, page(json!([]), "CREATE_FAILED", "boom"));
    server.on(&timeline(), 200, page(json!([event(8, json!("node-0"), "remove", "done", "")]), "DELETE_IN_PROGRESS", ""));
    server.on(&timeline(), 404, gone);
    let ended = server.magnum(&["cluster", "delete", "c1", "--watch"]).await;
    assert_snapshot!("watch_delete", still(&ended.seen()));
}

#[tokio::test]
async fn a_resize_waits_for_its_own_work() {
    let server = Fixture::start().await;
    let mut cluster = recorded(170).2;
    cluster["status"] = json!("CREATE_COMPLETE");
    server.on("GET /v1/clusters/c1", 200, cluster).on("POST /v1/clusters/c1/actions/resize", 202, json!({"uuid": C1}));
    server.on("GET /v1/clusters/c1/timeline", 200, page(json!([event(5, Value::Null, "x", "done", "")]), "CREATE_COMPLETE", ""));
    server.on(&timeline(), 200, page(json!([]), "CREATE_COMPLETE", ""));
    server.on(&timeline(), 200, page(json!([event(6, json!("node-1"), "ready", "done", "")]), "UPDATE_IN_PROGRESS", ""));
    server.on(&timeline(), 200, page(json!([]), "UPDATE_COMPLETE", ""));
    let ended = server.magnum(&["cluster", "resize", "c1", "2", "--watch"]).await;
    assert_snapshot!("watch_resize", still(&ended.seen()));
    assert!(server.asked().iter().all(|asked| !asked.line.contains("after=0&wait")), "old events are not shown again");
}

#[tokio::test]
async fn a_server_without_a_timeline_is_asked_for_the_status() {
    let server = Fixture::start().await;
    let mut done = recorded(170).2;
    done["status"] = json!("CREATE_COMPLETE");
    server.c1().on("POST /v1/clusters", 202, json!({"uuid": C1}));
    server.on(&format!("GET /v1/clusters/{C1}"), 200, done);
    let ended = server.magnum(&["cluster", "create", "c1", "--cluster-template", "ct1", "--watch"]).await;
    assert!(ended.err.contains("CREATE_FAILED") || ended.err.contains("CREATE_COMPLETE"), "{}", ended.err);
    assert_eq!(server.asked().iter().filter(|asked| asked.line.contains("timeline")).count(), 1);
}
