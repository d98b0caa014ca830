// SPDX-License-Identifier: Apache-2.0
//! The session against a stand-in that plays Keystone and Nova by script: what real services do not do on demand, such as
//! answering 503 twice. What they do by themselves is tested against the real ones in testkit.

#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "support/playing.rs"]
mod playing;

use magnum_cloud::{
    Call, Catalogue, Cloud, Credentials, Endpoint, Error, Interface, Limits, Lookup, Reach, Scope, Session, Tls, Token, Transport, compute,
    identity, network,
};
use playing::{Scripted, StandIn};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::TcpListener;

fn document(lifetime: i64) -> Value {
    let end = jiff::Timestamp::now().checked_add(jiff::SignedDuration::from_secs(lifetime)).unwrap();
    json!({"token": {"user": {"id": "u", "name": "magnum", "domain": {"id": "default", "name": "Default"}},
        "expires_at": end.to_string(), "catalog": []}})
}

/// A login that is accepted; the token says how many came before.
fn issued(before: usize, lifetime: i64) -> Option<Scripted> {
    Some((201, format!("X-Subject-Token: token-{before}\r\n"), document(lifetime).to_string()))
}

fn fast() -> Limits {
    Limits { connect: Duration::from_secs(2), attempt: Duration::from_secs(2), whole: Duration::from_secs(10), attempts: 4 }
}

fn session(stand_in: &StandIn, limits: Limits) -> Session {
    let transport = Transport::new(&Tls::default(), limits).unwrap();
    let reach = |url: Option<String>| Reach { interface: Interface::Internal, region: None, url, transport: transport.clone() };
    let cloud = Cloud::new(&stand_in.url, transport.clone(), reach(None)).unwrap();
    let cloud = cloud.reaching(&compute::SERVICE, reach(Some(stand_in.url.clone())));
    let credentials =
        Credentials { origin: "[keystone_authtoken]".into(), ..Credentials::password("magnum", "pa55", "service", "Default") };
    Session::new(Arc::new(cloud), credentials)
}

