// SPDX-License-Identifier: Apache-2.0
//! The same requests to our validator and to the real keystonemiddleware, both with the same real Keystone: the same are let in,
//! with the same claims, and the others get the same answer.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "tests")]

use magnum_cloud::{AccessRule, Cloud, Credentials, Owned, Proof, Scope, ScopeRef, Session, Token, identity};
use magnum_conf::{Config, File, Sources};
use magnum_keystone::headers::{Rejection, unauthorised, unavailable};
use magnum_keystone::{Caller, Options, Refusal, Request, Validator};
use magnum_testkit::{Keystone, KeystoneOptions, Middleware, Persona, Populated, http_agent};
use secrecy::{ExposeSecret, SecretString};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

type Claims = BTreeMap<String, String>;

struct Both {
    /// `service_token_roles_required`, whose default was false for long.
    required: bool,
    service: Session,
    ours: Validator,
    theirs: Middleware,
    uri: String,
}

#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    In(Claims),
    Out(Rejection),
}

impl Both {
    fn start(keystone: &Keystone, populated: &Populated, required: bool) -> Self {
        let more = format!("[keystone_authtoken]\nservice_type = container-infra\nservice_token_roles_required = {required}\n");
        let text = format!("{}{more}", populated.magnum_conf(&keystone.url()));
        let config = Config::new(Sources { files: vec![File { name: "magnum.conf".into(), text: text.clone() }], ..Sources::default() });
        let cloud = Cloud::from_config(&config, "keystone_authtoken", Options::limits(&config).unwrap()).unwrap();
        let service = Session::new(Arc::new(cloud), Credentials::from_config(&config, "keystone_authtoken").unwrap());
        Self {
            required,
            ours: Validator::new(service.clone(), Options::from_config(&config).unwrap()),
            service,
            theirs: Middleware::start(keystone, &format!("middleware-{required}"), &text).unwrap(),
            uri: keystone.url(),
        }
    }

    async fn ours(&self, request: &Request<'_>, accept: Option<&str>) -> Outcome {
        match self.ours.authenticate(request).await {
            Ok(caller) => Outcome::In(claims(&caller)),
            Err(Refusal::Invalid(_)) => Outcome::Out(unauthorised(&self.uri)),
            Err(Refusal::Unavailable(_)) => Outcome::Out(unavailable(accept)),
        }
    }

    fn theirs(&self, request: &Request<'_>, accept: Option<&str>) -> Outcome {
        let agent = http_agent(Duration::from_secs(60));
        let mut builder = ureq::http::Request::builder().method(request.method).uri(format!("{}{}", self.theirs.url(), request.path));
        // What is forged must make no difference.
        builder = builder.header("X-Roles", "admin").header("X-User-Id", "somebody").header("X-Service-Roles", "service");
        let accept = accept.map(|accept| ("Accept", accept));
        let tokens = [("X-Auth-Token", request.token), ("X-Service-Token", request.service_token)];
        for (name, value) in tokens.into_iter().filter_map(|(name, value)| Some((name, value?))).chain(accept) {
            builder = builder.header(name, value);
        }
        let mut answer = agent.run(builder.body(()).unwrap()).unwrap();
        let status = answer.status().as_u16();
        let header = |name: &str| answer.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        let (content_type, www_authenticate) = (header("content-type").unwrap(), header("www-authenticate"));
        let body = answer.body_mut().read_to_string().unwrap();
        if status == 200 {
            let told: BTreeMap<String, Option<String>> = serde_json::from_str(&body).unwrap();
            return Outcome::In(
                told.into_iter().filter(|(name, _)| told_by_us(name)).filter_map(|(name, value)| Some((name, value?))).collect(),
            );
        }
        let known = ["application/json", "text/html; charset=UTF-8", "text/plain; charset=UTF-8"];
        let content_type = known.into_iter().find(|known| *known == content_type).unwrap_or("something else");
        Outcome::Out(Rejection { status, content_type, www_authenticate, body })
    }
}

