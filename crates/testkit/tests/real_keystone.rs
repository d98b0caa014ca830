// SPDX-License-Identifier: Apache-2.0
//! Tokens of every kind, judged by our validator with a real Keystone: Debian's package, SQLite, a loopback port.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "tests")]

use futures::future::join_all;
use magnum_cloud::{
    AccessRule, Call, Cloud, Credentials, Interface, Limits, Proof, Reach, Scope, ScopeRef, Session, Tls, Transport, UserRef, identity,
};
use magnum_conf::{Config, File, Sources};
use magnum_keystone::{AccessFault, Fault, Options, Refusal, Request, Validator};
use magnum_testkit::{Counting, Keystone, KeystoneOptions, Persona, Populated};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use std::sync::Arc;
use std::time::{Duration, Instant};

const MAGNUM: &str = "http://127.0.0.1:9511/v1";

async fn populated(token_life: u64) -> (Keystone, Populated) {
    let began = Instant::now();
    let options = KeystoneOptions { token_life: Duration::from_secs(token_life), ..KeystoneOptions::default() };
    let keystone = Keystone::start(&options).unwrap();
    let started = began.elapsed();
    let populated = match Populated::fill(&keystone, MAGNUM).await {
        Ok(populated) => populated,
        Err(error) => panic!("{error:?}\n{}", keystone.log()),
    };
    println!("Keystone answered after {started:.1?} and was filled after {:.1?}", began.elapsed());
    (keystone, populated)
}

fn config(text: &str) -> Config {
    Config::new(Sources { files: vec![File { name: "magnum.conf".into(), text: text.into() }], ..Sources::default() })
}

/// As the service makes it from `magnum.conf`, with all requests to `url`.
fn validator(populated: &Populated, url: &str, more: &str) -> Validator {
    let config = config(&format!("{}[keystone_authtoken]\n{more}", populated.magnum_conf(url)));
    let limits = Options::limits(&config).unwrap();
    // The catalogue says where Keystone itself is; here it is behind the relay that counts.
    let reach = Reach {
        interface: Interface::Internal,
        region: None,
        url: Some(url.to_owned()),
        transport: Transport::new(&Tls::default(), limits).unwrap(),
    };
    let cloud = Cloud::from_config(&config, "keystone_authtoken", limits).unwrap().reaching(&identity::SERVICE, reach);
    let credentials = Credentials::from_config(&config, "keystone_authtoken").unwrap();
    Validator::new(Session::new(Arc::new(cloud), credentials), Options::from_config(&config).unwrap())
}

fn request<'a>(token: &'a str, method: &'a str, path: &'a str) -> Request<'a> {
    Request { token: Some(token), service_token: None, method, path }
}

async fn secret(session: &Session) -> String {
    session.token().await.unwrap().secret.expose_secret().to_owned()
}

