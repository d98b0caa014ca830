// SPDX-License-Identifier: Apache-2.0
//! What a trace knows of requests; spans are kept instead of sent.

use crate::fake::{answer, app, cluster, send};
use magnum_api::{App, Metrics};
use magnum_traces::{Made, Memory, Tracer};
use serde_json::{Value, json};

const CALLER: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

async fn traced() -> (App, Memory) {
    let (tracer, memory) = Tracer::in_memory();
    (App { metrics: Metrics::new(Some(&tracer)), traces: Some(tracer), ..app().await }, memory)
}

/// The one span of a request.
async fn one(app: &App, memory: &Memory, method: &str, path: &str, headers: &[(&str, &str)]) -> Made {
    answer(magnum_api::router(app.clone()), method, path, headers, "").await;
    let mut made = memory.take();
    assert_eq!(made.len(), 1, "{method} {path}: {made:?}");
    made.remove(0)
}

#[tokio::test]
async fn every_request_is_one_span_named_by_its_route() {
    let (app, memory) = traced().await;
    let id = cluster(&app, "kubernetes").await;
    memory.take();
    let show = format!("/v1/clusters/{id}");
    for (method, path, token, name, status, failed) in [
        ("GET", show.as_str(), "member", "GET /v1/clusters/{cluster_ident}", "200", false),
        // The version's segment may be left out.
        ("GET", "/clusters", "member", "GET /v1/clusters", "200", false),
        ("GET", "/v1/clusters/nobody", "member", "GET /v1/clusters/{cluster_ident}", "404", false),
        ("GET", "/v1/nowhere/hunter2", "member", "GET", "404", false),
        ("BREW", "/v1/clusters", "member", "HTTP", "405", false),
        ("GET", "/v1/clusters", "s3cret", "GET /v1/clusters", "401", false),
        ("GET", "/v1/clusters", "keystone-away", "GET /v1/clusters", "503", true),
        ("GET", "/v1/%ff", "member", "GET", "400", false),
    ] {
        let span = one(&app, &memory, method, path, &[("x-auth-token", token)]).await;
        let told = (span.name.as_str(), span.attributes["http.response.status_code"].as_str(), span.error.is_some());
        assert_eq!(told, (name, status, failed), "{method} {path}: {span:?}");
        assert_eq!((span.kind.as_str(), span.attributes["url.path"].as_str()), ("server", path));
        assert!(span.attributes["magnum.request_id"].starts_with("req-"), "{span:?}");
        assert_eq!(span.attributes.contains_key("http.route"), name.contains('/'), "{span:?}");
        let known = (token == "member" && status != "400").then_some("fake_project");
        assert_eq!(span.attributes.get("magnum.project_id").map(String::as_str), known, "{span:?}");
        assert!(!format!("{span:?}").contains("s3cret"), "a token is no part of a trace: {span:?}");
    }
}

#[tokio::test]
async fn the_callers_trace_goes_on_here_and_in_what_is_asked_for() {
    let (app, memory) = traced().await;
    let id = cluster(&app, "kubernetes").await;
    memory.take();
    let asked = async |headers: &[(&str, &str)]| {
        let headers = [&[("x-auth-token", "member"), ("openstack-api-version", "container-infra latest")], headers].concat();
        let body = json!({"node_count": 2}).to_string();
        let answered = send(&app, "POST", &format!("/v1/clusters/{id}/actions/resize"), &headers, body).await;
        assert_eq!(answered.status, 202, "{}", answered.body);
        let request_id = answered.headers["x-openstack-request-id"].to_str().unwrap().to_owned();
        let operations = app.store.list_open_operations(id).await.unwrap();
        operations.into_iter().find(|operation| operation.request_id == request_id).unwrap().context
    };
    let context = asked(&[("traceparent", CALLER), ("tracestate", "a=1"), ("tracestate", "b=2")]).await;
    let span = memory.take().remove(0);
    assert_eq!((span.trace.as_str(), span.parent.as_deref()), (&CALLER[3..35], Some(&CALLER[36..52])));
    assert_eq!(context["traceparent"], Value::String(format!("00-{}-{}-01", span.trace, span.id)));
    assert_eq!(context["request_id"], Value::String(span.attributes["magnum.request_id"].clone()));
    for wrong in [&[("traceparent", "nonsense")][..], &[("traceparent", CALLER), ("traceparent", CALLER)]] {
        asked(wrong).await;
        let span = memory.take().remove(0);
        assert!(span.parent.is_none() && span.trace != CALLER[3..35], "{wrong:?}: {span:?}");
    }
    // The caller wants no spans: whoever goes on with the trace knows.
    let context = asked(&[("traceparent", &CALLER.replace("-01", "-00"))]).await;
    assert!(context["traceparent"].as_str().unwrap().ends_with("-00") && memory.take().is_empty(), "{context:?}");
}

#[tokio::test]
async fn without_traces_nothing_of_them_is_anywhere() {
    let app = app().await;
    let id = cluster(&app, "kubernetes").await;
    let context = app.store.list_open_operations(id).await.unwrap().remove(0).context;
    assert!(context.contains_key("request_id") && !context.contains_key("traceparent"), "{context:?}");
    let page = async |app: &App| {
        let router = magnum_api::metrics_router(app.metrics.clone(), app.store.clone());
        answer(router, "GET", "/metrics", &[], "").await.body.as_str().unwrap().to_owned()
    };
    assert!(!page(&app).await.contains("trace"));
    let traced = page(&traced().await.0).await;
    assert!(traced.contains("magnum_trace_spans_sent_total 0") && traced.contains("magnum_trace_spans_lost_total 0"), "{traced}");
}
