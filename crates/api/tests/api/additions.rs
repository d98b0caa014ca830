// SPDX-License-Identifier: Apache-2.0
//! Our own additions (`docs/api-additions.md`).

use crate::fake::{app, cluster, member};
use magnum_store::NewEvent;
use magnum_types::{NodeName, StepState};
use serde_json::{Value, json};
use std::time::Duration;

#[tokio::test]
async fn nodes_are_listed_run_programs_and_lose_power() {
    let app = app().await;
    let id = cluster(&app, "kubernetes").await;
    crate::node::nodes(&app, id, "").await;
    let list = member(&app, "GET", "/v1/clusters/c1/nodes", Value::Null).await.body;
    let keys: Vec<&String> = list["nodes"][0].as_object().unwrap().keys().collect();
    let wanted = ["name", "group", "role", "address", "status", "step", "step_state", "step_detail", "step_seconds", "seconds", "versions"];
    assert_eq!(keys, wanted);
    assert_eq!((&list["nodes"][0]["name"], &list["nodes"][0]["status"]), (&json!("master-0"), &json!("BUILDING")));
    let body = json!({"command": ["sh", "-c", "a 'b'"], "stdin": "in\n", "timeout_seconds": 7});
    let done = member(&app, "POST", "/v1/clusters/c1/nodes/node-0/actions/exec", body).await;
    let expected =
        json!({"exit_code": 3, "stdout": r#"["sh", "-c", "a 'b'"] 7"#, "stderr": "in\n", "timed_out": false, "truncated": false});
    assert_eq!((done.status, &done.body), (200, &expected));
    let console = member(&app, "GET", "/v1/clusters/c1/nodes/node-0/console?bytes=10", Value::Null).await;
    assert_eq!(console.body["output"], "node-0 10");
    assert_eq!(member(&app, "GET", "/v1/clusters/c1/nodes/node-9/console", Value::Null).await.status, 404);
    let node = NodeName::parse("node-0").unwrap();
    for (action, on) in [("stop", false), ("start", true)] {
        assert_eq!(member(&app, "POST", &format!("/v1/clusters/c1/nodes/node-0/actions/{action}"), Value::Null).await.status, 202);
        assert_eq!(app.store.get_node(id, &node).await.unwrap().powered_on, on);
    }
}

#[tokio::test]
async fn the_timeline_waits_for_what_is_new() {
    let app = app().await;
    let id = cluster(&app, "kubernetes").await;
    let empty = member(&app, "GET", "/v1/clusters/c1/timeline", Value::Null).await.body;
    assert_eq!((&empty["events"], &empty["status"]), (&json!([]), &json!("CREATE_IN_PROGRESS")));
    let lease = app.store.take_lease("test", "test", Duration::from_secs(60)).await.unwrap().unwrap();
    let event =
        NewEvent { node: None, step: "network".to_owned(), state: StepState::Done, detail: "made".to_owned(), duration_ms: Some(5) };
    let (waited, recorded) = tokio::join!(member(&app, "GET", "/v1/clusters/c1/timeline?wait=20", Value::Null), async {
        tokio::task::yield_now().await;
        app.store.insert_events(&lease, id, vec![event]).await
    });
    recorded.unwrap();
    let event = &waited.body["events"][0];
    assert_eq!(
        (&event["step"], &event["node"], &event["state"], &event["duration_ms"]),
        (&json!("network"), &Value::Null, &json!("done"), &json!(5))
    );
    let after = event["id"].as_i64().unwrap();
    let rest = member(&app, "GET", &format!("/v1/clusters/c1/timeline?after={after}"), Value::Null).await.body;
    assert_eq!(rest["events"], json!([]));
}

#[tokio::test]
async fn a_diagnosis_is_kept_as_the_last() {
    let app = app().await;
    let id = cluster(&app, "kubernetes").await;
    assert_eq!(member(&app, "GET", "/v1/clusters/c1/diagnoses/latest", Value::Null).await.status, 404);
    let made = member(&app, "POST", "/v1/clusters/c1/diagnoses", Value::Null).await;
    assert_eq!((made.status, &made.body["cluster"]), (200, &json!(id)));
    let about = member(&app, "POST", "/v1/clusters/c1/diagnoses?symptom=0%2F3%20nodes%20are%20available", Value::Null).await;
    assert_eq!((about.status, &about.body["symptom"]), (200, &json!("0/3 nodes are available")));
    assert_eq!(
        member(&app, "GET", "/v1/clusters/c1/diagnoses/latest", Value::Null).await.body,
        made.body,
        "one about a symptom is not kept"
    );
    let unknown = member(&app, "POST", "/v1/clusters/c1/diagnoses?symptom=nonsense", Value::Null).await;
    assert_eq!((unknown.status, unknown.body["errors"][0]["detail"].as_str()), (400, Some("no known symptom")));
    let bundle = member(&app, "POST", "/v1/clusters/c1/diagnoses?bundle=true", Value::Null).await;
    assert_eq!((bundle.status, &bundle.body["report"], &bundle.body["facts"]["schema"]), (200, &made.body, &json!("magnum.facts/v1")));
}

#[tokio::test]
async fn a_path_has_two_ends_or_is_a_matrix() {
    let app = app().await;
    cluster(&app, "kubernetes").await;
    for (body, status, says) in [
        (json!({"from": "web-1", "to": "svc/web:80"}), 200, ""),
        (json!({"matrix": true}), 200, ""),
        (json!({"from": "web-1"}), 400, "to: give the pod"),
        (json!({"to": "web-1"}), 400, "from: give the pod"),
        (json!({}), 400, "from: give the pod"),
        (json!({"from": "a", "to": "b", "matrix": true}), 400, "leave them out"),
        (json!({"from": "nobody", "to": "b"}), 400, "\"nobody\" is no node"),
        (json!({"from": 7, "to": "b"}), 400, "from"),
        (json!({"from": "a", "to": "b", "via": "c"}), 400, "via"),
    ] {
        let answer = member(&app, "POST", "/v1/clusters/c1/paths", body.clone()).await;
        assert_eq!(answer.status, status, "{body} {}", answer.body);
        assert!(says.is_empty() || answer.body["errors"][0]["detail"].as_str().unwrap().contains(says), "{body} {}", answer.body);
    }
}