/// Not the token itself, nor the catalogue, nor the names of before 2013.
fn told_by_us(name: &str) -> bool {
    let old = ["x-role", "x-user", "x-tenant", "x-tenant-id", "x-tenant-name", "x-service-catalog", "x-auth-token", "x-service-token"];
    (name.starts_with("x-") || name == "openstack-system-scope") && !old.contains(&name)
}

/// What the middleware would tell a service, out of what we know.
fn claims(caller: &Caller) -> Claims {
    let mut claims = Claims::new();
    let mut add = |prefix: &str, token: &Token| {
        let mut put = |name: &str, value: &str| drop(claims.insert(format!("x{prefix}-{name}"), value.to_owned()));
        put("roles", &token.role_names().collect::<Vec<_>>().join(","));
        put("identity-status", "Confirmed");
        let mut owned = |kind: &str, owned: &Owned| {
            put(&format!("{kind}-id"), &owned.id);
            put(&format!("{kind}-name"), &owned.name);
            put(&format!("{kind}-domain-id"), &owned.domain.id);
            put(&format!("{kind}-domain-name"), &owned.domain.name);
        };
        owned("user", &token.user);
        match &token.scope {
            Scope::Project(project) => owned("project", project),
            Scope::Domain(domain) => {
                put("domain-id", &domain.id);
                put("domain-name", &domain.name);
            }
            Scope::System if prefix.is_empty() => drop(claims.insert("openstack-system-scope".into(), "all".into())),
            Scope::System | Scope::Unscoped => {}
        }
    };
    add("", &caller.token);
    if let Some(service) = &caller.service {
        add("-service", service);
        // They have one header for the system scope of both, and the service's comes last: the caller's is lost.
        claims.remove("openstack-system-scope");
    }
    let admin_project = if caller.token.is_admin_project { "True" } else { "False" };
    claims.insert("x-is-admin-project".into(), admin_project.into());
    claims
}

async fn secret(populated: &Populated, proof: Proof, scope: ScopeRef) -> String {
    let session = Session::new(Arc::clone(populated.cloud()), Credentials { proof, scope, origin: "test".into() });
    session.token().await.unwrap().secret.expose_secret().to_owned()
}

/// Tokens of every kind, by name.
async fn tokens(populated: &Populated) -> Vec<(String, Option<String>)> {
    let mut tokens = vec![("none".to_owned(), None)];
    for persona in Persona::ALL {
        tokens.push((persona.user().to_owned(), Some(populated.token(persona).await.unwrap())));
    }
    let member = populated.session(Persona::Member);
    let (member_id, nobody_id) = (populated.user_id(Persona::Member).await.unwrap(), populated.user_id(Persona::Nobody).await.unwrap());
    let rule = |service: &str, method: &str, path: &str| AccessRule { service: service.into(), method: method.into(), path: path.into() };
    let bound = [
        rule("container-infra", "GET", "/v1/clusters"),
        rule("container-infra", "GET", "/v1/clusters/*"),
        rule("container-infra", "POST", "/v1/clusters/{id}/actions/**"),
        rule("compute", "GET", "/**"),
    ];
    for (name, rules) in [("free", None), ("bound", Some(&bound[..])), ("of another service", Some(&bound[3..]))] {
        let new = identity::NewApplicationCredential { name, access_rules: rules, ..Default::default() };
        let made = identity::create_application_credential(&member, &member_id, &new).await.unwrap();
        let proof = Proof::ApplicationCredential { id: made.id, secret: made.secret };
        tokens.push((name.to_owned(), Some(secret(populated, proof, ScopeRef::Default).await)));
    }
    for impersonation in [true, false] {
        let new = identity::NewTrust {
            trustor_user_id: &member_id,
            trustee_user_id: &nobody_id,
            project_id: populated.demo(),
            roles: &["member".to_owned()],
            impersonation,
            redelegation: false,
        };
        let id = identity::create_trust(&member, &new).await.unwrap();
        let token = secret(populated, populated.credentials(Persona::Nobody).proof, ScopeRef::Trust(id)).await;
        tokens.push((format!("trust, impersonating {impersonation}"), Some(token)));
    }
    let revoked = populated.token(Persona::Reader).await.unwrap();
    identity::revoke(populated.admin(), &SecretString::from(revoked.clone())).await.unwrap();
    tokens.push(("revoked".into(), Some(revoked)));
    tokens.push(("nonsense".into(), Some("nonsense".into())));
    tokens.push(("empty".into(), Some(String::new())));
    tokens
}