#[tokio::test]
async fn every_persona_is_who_he_is() {
    let (keystone, populated) = populated(3600).await;
    let validator = validator(&populated, &keystone.url(), "");
    for (persona, roles) in [
        (Persona::Reader, &["reader"][..]),
        (Persona::Member, &["member", "reader"]),
        (Persona::Admin, &["admin", "member", "reader"]),
        (Persona::OtherProject, &["member", "reader"]),
        (Persona::SystemReader, &["reader"]),
        (Persona::SystemAdmin, &["admin", "member", "reader"]),
        (Persona::DomainReader, &["reader"]),
        (Persona::Nobody, &[]),
    ] {
        let token = populated.token(persona).await.unwrap();
        let caller = validator.authenticate(&request(&token, "GET", "/v1/clusters")).await.unwrap();
        let token = caller.token;
        let mut names: Vec<&str> = token.role_names().collect();
        names.sort_unstable();
        assert_eq!(names, roles, "{persona:?}");
        assert_eq!((&*token.user.name, &*token.user.domain.name), (persona.user(), "Default"));
        assert_eq!(token.user.id, populated.user_id(persona).await.unwrap());
        match (persona, &token.scope) {
            (Persona::OtherProject, Scope::Project(project)) => assert_eq!((&*project.id, &*project.name), (populated.other(), "other")),
            (Persona::SystemReader | Persona::SystemAdmin, Scope::System) | (Persona::Nobody, Scope::Unscoped) => {}
            (Persona::DomainReader, Scope::Domain(domain)) => assert_eq!((&*domain.id, &*domain.name), ("default", "Default")),
            (Persona::Reader | Persona::Member | Persona::Admin, Scope::Project(project)) => {
                assert_eq!((&*project.id, &*project.domain.name), (populated.demo(), "Default"));
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(token.catalogue.as_ref().is_some_and(|c| c.has_type("container-infra")), persona != Persona::Nobody, "{persona:?}");
        assert!(!token.audit_ids.is_empty() && token.methods == ["password"]);
    }
    let wrong = validator.authenticate(&request("gAAAAABnonsense", "GET", "/v1/clusters")).await;
    assert_eq!(wrong.map(drop), Err(Refusal::Invalid(Fault::Unknown)));
}

#[tokio::test]
async fn application_credentials_and_trusts_are_held_to_what_they_are_for() {
    let (keystone, populated) = populated(3600).await;
    let validator = validator(&populated, &keystone.url(), "");
    let member = populated.session(Persona::Member);
    let member_id = populated.user_id(Persona::Member).await.unwrap();
    let rule = |method: &str, path: &str| AccessRule { service: "container-infra".into(), method: method.into(), path: path.into() };
    let rules = [rule("GET", "/v1/clusters"), rule("GET", "/v1/clusters/*"), rule("POST", "/v1/clusters/{id}/actions/**")];
    let login = |proof: Proof, scope| Session::new(Arc::clone(populated.cloud()), Credentials { proof, scope, origin: "test".into() });
    for (name, rules) in [("free", None), ("bound", Some(&rules[..]))] {
        let new = identity::NewApplicationCredential { name, access_rules: rules, ..Default::default() };
        let made = identity::create_application_credential(&member, &member_id, &new).await.unwrap();
        let by_id = login(Proof::ApplicationCredential { id: made.id.clone(), secret: made.secret.clone() }, ScopeRef::Default);
        let named = Proof::NamedApplicationCredential { name: name.into(), user: UserRef::Id(member_id.clone()), secret: made.secret };
        let by_name = login(named, ScopeRef::Default);
        for session in [&by_id, &by_name] {
            let token = secret(session).await;
            for (method, path, allowed) in [
                ("GET", "/v1/clusters", true),
                ("GET", "/v1/clusters/c1", true),
                ("GET", "/v1/clusters/c1/nodegroups", false),
                ("POST", "/v1/clusters/c1/actions/resize", true),
                ("POST", "/v1/clusters", false),
                ("DELETE", "/v1/clusters/c1", false),
            ] {
                let outcome = validator.authenticate(&request(&token, method, path)).await;
                if rules.is_none() || allowed {
                    let credential = outcome.unwrap().token.application_credential.clone().unwrap();
                    assert_eq!((credential.id, &*credential.name, credential.restricted), (made.id.clone(), name, true));
                } else {
                    assert_eq!(outcome.map(drop), Err(Refusal::Invalid(Fault::AccessRules(AccessFault::NoRule))), "{method} {path}");
                }
            }
        }
        let token = secret(&by_id).await;
        identity::delete_application_credential(&member, &member_id, &made.id).await.unwrap();
        validator.forget(&token);
        assert_eq!(validator.validate(&token, false).await, Err(Refusal::Invalid(Fault::Unknown)), "{name} was deleted");
    }
    let short = populated.short_lived_token(Persona::Member, Duration::from_secs(4)).await.unwrap();
    let token = validator.validate(&short, false).await.unwrap();
    let life = token.expires_at.duration_since(jiff::Timestamp::now());
    assert!(life.as_secs() <= 4, "the token outlives its application credential: {life:?}");
    let began = Instant::now();
    while validator.validate(&short, false).await.is_ok() {
        assert!(began.elapsed() < Duration::from_secs(20), "never expired");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(validator.validate(&short, false).await, Err(Refusal::Invalid(Fault::Expired)));
    let trustee_id = populated.user_id(Persona::Nobody).await.unwrap();
    let trustee = |trust: &str| login(populated.credentials(Persona::Nobody).proof, ScopeRef::Trust(trust.to_owned()));
    for impersonation in [true, false] {
        let new = identity::NewTrust {
            trustor_user_id: &member_id,
            trustee_user_id: &trustee_id,
            project_id: populated.demo(),
            roles: &["member".to_owned()],
            impersonation,
            redelegation: false,
        };
        let id = identity::create_trust(&member, &new).await.unwrap();
        let secret = secret(&trustee(&id)).await;
        let token = validator.validate(&secret, false).await.unwrap();
        let trust = token.trust.clone().unwrap();
        assert_eq!((trust.id, trust.impersonation), (id.clone(), impersonation));
        assert_eq!(trust.trustor_user_id.as_deref(), Some(&*member_id));
        assert_eq!(token.user.id, if impersonation { &member_id } else { &trustee_id }.as_str());
        assert_eq!(token.project().map(|project| &*project.id), Some(populated.demo()));
        identity::delete_trust(&member, &id).await.unwrap();
        identity::delete_trust(&member, &id).await.unwrap();
        validator.forget(&secret);
        assert_eq!(validator.validate(&secret, false).await, Err(Refusal::Invalid(Fault::Unknown)));
    }
}

#[tokio::test]
async fn what_is_revoked_works_no_longer_than_the_cache_remembers() {
    let (keystone, populated) = populated(3600).await;
    let relay = Counting::before(keystone.port()).unwrap();
    let validator = validator(&populated, &relay.url(), "token_cache_time = 5\n");
    let admin = populated.admin();
    let revoked = populated.token(Persona::Reader).await.unwrap();
    let disabled = populated.token(Persona::Member).await.unwrap();
    let learnt = Instant::now();
    for token in [&revoked, &disabled] {
        validator.validate(token, false).await.unwrap();
    }
    identity::revoke(admin, &SecretString::from(revoked.clone())).await.unwrap();
    let user = populated.user_id(Persona::Member).await.unwrap();
    let disable = Call::patch(&identity::SERVICE, &["users", &user], json!({"user": {"enabled": false}}));
    admin.call(&disable).await.unwrap();
    for token in [&revoked, &disabled] {
        let outcome = validator.validate(token, false).await;
        assert!(outcome.is_ok() || learnt.elapsed() > Duration::from_secs(5), "within the cache's time Keystone is not asked");
    }
    for token in [&revoked, &disabled] {
        let began = Instant::now();
        loop {
            match validator.validate(token, false).await {
                Ok(_) => tokio::time::sleep(Duration::from_millis(20)).await,
                Err(refusal) => break assert_eq!(refusal, Refusal::Invalid(Fault::Unknown)),
            }
            assert!(began.elapsed() < Duration::from_secs(10), "never noticed");
        }
    }
    let asked = relay.count("GET /v3/auth/tokens");
    assert_eq!(validator.validate(&revoked, false).await, Err(Refusal::Invalid(Fault::Unknown)));
    assert_eq!((asked, relay.count("GET /v3/auth/tokens")), (4, 4), "a token known to be wrong is not asked about");
}

#[tokio::test]
async fn two_hundred_requests_with_a_new_token_ask_once_and_reads_after_that_never() {
    let (keystone, populated) = populated(3600).await;
    let relay = Counting::before(keystone.port()).unwrap();
    let validator = validator(&populated, &relay.url(), "");
    let token = populated.token(Persona::Member).await.unwrap();
    let request = request(&token, "GET", "/v1/clusters");
    let outcomes = join_all((0..200).map(|_| validator.authenticate(&request))).await;
    assert!(outcomes.iter().all(Result::is_ok));
    assert_eq!((relay.count("GET /v3/auth/tokens"), relay.count("POST /v3/auth/tokens"), relay.count("")), (1, 1, 2));
    let began = Instant::now();
    for _ in 0..10_000 {
        validator.authenticate(&request).await.unwrap();
    }
    println!("10,000 cached validations took {:.1?}", began.elapsed());
    assert_eq!(relay.count(""), 2, "a read with a known token asked Keystone");
    let second = populated.token(Persona::Reader).await.unwrap();
    validator.validate(&second, false).await.unwrap();
    assert_eq!(relay.count(""), 3, "our own token is used again");
}

#[tokio::test]
async fn tokens_end_and_only_a_service_may_still_use_them_while_our_own_is_renewed() {
    let (keystone, populated) = populated(6).await;
    let relay = Counting::before(keystone.port()).unwrap();
    let validator = validator(&populated, &relay.url(), "");
    let member = populated.token(Persona::Member).await.unwrap();
    let first = validator.validate(&member, false).await.unwrap();
    let logins = relay.count("POST /v3/auth/tokens");
    let began = Instant::now();
    while validator.validate(&member, false).await.is_ok() {
        assert!(began.elapsed() < Duration::from_secs(20), "never expired");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(validator.validate(&member, false).await, Err(Refusal::Invalid(Fault::Expired)));
    validator.forget(&member);
    assert_eq!(validator.validate(&member, false).await, Err(Refusal::Invalid(Fault::Unknown)), "Keystone says no more of it");
    assert!(relay.count("POST /v3/auth/tokens") > logins, "our own token was not renewed");
    let config = config(&populated.magnum_conf(&keystone.url()));
    let service = Session::new(Arc::clone(populated.cloud()), Credentials::from_config(&config, "keystone_authtoken").unwrap());
    let service = secret(&service).await;
    let other = populated.token(Persona::OtherMember).await.unwrap();
    let chained = |service_token| Request { service_token, ..request(&member, "GET", "/v1/clusters") };
    let caller = validator.authenticate(&chained(Some(&service))).await.unwrap();
    assert_eq!(caller.token.user, first.user);
    assert!(caller.service.unwrap().role_names().any(|role| role == "service"));
    for (service_token, fault) in [(None, Fault::Expired), (Some(&*other), Fault::ServiceRoles), (Some("gAAAAA"), Fault::ServiceToken)] {
        assert_eq!(validator.authenticate(&chained(service_token)).await.map(drop), Err(Refusal::Invalid(fault)), "{fault:?}");
    }
}

#[tokio::test]
async fn an_outage_spares_who_is_known_and_ends_by_itself() {
    let (mut keystone, populated) = populated(3600).await;
    let validator = validator(&populated, &keystone.url(), "");
    let (known, new) = (populated.token(Persona::Member).await.unwrap(), populated.token(Persona::Reader).await.unwrap());
    validator.validate(&known, false).await.unwrap();
    keystone.stop();
    validator.validate(&known, false).await.unwrap();
    let began = Instant::now();
    let Err(Refusal::Unavailable(reason)) = validator.validate(&new, false).await else { panic!("not unavailable") };
    assert!(reason.contains(&keystone.url()) && reason.contains("refused"), "{reason}");
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    keystone.up().unwrap();
    validator.validate(&new, false).await.unwrap();
    validator.validate(&known, false).await.unwrap();
}

#[tokio::test]
async fn wrong_credentials_of_the_service_are_named_with_their_place() {
    let (keystone, populated) = populated(3600).await;
    let token = populated.token(Persona::Member).await.unwrap();
    let url = keystone.url();
    for (more, expected) in [
        (
            "password = wrong\n",
            format!(
                "Keystone at {url} refuses the credentials of [keystone_authtoken] (user magnum of domain Default for project service): \
                 The request you have made requires authentication."
            ),
        ),
        (
            "username = reader\nproject_name = demo\n",
            "Keystone does not let the credentials of [keystone_authtoken] (user reader of domain Default for project demo) check tokens: \
             You are not authorized to perform the requested action: identity:validate_token.; give them the role service or admin"
                .to_owned(),
        ),
    ] {
        let config = config(&format!("{}[keystone_authtoken]\n{more}", populated.magnum_conf(&url)));
        let cloud = Cloud::from_config(&config, "keystone_authtoken", Limits::default()).unwrap();
        let credentials = Credentials::from_config(&config, "keystone_authtoken").unwrap();
        let validator = Validator::new(Session::new(Arc::new(cloud), credentials), Options::default());
        assert_eq!(validator.validate(&token, false).await, Err(Refusal::Unavailable(expected)));
    }
}

#[tokio::test]
async fn certificates_are_checked_as_the_options_say() {
    let keystone = Keystone::start(&KeystoneOptions { tls: true, ..KeystoneOptions::default() }).unwrap();
    let secure = keystone.secure().unwrap();
    let file = |name: &str| secure.authority.file(name);
    let trusted = format!("cafile = {}\n", file("ca.pem"));
    let shown = format!("{trusted}certfile = {}\nkeyfile = {}\n", file("client.pem"), file("client.key"));
    let user = format!("username = admin\npassword = {}\nproject_name = admin\n", keystone.admin_password());
    let login = async |url: &str, more: &str| {
        let config = config(&format!("[keystone_authtoken]\nauth_url = {url}\n{user}{more}"));
        let cloud = Arc::new(Cloud::from_config(&config, "keystone_authtoken", Limits::default()).unwrap());
        let session = Session::new(cloud, Credentials::from_config(&config, "keystone_authtoken").unwrap());
        session.token().await.map(|issued| issued.token.user.name.clone()).map_err(|error| error.to_string())
    };
    for (url, more) in [(&secure.url, &*trusted), (&secure.url, "insecure = true\n"), (&secure.mutual_url, &shown)] {
        assert_eq!(login(url, more).await.as_deref(), Ok("admin"), "{more}");
    }
    let unknown = login(&secure.url, "").await.unwrap_err();
    assert!(unknown.starts_with(&format!("Keystone at {}/auth/tokens is not available: ", secure.url)), "{unknown}");
    assert!(unknown.contains("certificate"), "{unknown}");
    assert!(login(&secure.mutual_url, &trusted).await.is_err(), "let in without a certificate");
    assert!(login(&secure.url.replace("https", "http"), &trusted).await.is_err());
}
