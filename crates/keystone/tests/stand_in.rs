// SPDX-License-Identifier: Apache-2.0
//! The validator against a stand-in that plays Keystone by script: what must be counted or go wrong at a chosen moment. How
//! tokens of every kind are judged is tested against the real Keystone in testkit.
#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "../../cloud/tests/support/playing.rs"]
mod playing;

use futures::future::join_all;
use magnum_cloud::{Cloud, Credentials, Interface, Limits, Reach, Session, Tls, Transport};
use magnum_keystone::{Fault, Options, Refusal, Request, Validator};
use playing::{Scripted, StandIn};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

fn answer(status: u16, body: &Value) -> Option<Scripted> {
    Some((status, String::new(), body.to_string()))
}

fn document(roles: &[&str], lifetime_ms: i64) -> Value {
    let end = jiff::Timestamp::now().checked_add(jiff::SignedDuration::from_millis(lifetime_ms)).unwrap();
    let roles: Vec<Value> = roles.iter().map(|name| json!({"id": name, "name": name})).collect();
    json!({"token": {"user": {"id": "u", "name": "demo"}, "roles": roles, "expires_at": end.to_string(),
        "project": {"id": "p", "name": "demo"}, "catalog": [{"type": "container-infra", "endpoints": []}]}})
}

fn subject(head: &str) -> String {
    let line = head.lines().find(|line| line.to_lowercase().starts_with("x-subject-token: "));
    line.map(|line| line[17..].to_owned()).unwrap_or_default()
}

/// Our own login.
fn login(head: &str) -> Option<Scripted> {
    head.starts_with("POST").then(|| (201, "X-Subject-Token: own\r\n".to_owned(), document(&["admin"], 3_600_000).to_string()))
}

fn validator(keystone: &StandIn, options: Options) -> Arc<Validator> {
    let limits = Limits { connect: Duration::from_secs(2), attempt: Duration::from_secs(3), whole: Duration::from_secs(5), attempts: 2 };
    let transport = Transport::new(&Tls::default(), limits).unwrap();
    let reach = Reach { interface: Interface::Internal, region: None, url: None, transport: transport.clone() };
    let cloud = Arc::new(Cloud::new(&keystone.url, transport, reach).unwrap());
    let credentials =
        Credentials { origin: "[keystone_authtoken]".into(), ..Credentials::password("magnum", "pa55", "service", "Default") };
    Arc::new(Validator::new(Session::new(cloud, credentials), options))
}

fn questions(keystone: &StandIn) -> usize {
    keystone.count("GET /v3/auth/tokens")
}

/// A Keystone that knows the tokens `good…`, each after a moment, and no other.
async fn keystone() -> StandIn {
    StandIn::start(|head, _| {
        login(head).or_else(|| {
            std::thread::sleep(Duration::from_millis(30));
            let good = subject(head).starts_with("good");
            if good {
                answer(200, &document(&["member"], 3_600_000))
            } else {
                answer(404, &json!({"error": {"message": "Could not find token."}}))
            }
        })
    })
    .await
}

#[tokio::test]
async fn two_hundred_requests_with_one_new_token_ask_once_and_later_ones_never() {
    let keystone = keystone().await;
    let validator = validator(&keystone, Options::default());
    for token in ["good", "bad"] {
        let outcomes = join_all((0..200).map(|_| validator.validate(token, false))).await;
        assert!(outcomes.iter().all(|outcome| outcome.is_ok() == (token == "good")), "{token}");
        assert!(validator.validate(token, false).await.is_ok() == (token == "good"));
    }
    assert_eq!((questions(&keystone), validator.asked(), validator.in_flight()), (2, 2, 0));
    let head = keystone.head("GET /v3/auth/tokens").to_lowercase();
    for line in ["x-auth-token: own", "x-subject-token: good", "openstack-identity-access-rules: 1"] {
        assert!(head.contains(line), "{line} in {head}");
    }
    validator.forget("good");
    validator.validate(" good\t", false).await.unwrap();
    assert_eq!(questions(&keystone), 3, "what was forgotten is asked again");
}

#[tokio::test]
async fn when_the_one_who_asks_is_cut_off_the_next_asks_and_nothing_is_left() {
    let keystone = keystone().await;
    let validator = validator(&keystone, Options::default());
    validator.validate("good-before", false).await.unwrap();
    for _ in 0..20 {
        let cut = tokio::time::timeout(Duration::from_millis(5), join_all((0..10).map(|_| validator.validate("good", false)))).await;
        assert!(cut.is_err() && validator.in_flight() == 0);
    }
    let first = {
        let validator = Arc::clone(&validator);
        tokio::spawn(async move { validator.validate("good-cut", false).await.map(drop) })
    };
    while validator.in_flight() == 0 {
        tokio::task::yield_now().await;
    }
    let second = {
        let validator = Arc::clone(&validator);
        tokio::spawn(async move { validator.validate("good-cut", false).await.map(drop) })
    };
    tokio::time::sleep(Duration::from_millis(5)).await;
    first.abort();
    assert_eq!(second.await.unwrap(), Ok(()));
    assert_eq!(validator.in_flight(), 0);
}

#[tokio::test]
async fn without_a_cache_every_request_asks() {
    let keystone = keystone().await;
    let validator = validator(&keystone, Options { cache_time: Duration::ZERO, ..Options::default() });
    for _ in 0..3 {
        validator.validate("good", false).await.unwrap();
        assert_eq!(validator.validate("bad", false).await, Err(Refusal::Invalid(Fault::Unknown)));
    }
    assert_eq!(questions(&keystone), 6);
}

