// SPDX-License-Identifier: Apache-2.0
//! Logging in, with a stand-in for Keystone: what it is asked, where the command goes with its token, and what is said when
//! nothing comes of it. The real Keystone is in `testkit`'s `real_login`.

use crate::fixture::{Ended, Fixture, recorded};
use insta::assert_snapshot;
use serde_json::{Value, json};

const TOKENS: &str = "POST /v3/auth/tokens";

/// A server that is Keystone as well: it gives `t0k-1`, `t0k-2` … with this catalogue.
async fn cloud(catalogue: impl Fn(&str) -> Value, expires_at: &'static str) -> Fixture {
    let mut server = Fixture::start().await;
    let (catalogue, mut given) = (catalogue(&server.url), 0);
    server.answer(TOKENS, move |_| {
        given += 1;
        let user = json!({"id": "u", "name": "ada", "domain": {"id": "default", "name": "Default"}});
        let project = json!({"id": "p", "name": "demo", "domain": {"id": "default", "name": "Default"}});
        let token = json!({"user": user, "project": project, "expires_at": expires_at, "methods": ["password"], "catalog": catalogue});
        (201, json!({"subject": format!("t0k-{given}"), "token": token}))
    });
    server.wire(&[169]);
    let yaml = format!(
        "clouds:\n  lab: {{auth: {{auth_url: '{}', username: ada, password: pw, project_name: demo, user_domain_name: Default, \
         project_domain_name: Default}}}}\n  work: {{auth: {{auth_url: '{}', username: ada}}}}\n",
        server.url, server.url
    );
    std::fs::write(server.dir.path().join("clouds.yaml"), yaml).unwrap();
    server.environment.insert("HOME".into(), "/nowhere".into());
    server
}

const LATER: &str = "2999-01-01T00:00:00.000000Z";

fn catalogue(url: &str) -> Value {
    let endpoint =
        |interface: &str, region: &str, path: &str| json!({"interface": interface, "region_id": region, "url": format!("{url}{path}")});
    json!([
        {"type": "compute", "endpoints": [endpoint("public", "One", "/nova")]},
        {"type": "container-infra", "endpoints": [endpoint("public", "One", "/v1"), endpoint("internal", "One", "/inside/v1")]}
    ])
}

fn set(server: &mut Fixture, variables: &[(&str, &str)]) {
    for (name, value) in variables {
        let value = value.replace("KEYSTONE", &server.url);
        server.environment.insert((*name).to_owned(), value);
    }
}

fn seen(ended: &Ended) -> String {
    ended.seen()
}

#[tokio::test]
async fn a_cloud_of_clouds_yaml_is_logged_in_to() {
    let server = cloud(catalogue, LATER).await;
    let ended = server.lost(&["cluster", "list", "--os-cloud", "lab", "-o", "value", "-c", "name"]).await;
    assert_eq!((ended.code, ended.out.lines().count()), (0, 3), "{}", ended.err);
    let asked = server.asked();
    assert_eq!(asked.iter().map(|asked| asked.line.as_str()).collect::<Vec<_>>(), [TOKENS, "GET /v1/clusters"]);
    assert_eq!(
        asked[0].body["auth"],
        json!({"identity": {"methods": ["password"], "password": {"user": {"name": "ada", "domain": {"name": "Default"}, "password": "pw"}}},
               "scope": {"project": {"name": "demo", "domain": {"name": "Default"}}}})
    );
    assert_eq!((asked[0].token.as_deref(), asked[1].token.as_deref()), (None, Some("t0k-1")));
}

#[tokio::test]
async fn the_environment_is_logged_in_with_and_options_go_before_it() {
    let mut server = cloud(catalogue, LATER).await;
    set(&mut server, &[("OS_AUTH_URL", "KEYSTONE/v3"), ("OS_USERNAME", "eve"), ("OS_PASSWORD", "pw"), ("OS_PROJECT_NAME", "p")]);
    server.on("GET /inside/v1/clusters", 200, json!({"clusters": []}));
    let args = ["--os-interface", "internal", "--os-project-name", "other", "coe", "cluster", "list", "-f", "json"];
    assert_eq!(server.lost(&args).await.json(), json!([]));
    let sent = server.sent(TOKENS);
    assert_eq!(sent["auth"]["scope"], json!({"project": {"name": "other", "domain": {"id": "default"}}}));
    assert_eq!(sent["auth"]["identity"]["password"]["user"]["name"], "eve");
    set(&mut server, &[("OS_CONTAINER_INFRA_API_VERSION", "1.9"), ("MAGNUM_ENDPOINT", "KEYSTONE")]);
    assert_eq!(server.lost(&["cluster", "list"]).await.code, 0);
    assert_eq!(
        server.asked().last().map(|asked| (asked.line.clone(), asked.version.clone())).unwrap(),
        ("GET /v1/clusters".into(), Some("container-infra 1.9".into()))
    );
}