#[tokio::test]
async fn two_hundred_callers_make_one_login_and_the_next_is_free() {
    let keystone = StandIn::start(|head, before| {
        if head.starts_with("POST") { issued(before, 3600) } else { Some((200, String::new(), r#"{"flavors": []}"#.into())) }
    })
    .await;
    let session = session(&keystone, fast());
    let calls = (0..200).map(|_| {
        let session = session.clone();
        tokio::spawn(async move { session.token().await.map(|issued| issued.token.user.name.clone()) })
    });
    for call in calls.collect::<Vec<_>>() {
        assert_eq!(call.await.unwrap().unwrap(), "magnum");
    }
    assert_eq!(compute::find_flavor(&session, "x").await, Lookup::Missing);
    assert_eq!(keystone.count("POST /v3/auth/tokens"), 1);
    let head = keystone.head("GET /v2.1/flavors/detail").to_lowercase();
    assert!(head.contains("x-auth-token: token-0"), "{head}");
}

#[tokio::test]
async fn a_traced_request_is_followed_into_every_attempt_of_its_calls() {
    let keystone = StandIn::start(|head, before| {
        if head.starts_with("POST") {
            issued(before, 3600)
        } else if before == 0 {
            Some((503, String::new(), String::new()))
        } else {
            Some((200, String::new(), r#"{"flavors": []}"#.into()))
        }
    })
    .await;
    let session = session(&keystone, fast());
    let (tracer, memory) = magnum_traces::Tracer::in_memory();
    let request = magnum_traces::Request {
        method: "POST",
        route: None,
        path: "/v1/clusters",
        base: "http://localhost",
        request_id: "req-1",
        traceparent: None,
        tracestate: None,
    };
    let span = tracer.request(&request);
    assert_eq!(span.within(compute::find_flavor(&session, "x")).await, Lookup::Missing);
    drop(span);
    let made = memory.take();
    let told = |span: &magnum_traces::Made| format!("{} {}", span.name, span.attributes.get("http.response.status_code").unwrap());
    let expected = ["POST Keystone 201", "GET Nova 503", "GET Nova 200"];
    assert_eq!(made[..3].iter().map(told).collect::<Vec<_>>(), expected, "{made:?}");
    let request = &made[3];
    for (call, start) in made.iter().zip(["POST", "GET", "GET"]) {
        assert_eq!((call.parent.as_ref(), &call.trace), (Some(&request.id), &request.trace));
        let header = format!("traceparent: 00-{}-{}-01", call.trace, call.id);
        let heads: Vec<String> = keystone.seen.lock().unwrap().iter().filter(|head| head.starts_with(start)).cloned().collect();
        assert!(heads.iter().any(|head| head.contains(&header)), "{header}: {heads:?}");
        assert!(!format!("{call:?}").contains("pa55") && !format!("{call:?}").contains("token-0"), "{call:?}");
    }
    assert_eq!(made[2].attributes["http.request.resend_count"], "1");
    // Nobody asks on behalf of a request.
    assert_eq!(compute::find_flavor(&session, "x").await, Lookup::Missing);
    assert!(memory.take().is_empty());
    assert!(!keystone.seen.lock().unwrap().last().unwrap().contains("traceparent"));
}

#[tokio::test]
async fn a_refused_token_is_replaced_once_and_a_second_refusal_is_told() {
    let keystone = StandIn::start(|head, before| {
        if head.starts_with("POST") {
            issued(before, 3600)
        } else if head.contains("/os-keypairs/good") && head.to_lowercase().contains("x-auth-token: token-1") {
            Some((200, String::new(), r#"{"keypair": {}}"#.into()))
        } else {
            Some((401, String::new(), r#"{"error": {"message": "The request you have made requires authentication."}}"#.into()))
        }
    })
    .await;
    let session = session(&keystone, fast());
    assert_eq!(compute::find_keypair(&session, "good").await, Lookup::Found(()));
    assert_eq!(keystone.count("POST"), 2);
    assert_eq!(compute::find_keypair(&session, "bad").await, Lookup::Unauthorised);
    assert_eq!(keystone.count("POST"), 3);
    assert_eq!(keystone.count("GET /v2.1/os-keypairs/bad"), 2);
}

#[tokio::test]
async fn a_token_near_its_end_is_replaced_before_it_is_refused() {
    let keystone = StandIn::start(|head, before| {
        if head.starts_with("POST") {
            issued(before, if before == 0 { 2 } else { 3600 })
        } else {
            Some((204, String::new(), String::new()))
        }
    })
    .await;
    let session = session(&keystone, fast());
    let first = session.token().await.unwrap();
    let began = Instant::now();
    while Arc::ptr_eq(&first, &session.token().await.unwrap()) {
        assert!(began.elapsed() < Duration::from_secs(5), "never replaced");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(began.elapsed() < Duration::from_secs(2), "only after its end");
    assert_eq!(keystone.count("POST"), 2);
}

#[tokio::test]
async fn while_keystone_is_away_a_token_serves_to_its_end() {
    let keystone = StandIn::start(|_, before| if before == 0 { issued(0, 4) } else { Some((503, String::new(), "away".to_owned())) }).await;
    let session = session(&keystone, Limits { attempts: 1, ..fast() });
    let first = session.token().await.unwrap();
    let began = Instant::now();
    let failure = loop {
        match session.token().await {
            Ok(token) => assert!(Arc::ptr_eq(&token, &first)),
            Err(error) => break error,
        }
        assert!(began.elapsed() < Duration::from_secs(8), "used after its end");
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    assert!(failure.is_outage() && began.elapsed() > Duration::from_millis(3500), "{failure} after {:?}", began.elapsed());
    assert!((2..=3).contains(&keystone.count("POST")), "{} logins", keystone.count("POST"));
}

#[tokio::test]
async fn refused_credentials_name_their_place_and_are_not_shown_again_at_once() {
    let keystone = StandIn::start(|_, _| {
        let body = r#"{"error":{"code":401,"message":"The request you have made requires authentication.","title":"Unauthorized"}}"#;
        Some((401, String::new(), body.into()))
    })
    .await;
    let session = session(&keystone, fast());
    for _ in 0..5 {
        let error = session.token().await.unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "Keystone at {}/v3 refuses the credentials of [keystone_authtoken] (user magnum of domain Default for project service): \
                 The request you have made requires authentication.",
                keystone.url
            )
        );
    }
    assert_eq!(keystone.count("POST"), 1);
}

#[tokio::test]
async fn what_does_no_harm_is_repeated_and_the_wish_to_wait_is_honoured() {
    let cloud = StandIn::start(|head, before| {
        let busy = |seconds: u32| Some((503, format!("Retry-After: {seconds}\r\n"), "busy".to_owned()));
        match () {
            () if head.starts_with("POST /v3") => issued(before, 3600),
            () if head.starts_with("GET /v2.1/os-keypairs/later") && before == 0 => busy(1),
            () if head.starts_with("GET /v2.1/os-keypairs/closed") && before < 2 => None,
            () if head.starts_with("GET /v2.1/os-keypairs/never") => busy(0),
            () if head.starts_with("GET /v2.1/os-keypairs/tomorrow") => busy(86400),
            () if head.starts_with("POST /v2.1") => busy(0),
            () => Some((200, String::new(), r#"{"keypair": {}}"#.into())),
        }
    })
    .await;
    let session = session(&cloud, fast());
    session.token().await.unwrap();
    let began = Instant::now();
    assert_eq!(compute::find_keypair(&session, "later").await, Lookup::Found(()));
    assert!(began.elapsed() >= Duration::from_secs(1));
    assert_eq!(compute::find_keypair(&session, "closed").await, Lookup::Found(()));
    let began = Instant::now();
    for name in ["never", "tomorrow"] {
        let Lookup::Unavailable(why) = compute::find_keypair(&session, name).await else { panic!("{name} was available") };
        assert_eq!(why, format!("Nova at {}/v2.1/os-keypairs/{name} is not available: 503: busy", cloud.url));
    }
    assert!(began.elapsed() < Duration::from_secs(1));
    assert_eq!(cloud.count("GET /v2.1/os-keypairs/never"), 4);
    assert_eq!(cloud.count("GET /v2.1/os-keypairs/tomorrow"), 1);
    let post = Call::post(&compute::SERVICE, &["servers"], json!({}));
    assert!(session.call(&post).await.unwrap_err().is_outage());
    assert_eq!(cloud.count("POST /v2.1/servers"), 1, "what may not be done twice was sent twice");
}

#[tokio::test]
async fn every_answer_has_its_own_error_and_the_token_goes_nowhere_else() {
    let elsewhere = StandIn::start(|_, _| Some((200, String::new(), "{}".into()))).await;
    let target = elsewhere.url.clone();
    let cloud = StandIn::start(move |head, before| match () {
        () if head.starts_with("POST /v3") => issued(before, 3600),
        () if head.contains("/moved") => Some((302, format!("Location: {target}/x?token=1\r\n"), String::new())),
        () if head.contains("/text") => Some((200, String::new(), "hello".into())),
        () if head.contains("/slow") => {
            std::thread::sleep(Duration::from_millis(600));
            Some((200, String::new(), "{}".into()))
        }
        () => {
            let status = head.split("/status-").nth(1).and_then(|s| s.get(..3)?.parse().ok()).unwrap_or(500);
            Some((status, String::new(), r#"{"itemNotFound": {"message": "words"}}"#.into()))
        }
    })
    .await;
    let limits = Limits { attempt: Duration::from_millis(300), attempts: 1, ..fast() };
    let session = session(&cloud, limits);
    let get = async |name: &str| session.call(&Call::get(&compute::SERVICE, &["x", name])).await.map(|_| ()).unwrap_err();
    let (service, message) = ("Nova", "words".to_owned());
    for (status, expected) in [
        (401, Error::Unauthorised { service, message: message.clone() }),
        (403, Error::Forbidden { service, message: message.clone() }),
        (404, Error::NotFound { service, message: message.clone() }),
        (409, Error::Conflict { service, message: message.clone() }),
        (413, Error::Refused { service, status: 413, message: message.clone() }),
    ] {
        assert_eq!(get(&format!("status-{status}")).await, expected);
    }
    assert!(get("status-500").await.is_outage());
    assert!(get("moved").await.to_string().ends_with(&format!("points to {}/x; the address must be the final one", elsewhere.url)));
    assert_eq!(elsewhere.seen.lock().unwrap().len(), 0);
    assert!(matches!(get("text").await, Error::Garbled { .. }));
    assert!(matches!(get("slow").await, Error::TimedOut { .. }));
    assert!(matches!(get("..").await, Error::NotFound { .. }));
}

#[tokio::test]
async fn nobody_there_is_said_within_the_limits() {
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://user:secret@{}/v3?x=y", closed.local_addr().unwrap());
    drop(closed);
    let transport = Transport::new(&Tls::default(), fast()).unwrap();
    let reach = Reach { interface: Interface::Internal, region: None, url: None, transport: transport.clone() };
    let cloud = Arc::new(Cloud::new(&url, transport, reach).unwrap());
    let began = Instant::now();
    let error = Session::new(cloud, Credentials::password("a", "b", "c", "d")).token().await.unwrap_err();
    assert!(error.is_outage() && error.to_string().contains("refused") && !error.to_string().contains("secret"), "{error}");
    assert!(began.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn an_endless_answer_is_not_read_to_its_end() {
    let cloud = StandIn::start(|head, before| match () {
        () if head.starts_with("POST") => issued(before, 3600),
        () => Some((200, String::new(), " ".repeat(9 << 20))),
    })
    .await;
    let error = session(&cloud, fast()).call(&Call::get(&compute::SERVICE, &["x"])).await.map(|_| ()).unwrap_err();
    assert!(error.to_string().ends_with("more than 8 MiB"), "{error}");
}

#[tokio::test]
async fn lists_are_read_over_all_pages_and_names_compared() {
    let flavor = |id: &str, name: &str| json!({"id": id, "name": name, "vcpus": 1, "ram": 512, "disk": 0});
    let (first, second) = (flavor("1", "tiny"), flavor("2", "small"));
    let network = |id: &str, name: &str| json!({"id": id, "name": name, "router:external": true});
    let id = "8d3f8f5e-6a3c-4c8a-9c2b-0f3c2f7f5b11";
    let networks = json!([network(id, "public"), network("n2", "twice"), network("n3", "twice"), network("n4", id)]);
    let cloud = StandIn::start(move |head, _| {
        let answer = match () {
            () if head.starts_with("GET /v2.1/flavors/detail?marker=1") => json!({"flavors": [second]}),
            () if head.starts_with("GET /v2.1/flavors/detail") => {
                json!({"flavors": [first], "flavors_links": [{"rel": "next", "href": "http://inside/v2.1/flavors/detail?marker=1"}]})
            }
            () => {
                let named = |key: &str| head.split(&format!("{key}=")).nth(1).and_then(|s| s.split([' ', '&']).next()).map(str::to_owned);
                let (key, wanted) = named("name").map(|n| ("name", n)).or(named("id").map(|i| ("id", i))).unwrap();
                let fitting: Vec<&Value> = networks.as_array().unwrap().iter().filter(|n| n[key] == wanted.as_str()).collect();
                json!({ "networks": fitting })
            }
        };
        Some((200, String::new(), answer.to_string()))
    })
    .await;
    let transport = Transport::new(&Tls::default(), fast()).unwrap();
    let reach = Reach { interface: Interface::Public, region: None, url: Some(cloud.url.clone()), transport: transport.clone() };
    let shared = Arc::new(Cloud::new(&cloud.url, transport, reach).unwrap());
    let mut token = Token::parse(document(60)).unwrap();
    token.scope = Scope::System;
    token.catalogue = Some(Arc::new(Catalogue { endpoints: Vec::<Endpoint>::new(), types: Vec::new() }));
    let session = Session::of_caller(shared, "caller".into(), Arc::new(token));
    for (ident, expected) in [("small", Some(1)), ("2", Some(1)), ("large", None)] {
        let found = compute::find_flavor(&session, ident).await.map(|flavor| flavor.vcpus);
        assert_eq!(found, expected.map_or(Lookup::Missing, Lookup::Found), "{ident}");
    }
    for (ident, expected) in [
        ("public", Lookup::Found(id.to_owned())),
        ("n2", Lookup::Missing),
        ("twice", Lookup::Ambiguous),
        (id, Lookup::Ambiguous),
        ("none", Lookup::Missing),
    ] {
        assert_eq!(network::find_network(&session, ident, true).await.map(|network| network.id), expected, "{ident}");
    }
    assert!(cloud.head("GET /v2.0/networks").to_lowercase().contains("x-auth-token: caller"));
    assert!(cloud.head("GET /v2.0/networks").contains("router%3Aexternal=True"));
    assert_eq!(cloud.count("POST"), 0, "a caller's session never logs in");
    assert_eq!(identity::SERVICE.name, "Keystone");
}