#[tokio::test]
async fn ours_and_theirs_judge_alike() {
    let mut keystone = Keystone::start(&KeystoneOptions::default()).unwrap();
    let populated = Populated::fill(&keystone, "http://127.0.0.1:9511/v1").await.unwrap();
    let tokens = tokens(&populated).await;
    let both = [true, false].map(|required| Both::start(&keystone, &populated, required));
    for both in &both {
        compare(both, &tokens).await;
    }

    let both = &both[0];
    let member = tokens.iter().find(|(name, _)| name == "member").and_then(|(_, token)| token.clone()).unwrap();
    let unknown = populated.token(Persona::Member).await.unwrap();
    keystone.stop();
    let request = |token| Request { token: Some(token), service_token: None, method: "GET", path: "/v1/clusters" };
    assert!(matches!(both.ours(&request(&member), None).await, Outcome::In(_)));
    assert_eq!(both.ours(&request(&member), None).await, both.theirs(&request(&member), None));
    for accept in ["application/json", "*/*", "text/plain"] {
        let theirs = both.theirs(&request(&unknown), Some(accept));
        assert_eq!(both.ours(&request(&unknown), Some(accept)).await, theirs, "{accept}");
        assert!(matches!(theirs, Outcome::Out(Rejection { status: 503, .. })), "{theirs:?}");
    }
}

/// Every token with every service token for every kind of request.
async fn compare(both: &Both, tokens: &[(String, Option<String>)]) {
    let service_token = both.service.token().await.unwrap().secret.expose_secret().to_owned();
    let member = tokens.iter().find(|(name, _)| name == "member").and_then(|(_, token)| token.clone()).unwrap();
    let services = [("none", None), ("service", Some(&*service_token)), ("member", Some(&*member)), ("nonsense", Some("nonsense"))];
    let requests = [
        ("GET", "/v1/clusters"),
        ("GET", "/v1/clusters/"),
        ("GET", "/v1/clusters/c1"),
        ("GET", "/v1/clusters/c1/nodegroups"),
        ("POST", "/v1/clusters"),
        ("POST", "/v1/clusters/c1/actions/resize"),
        ("POST", "/v1/clusters/c1/actions/a/b"),
        ("DELETE", "/v1/clusters/c1"),
    ];
    let (mut compared, mut let_in) = (0, 0);
    for (name, token) in tokens {
        for (service_name, service_token) in services {
            for (method, path) in requests {
                let request = Request { token: token.as_deref(), service_token, method, path };
                let ours = both.ours(&request, None).await;
                // Any token would do as a service token to get around the access rules; with us it does not.
                let around = !both.required && service_name == "member" && ["bound", "of another service"].contains(&&**name);
                if around {
                    let without = Request { service_token: None, ..request };
                    assert_eq!(matches!(ours, Outcome::In(_)), matches!(both.ours(&without, None).await, Outcome::In(_)));
                    assert!(matches!(both.theirs(&request, None), Outcome::In(_)));
                    continue;
                }
                assert_eq!(ours, both.theirs(&request, None), "token {name}, service token {service_name}, {method} {path}");
                compared += 1;
                let_in += usize::from(matches!(ours, Outcome::In(_)));
            }
        }
    }
    println!("{compared} requests were judged alike, {let_in} of them let in");
    assert!(let_in > 100 && compared - let_in > 100);
}