#[tokio::test]
async fn a_token_that_is_about_to_end_is_renewed_between_requests() {
    // It is over already: each request wants another one.
    let server = cloud(catalogue, "2015-01-01T00:00:00.000000Z").await;
    let (_, _, cluster) = recorded(170);
    server.on("GET /v1/clusters/c1", 200, cluster).on("DELETE /v1/clusters/00000000-0000-4000-8000-000000000009", 204, Value::Null);
    assert_eq!(server.lost(&["cluster", "delete", "c1", "--os-cloud", "lab"]).await.code, 0);
    let tokens: Vec<_> = server.asked().into_iter().filter(|asked| asked.line != TOKENS).map(|asked| asked.token).collect();
    assert_eq!(tokens, [Some("t0k-1".to_owned()), Some("t0k-2".to_owned())]);
}

#[tokio::test]
async fn this_machines_own_server_needs_no_setting_and_no_keystone() {
    let mut server = cloud(catalogue, LATER).await;
    let state = server.dir.path().join("state");
    std::fs::create_dir_all(&state).unwrap();
    std::fs::write(state.join("endpoint"), &server.url).unwrap();
    std::fs::write(state.join("token"), "private").unwrap();
    set(&mut server, &[("OS_REGION_NAME", "One"), ("OS_PASSWORD", "left over")]);
    assert_eq!(server.lost(&["cluster", "list"]).await.code, 0);
    let asked = server.asked();
    assert_eq!((asked.len(), asked[0].token.as_deref()), (1, Some("private")), "clouds.yaml lies beside it and nobody named a cloud");
    // The field's way of calling a server without a Keystone.
    let (url, more) = (server.url.clone(), ["coe", "cluster", "list"]);
    let straight = ["--os-auth-type", "admin_token", "--os-endpoint", &url, "--os-token", "t"];
    assert_eq!(server.lost(&[&straight[..], &more[..]].concat()).await.code, 0);
    assert_eq!(server.asked().last().unwrap().token.as_deref(), Some("t"));
    assert_eq!(server.asked().len(), 2);
}

#[tokio::test]
async fn what_goes_wrong_is_said_with_the_remedy() {
    let server = cloud(catalogue, LATER).await;
    assert_snapshot!("unknown_cloud", seen(&server.lost(&["--os-cloud", "lob", "cluster", "list"]).await));
    assert_snapshot!("no_password", seen(&server.lost(&["--os-cloud", "work", "cluster", "list"]).await));
    assert_eq!(server.asked(), []);
    assert_snapshot!("wrong_region", seen(&server.lost(&["--os-cloud", "lab", "--os-region-name", "Onne", "cluster", "list"]).await));

    let refusing = cloud(|_| json!([]), LATER).await;
    let no = json!({"error": {"code": 401, "message": "The request you have made requires authentication.", "title": "Unauthorized"}});
    assert_snapshot!("nothing_in_the_catalogue", seen(&refusing.lost(&["--os-cloud", "lab", "cluster", "list"]).await));
    let refusing = Fixture::start().await;
    std::fs::copy(server.dir.path().join("clouds.yaml"), refusing.dir.path().join("clouds.yaml")).unwrap();
    refusing.on(TOKENS, 401, no.clone());
    let url = refusing.url.clone();
    let args = ["--os-cloud", "lab", "--os-auth-url", &url, "--os-password", "wr0ng", "cluster", "list"];
    let ended = refusing.lost(&args).await;
    assert!(!ended.seen().contains("wr0ng"));
    assert_snapshot!("wrong_password", seen(&ended));

    server.on("GET /v1/clusters/c9", 401, no);
    assert_snapshot!("another_keystone", seen(&server.lost(&["--os-cloud", "lab", "cluster", "show", "c9"]).await));
}

#[tokio::test]
async fn a_keystone_that_is_away_is_no_answer() {
    let server = cloud(catalogue, LATER).await;
    let free = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap();
    let url = format!("http://{free}");
    let ended = server.lost(&["--os-cloud", "lab", "--os-auth-url", &url, "cluster", "list"]).await;
    assert_eq!(ended.code, 69);
    assert_snapshot!("keystone_is_away", ended.seen().replace(&free.to_string(), "ADDRESS"));
}
