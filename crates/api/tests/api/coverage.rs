// SPDX-License-Identifier: Apache-2.0
//! Walks all operations: whatever is added later is held to the same rules.

use crate::authorisation::{body, path};
use crate::fake::{app, send};

fn concrete(path: &str) -> String {
    path.split('/').map(|part| if part.starts_with('{') { "nope-1" } else { part }).collect::<Vec<_>>().join("/")
}

#[tokio::test]
async fn without_a_token_only_public_operations_answer() {
    let app = app().await;
    let mut count = 0;
    for (name, operation) in magnum_api::operations_list() {
        let path = concrete(operation.path);
        for token in [None, Some("wrong"), Some("")] {
            let headers: Vec<(&str, &str)> = token.map(|token| ("x-auth-token", token)).into_iter().collect();
            let answer = send(&app, operation.method.as_str(), &path, &headers, "").await;
            if operation.public {
                assert_ne!(answer.status, 401, "{name}");
                continue;
            }
            assert_eq!(answer.status, 401, "{name}");
            assert_eq!(answer.body["error"]["message"], "The request you have made requires authentication.", "{name}");
            assert_eq!(answer.headers["www-authenticate"], "Keystone uri=\"http://localhost/identity\"", "{name}");
        }
        count += 1;
    }
    assert!(count > 30, "{count}");
}

#[tokio::test]
async fn every_operation_that_is_not_public_has_a_policy_and_below_its_version_is_406() {
    let app = app().await;
    for (name, operation) in magnum_api::operations_list() {
        assert_eq!(operation.policy.is_none(), operation.public, "{name}");
        if operation.since > magnum_types::Microversion::MIN {
            let answer = send(&app, operation.method.as_str(), &concrete(operation.path), &[("x-auth-token", "admin")], "").await;
            assert_eq!(answer.status, 406, "{name}");
            assert!(answer.detail().contains("is not supported for this version."), "{name}: {}", answer.detail());
        }
    }
}

#[tokio::test]
async fn what_is_another_projects_is_not_there() {
    let app = app().await;
    let cluster = crate::fake::cluster(&app, "kubernetes").await;
    let latest = ("openstack-api-version", "container-infra latest");
    for (name, operation) in magnum_api::operations_list() {
        if !operation.path.starts_with("/v1/clusters/{") {
            continue;
        }
        let path = path(operation.path, &cluster.to_string(), "t");
        let body = body(name, "t").to_string();
        let answer = send(&app, operation.method.as_str(), &path, &[("x-auth-token", "other"), latest], body.clone()).await;
        assert_eq!(answer.status, 404, "{name} {}", answer.body);
        if operation.method != "GET" {
            let answer = send(&app, operation.method.as_str(), &path, &[("x-auth-token", "reader"), latest], body).await;
            assert_eq!(answer.status, 403, "{name} {}", answer.body);
        }
    }
}

#[tokio::test]
async fn error_texts_depend_on_what_is_accepted() {
    let app = app().await;
    let token = ("x-auth-token", "member");
    let router = magnum_api::router(app.clone());
    use tower::ServiceExt;
    let ask = |path: &str, accept: &str, version: &str| {
        let request =
            axum::http::Request::get(path).header(token.0, token.1).header("accept", accept).header("openstack-api-version", version);
        router.clone().oneshot(request.body(axum::body::Body::empty()).unwrap())
    };
    for (path, accept, version, status, title) in [
        ("/v1/nothing", "*/*", "container-infra 1.1", 404, ""),
        ("/v1/nothing", "application/json", "container-infra 1.1", 404, "Not Found"),
        ("/v1/clusters", "application/xml", "container-infra 1.1", 406, ""),
        ("/v1/clusters", "*/*", "BAD", 406, ""),
        ("/v1/clusters", "*/*", "container-infra 1.99", 406, "Requested microversion is unsupported"),
        ("/v1/clusters/x", "*/*", "container-infra LATEST", 404, "Cluster x could not be found"),
    ] {
        let response = ask(path, accept, version).await.unwrap();
        assert_eq!(response.status().as_u16(), status, "{path} {accept} {version}");
        assert!(response.headers()["x-openstack-request-id"].to_str().unwrap().starts_with("req-"));
        let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        let body: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(body["errors"][0]["title"], title, "{path} {accept} {version}");
        assert_eq!(body["errors"][0].get("description"), None, "{path} {accept} {version}");
    }
}