#[tokio::test]
async fn what_cannot_be_a_token_is_refused_without_asking() {
    let keystone = keystone().await;
    let validator = validator(&keystone, Options::default());
    for (token, fault) in [
        ("", Fault::Absent),
        ("  ", Fault::Absent),
        ("good\r\nX-Roles: admin", Fault::Malformed),
        ("good\u{7f}", Fault::Malformed),
        ("go od", Fault::Malformed),
        ("gööd", Fault::Malformed),
        (&"x".repeat(8193), Fault::Malformed),
    ] {
        assert_eq!(validator.validate(token, false).await, Err(Refusal::Invalid(fault)), "{token:?}");
    }
    let request = Request { token: None, service_token: None, method: "GET", path: "/v1/clusters" };
    assert_eq!(validator.authenticate(&request).await.map(drop), Err(Refusal::Invalid(Fault::Absent)));
    assert_eq!(keystone.seen.lock().unwrap().len(), 0);
}

#[tokio::test]
async fn an_expired_token_is_refused_also_from_the_cache_but_for_a_service() {
    let keystone = StandIn::start(|head, _| {
        login(head).or_else(|| match &*subject(head) {
            "service" => answer(200, &document(&["service"], 3_600_000)),
            "other-service" => answer(200, &document(&["member"], 3_600_000)),
            "short" => answer(200, &document(&["member"], 400)),
            "old" if head.contains("?allow_expired=1") => answer(200, &document(&["member"], -60_000)),
            _ => answer(404, &json!({})),
        })
    })
    .await;
    let strict = validator(&keystone, Options::default());
    strict.validate("short", false).await.unwrap();
    let began = Instant::now();
    while strict.validate("short", false).await.is_ok() {
        assert!(began.elapsed() < Duration::from_secs(3));
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(strict.validate("short", false).await, Err(Refusal::Invalid(Fault::Expired)));
    assert_eq!(strict.asked(), 1);
    let lenient = validator(&keystone, Options { service_token_roles_required: false, ..Options::default() });
    let request = |token, service_token| Request { token: Some(token), service_token, method: "GET", path: "/v1/clusters" };
    for (validator, token, service, expected) in [
        (&strict, "old", None, Err(Fault::Unknown)),
        (&strict, "old", Some("service"), Ok(())),
        (&strict, "old", None, Err(Fault::Expired)),
        (&strict, "short", Some("service"), Ok(())),
        (&strict, "short", Some("other-service"), Err(Fault::ServiceRoles)),
        (&strict, "short", Some("nonsense"), Err(Fault::ServiceToken)),
        (&strict, "nonsense", Some("service"), Err(Fault::Unknown)),
        (&lenient, "old", Some("other-service"), Err(Fault::Unknown)),
        (&lenient, "service", Some("other-service"), Ok(())),
    ] {
        let outcome = validator.authenticate(&request(token, service)).await;
        assert_eq!(outcome.map(drop), expected.map_err(Refusal::Invalid), "{token} {service:?}");
    }
}

#[tokio::test]
async fn an_outage_is_told_to_all_who_wait_and_is_over_when_it_is_over() {
    let up = Arc::new(AtomicBool::new(false));
    let switch = Arc::clone(&up);
    let keystone = StandIn::start(move |head, _| {
        login(head).or_else(|| match &*subject(head) {
            _ if switch.load(Ordering::Relaxed) => answer(200, &document(&["member"], 3_600_000)),
            "forbidden" => answer(403, &json!({"error": {"message": "You are not authorized."}})),
            "denied" => answer(401, &json!({"error": {"message": "no"}})),
            _ => answer(500, &json!({"error": {"message": "An unexpected error"}})),
        })
    })
    .await;
    let validator = validator(&keystone, Options::default());
    let outcomes = join_all((0..50).map(|_| validator.validate("x", false))).await;
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Err(Refusal::Unavailable(_)))));
    assert_eq!(questions(&keystone), 1);
    let url = &keystone.url;
    for (token, expected) in [
        ("x", format!("Keystone at {url}/v3/auth/tokens is not available: 500: An unexpected error")),
        (
            "forbidden",
            "Keystone does not let the credentials of [keystone_authtoken] (user magnum of domain Default for project service) check tokens: \
             You are not authorized.; give them the role service or admin"
                .to_owned(),
        ),
        (
            "denied",
            "Keystone does not accept the token it gave to [keystone_authtoken] (user magnum of domain Default for project service): no"
                .to_owned(),
        ),
    ] {
        assert_eq!(validator.validate(token, false).await, Err(Refusal::Unavailable(expected)));
    }
    up.store(true, Ordering::Relaxed);
    validator.validate("x", false).await.unwrap();
}

#[tokio::test]
async fn a_flood_of_wrong_tokens_does_not_push_out_a_right_one() {
    let keystone = StandIn::start(|head, _| {
        login(head).or_else(|| if subject(head) == "good" { answer(200, &document(&[], 3_600_000)) } else { answer(404, &json!({})) })
    })
    .await;
    let validator = validator(&keystone, Options { cache_size: 4, ..Options::default() });
    validator.validate("good", false).await.unwrap();
    for batch in 0..10 {
        let names: Vec<String> = (0..100).map(|n| format!("bad-{batch}-{n}")).collect();
        let outcomes = join_all(names.iter().map(|name| validator.validate(name, false))).await;
        assert!(outcomes.iter().all(Result::is_err));
    }
    let asked = validator.asked();
    validator.validate("good", false).await.unwrap();
    assert_eq!((validator.asked(), asked), (1001, 1001));
}
