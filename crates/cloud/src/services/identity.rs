// SPDX-License-Identifier: Apache-2.0
//! Keystone: tokens, who and what there is, trusts, application credentials.

use crate::call::{Call, Service};
use crate::error::Error;
use crate::lookup::Lookup;
use crate::session::Session;
use crate::token::{AccessRule, Token};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// Keystone.
pub static SERVICE: Service = Service { name: "Keystone", types: &["identity"], versions: &["v3"] };

/// A user.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct User {
    pub id: String,
    pub name: String,
    pub domain_id: String,
    #[serde(default = "yes")]
    pub enabled: bool,
}

/// A project.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Project {
    pub id: String,
    pub name: String,
    /// None: it is a domain itself.
    pub domain_id: Option<String>,
    #[serde(default = "yes")]
    pub enabled: bool,
}

/// A domain.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Domain {
    pub id: String,
    pub name: String,
    #[serde(default = "yes")]
    pub enabled: bool,
}

/// A role.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct RoleEntry {
    pub id: String,
    pub name: String,
    pub domain_id: Option<String>,
}

/// What a trust is to hand on.
#[derive(Debug, Clone)]
pub struct NewTrust<'a> {
    pub trustor_user_id: &'a str,
    pub trustee_user_id: &'a str,
    pub project_id: &'a str,
    /// Names of roles, each of which the trustor has.
    pub roles: &'a [String],
    /// Whether the trustee's tokens show the trustor as their user.
    pub impersonation: bool,
    /// Whether the trustee may make trusts of it.
    pub redelegation: bool,
}

/// What an application credential is to be.
#[derive(Debug, Clone, Default)]
pub struct NewApplicationCredential<'a> {
    pub name: &'a str,
    /// None: Keystone makes one.
    pub secret: Option<SecretString>,
    /// None: all that the user has on the session's project.
    pub roles: Option<&'a [String]>,
    pub access_rules: Option<&'a [AccessRule]>,
    pub expires_at: Option<Timestamp>,
    /// Whether it may make trusts and further credentials.
    pub unrestricted: bool,
}

/// An application credential that was made.
#[derive(Debug, Clone)]
pub struct MadeApplicationCredential {
    pub id: String,
    /// Keystone says it this once.
    pub secret: SecretString,
}

fn yes() -> bool {
    true
}

/// Asks about a token, by the session's right to do so. [`Error::NotFound`]: it is not good, for whatever reason.
/// `allow_expired`: also one whose time is over, as long as Keystone knows it. `catalogue`: whether its catalogue is wanted.
pub async fn validate(session: &Session, subject: &SecretString, allow_expired: bool, catalogue: bool) -> Result<Token, Error> {
    // Without the second header Keystone says nothing about tokens that are good for some requests only.
    let mut call = Call::get(&SERVICE, &["auth", "tokens"])
        .header("x-subject-token", subject.clone())
        .header("openstack-identity-access-rules", SecretString::from("1"));
    if allow_expired {
        call = call.query("allow_expired", "1");
    }
    if !catalogue {
        call = call.query("nocatalog", "");
    }
    let body = session.call(&call).await?.body;
    Token::parse(body).map_err(|what| garbled(&call, what))
}

/// Makes a token worthless.
pub async fn revoke(session: &Session, subject: &SecretString) -> Result<(), Error> {
    session.call(&Call::delete(&SERVICE, &["auth", "tokens"]).header("x-subject-token", subject.clone())).await.map(drop)
}

/// The user of this id.
pub async fn user(session: &Session, id: &str) -> Lookup<User> {
    one(session, "users", "user", id).await
}

/// The user of this name in a domain.
pub async fn find_user(session: &Session, name: &str, domain_id: &str) -> Lookup<User> {
    named(session, "users", name, Some(domain_id)).await
}

/// The project of this id.
pub async fn project(session: &Session, id: &str) -> Lookup<Project> {
    one(session, "projects", "project", id).await
}

/// The project of this name in a domain.
pub async fn find_project(session: &Session, name: &str, domain_id: &str) -> Lookup<Project> {
    named(session, "projects", name, Some(domain_id)).await
}

/// The domain of this id.
pub async fn domain(session: &Session, id: &str) -> Lookup<Domain> {
    one(session, "domains", "domain", id).await
}

/// The domain of this name.
pub async fn find_domain(session: &Session, name: &str) -> Lookup<Domain> {
    named(session, "domains", name, None).await
}

/// The role of this name that belongs to no domain.
pub async fn find_role(session: &Session, name: &str) -> Lookup<RoleEntry> {
    match named(session, "roles", name, None).await {
        Lookup::Found(RoleEntry { domain_id: Some(_), .. }) => Lookup::Missing,
        other => other,
    }
}