#[tokio::test]
async fn clients_of_2015_pages_of_other_origins_and_load_balancers_are_answered_as_they_expect() {
    use magnum_api::{App, Cors, Front};
    let ask = async |app: &App, method: &str, path: &str, headers: &[(&str, &str)]| send(app, method, path, headers, "").await;
    let plain = app().await;
    let old = ("x-openstack-magnum-api-version", "1.1");
    let answer = ask(&plain, "GET", "/v1/bays", &[("x-auth-token", "member"), old]).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.headers["x-openstack-magnum-api-minimum-version"], "1.1");
    assert_eq!(answer.headers["x-openstack-magnum-api-maximum-version"], "1.14");
    let answer = ask(&plain, "GET", "/v1/bays", &[("x-auth-token", "member"), ("x-openstack-magnum-api-version", "1.2")]).await;
    assert_eq!(answer.status, 406, "{}", answer.body);

    let cors = Cors {
        origins: vec!["https://horizon.example".to_owned()],
        credentials: true,
        expose_headers: vec!["X-Auth-Token".to_owned()],
        max_age: std::time::Duration::from_secs(60),
        methods: vec!["GET".to_owned(), "PATCH".to_owned()],
        headers: vec!["X-Auth-Token".to_owned()],
    };
    cors.check().unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    let front = Front { cors: Some(cors.clone()), out_of_service: Some(file.path().to_owned()), page_max: 1, ..Front::default() };
    let fronted = App { front: std::sync::Arc::new(front), ..plain };
    let question = [("origin", "https://horizon.example"), ("access-control-request-method", "PATCH")];
    let answer = ask(&fronted, "OPTIONS", "/v1/clusters/x", &question).await;
    assert_eq!(answer.status, 200, "a browser asks without a token");
    assert_eq!(answer.headers["access-control-allow-origin"], "https://horizon.example");
    let stranger = ask(&fronted, "GET", "/v1/clusters", &[("origin", "https://evil.example"), ("x-auth-token", "member")]).await;
    assert_eq!((stranger.status, stranger.headers.get("access-control-allow-origin")), (200, None));
    assert_eq!(ask(&fronted, "GET", "/healthcheck", &[]).await.status, 503);
    drop(file);
    let healthy = ask(&fronted, "GET", "/healthcheck", &[]).await;
    assert_eq!((healthy.status, healthy.body["reasons"][0].as_str()), (200, Some("OK")));
    assert!(Cors { origins: vec!["a\nb".to_owned()], ..cors }.check().unwrap_err().contains("allowed_origin"));
}

#[tokio::test]
async fn what_was_asked_is_counted_by_operation_and_never_by_what_a_caller_wrote() {
    let app = app().await;
    crate::fake::cluster(&app, "kubernetes").await;
    for path in ["/v1/clusters/c1", "/v1/clusters/secret-name", "/v1/secret-name"] {
        send(&app, "GET", path, &[("x-auth-token", "member")], "").await;
    }
    let router = magnum_api::metrics_router(app.metrics.clone(), app.store.clone());
    let text = crate::fake::answer(router, "GET", "/metrics", &[], "").await.body.as_str().unwrap_or_default().to_owned();
    for line in [
        "magnum_api_requests_total{operation=\"clusters::show\",status=\"200\"} 1",
        "magnum_api_requests_total{operation=\"clusters::show\",status=\"404\"} 1",
        "magnum_api_requests_total{operation=\"none\",status=\"404\"} 1",
        "magnum_api_request_duration_seconds_count{operation=\"clusters::show\"} 2",
        "magnum_clusters{status=\"CREATE_IN_PROGRESS\"} 1",
        "magnum_nodes 3",
    ] {
        assert!(text.lines().any(|own| own == line), "{line} is not in\n{text}");
    }
    assert!(!text.contains("secret-name"), "{text}");
}