/// Makes a user, such as the one that stands for a cluster.
pub async fn create_user(session: &Session, name: &str, password: &SecretString, domain_id: &str) -> Result<User, Error> {
    let user = json!({"name": name, "password": password.expose_secret(), "domain_id": domain_id, "enabled": true});
    made(session, Call::post(&SERVICE, &["users"], json!({ "user": user })), "user").await
}

/// Takes a user away; one that is gone is no error.
pub async fn delete_user(session: &Session, id: &str) -> Result<(), Error> {
    gone(session, &["users", id]).await
}

/// Hands roles on. The session must be the trustor's. Answers the trust's id.
pub async fn create_trust(session: &Session, new: &NewTrust<'_>) -> Result<String, Error> {
    let roles: Vec<Value> = new.roles.iter().map(|name| json!({ "name": name })).collect();
    let trust = json!({
        "trustor_user_id": new.trustor_user_id, "trustee_user_id": new.trustee_user_id, "project_id": new.project_id,
        "roles": roles, "impersonation": new.impersonation, "allow_redelegation": new.redelegation
    });
    let trust: Identified = made(session, Call::post(&SERVICE, &["OS-TRUST", "trusts"], json!({ "trust": trust })), "trust").await?;
    Ok(trust.id)
}

/// Takes a trust back; one that is gone is no error.
pub async fn delete_trust(session: &Session, id: &str) -> Result<(), Error> {
    gone(session, &["OS-TRUST", "trusts", id]).await
}

/// Makes an application credential of the session's user for the session's project.
pub async fn create_application_credential(
    session: &Session,
    user_id: &str,
    new: &NewApplicationCredential<'_>,
) -> Result<MadeApplicationCredential, Error> {
    let mut wanted = json!({"name": new.name, "unrestricted": new.unrestricted});
    if let Some(secret) = &new.secret {
        wanted["secret"] = secret.expose_secret().into();
    }
    if let Some(roles) = new.roles {
        wanted["roles"] = roles.iter().map(|name| json!({ "name": name })).collect();
    }
    if let Some(rules) = new.access_rules {
        wanted["access_rules"] =
            rules.iter().map(|rule| json!({"service": rule.service, "method": rule.method, "path": rule.path})).collect();
    }
    if let Some(end) = new.expires_at {
        wanted["expires_at"] = end.strftime("%Y-%m-%dT%H:%M:%S.000000Z").to_string().into();
    }
    let path = ["users", user_id, "application_credentials"];
    let call = Call::post(&SERVICE, &path, json!({ "application_credential": wanted }));
    let made: MadeWire = made(session, call, "application_credential").await?;
    Ok(MadeApplicationCredential { id: made.id, secret: made.secret })
}

/// Takes an application credential away; one that is gone is no error.
pub async fn delete_application_credential(session: &Session, user_id: &str, id: &str) -> Result<(), Error> {
    gone(session, &["users", user_id, "application_credentials", id]).await
}

#[derive(Deserialize)]
struct Identified {
    id: String,
}

#[derive(Deserialize)]
struct MadeWire {
    id: String,
    secret: SecretString,
}

async fn one<T: DeserializeOwned>(session: &Session, list: &str, key: &str, id: &str) -> Lookup<T> {
    Lookup::of(made(session, Call::get(&SERVICE, &[list, id]), key).await)
}

async fn named<T: DeserializeOwned>(session: &Session, list: &str, name: &str, domain_id: Option<&str>) -> Lookup<T> {
    let mut call = Call::get(&SERVICE, &[list]).query("name", name);
    if let Some(domain_id) = domain_id {
        call = call.query("domain_id", domain_id);
    }
    let found = match session.list(call.clone(), list, 1).await {
        Ok(found) => found,
        Err(error) => return Lookup::failed(&error),
    };
    let views: Result<Vec<T>, _> = found.into_iter().map(serde_json::from_value).collect();
    views.map_or_else(|e| Lookup::failed(&garbled(&call, e.to_string())), Lookup::only)
}

/// The thing under `key` of a call's answer.
async fn made<T: DeserializeOwned>(session: &Session, call: Call, key: &str) -> Result<T, Error> {
    let mut body = session.call(&call).await?.body;
    let thing = body.get_mut(key).map(Value::take).unwrap_or_default();
    serde_json::from_value(thing).map_err(|e| garbled(&call, e.to_string()))
}

async fn gone(session: &Session, path: &[&str]) -> Result<(), Error> {
    match session.call(&Call::delete(&SERVICE, path)).await {
        Ok(_) | Err(Error::NotFound { .. }) => Ok(()),
        Err(error) => Err(error),
    }
}

fn garbled(call: &Call, what: String) -> Error {
    Error::Garbled { service: SERVICE.name, url: format!("/{}", call.path.join("/")), what }
}
