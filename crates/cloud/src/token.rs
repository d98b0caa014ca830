// SPDX-License-Identifier: Apache-2.0
//! A token's document: whom it speaks for, for what, until when. One form, whether Keystone issues it or is asked about it.

use crate::catalogue::Catalogue;
use jiff::Timestamp;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use std::sync::Arc;

/// Something with an id and a name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Named {
    pub id: String,
    pub name: String,
}

/// A user or a project with its domain.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Owned {
    pub id: String,
    pub name: String,
    #[serde(default)]
    pub domain: Named,
}

/// What the token may be used on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    Project(Owned),
    Domain(Named),
    /// The whole installation.
    System,
    /// Nothing but Keystone itself.
    Unscoped,
}

/// A role that the token carries.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Role {
    #[serde(default)]
    pub id: String,
    pub name: String,
}

/// The trust a token was got through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trust {
    pub id: String,
    /// Whether the token shows the trustor as its user.
    pub impersonation: bool,
    pub trustor_user_id: Option<String>,
    pub trustee_user_id: Option<String>,
}

/// The application credential a token was got with.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ApplicationCredential {
    pub id: String,
    #[serde(default)]
    pub name: String,
    /// Whether it may not make trusts and further credentials.
    #[serde(default)]
    pub restricted: bool,
    /// None: any request. Otherwise one of these must fit.
    #[serde(default)]
    pub access_rules: Option<Vec<AccessRule>>,
}

/// A request that an application credential allows.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct AccessRule {
    /// Type of the service, such as `container-infra`.
    pub service: String,
    pub method: String,
    /// `*` and `{name}` stand for one part of the path, `**` for any number of them.
    pub path: String,
}

/// Whom a token speaks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    pub user: Owned,
    pub scope: Scope,
    pub roles: Vec<Role>,
    pub trust: Option<Trust>,
    pub application_credential: Option<ApplicationCredential>,
    /// True also when Keystone does not say, as keystoneauth has it.
    pub is_admin_project: bool,
    pub methods: Vec<String>,
    pub audit_ids: Vec<String>,
    pub issued_at: Option<Timestamp>,
    pub expires_at: Timestamp,
    /// None when Keystone was asked to leave it out, or the token has no scope.
    pub catalogue: Option<Arc<Catalogue>>,
}

#[derive(Deserialize)]
struct Document {
    token: Wire,
}

#[derive(Deserialize)]
struct Wire {
    user: Owned,
    project: Option<Owned>,
    domain: Option<Named>,
    system: Option<WireSystem>,
    #[serde(default)]
    roles: Vec<Role>,
    #[serde(rename = "OS-TRUST:trust")]
    trust: Option<WireTrust>,
    application_credential: Option<ApplicationCredential>,
    is_admin_project: Option<bool>,
    #[serde(default)]
    methods: Vec<String>,
    #[serde(default)]
    audit_ids: Vec<String>,
    #[serde(default, deserialize_with = "optional_moment")]
    issued_at: Option<Timestamp>,
    #[serde(deserialize_with = "moment")]
    expires_at: Timestamp,
    catalog: Option<Value>,
}

#[derive(Deserialize)]
struct WireSystem {
    #[serde(default)]
    all: bool,
}

#[derive(Deserialize)]
struct WireTrust {
    id: String,
    #[serde(default)]
    impersonation: bool,
    trustor_user: Option<WireId>,
    trustee_user: Option<WireId>,
}

#[derive(Deserialize)]
struct WireId {
    id: String,
}

/// A time in UTC, whose `Z` Keystone forgets where an application credential ends before its token would.
fn moment<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().or_else(|_| format!("{text}Z").parse()).map_err(serde::de::Error::custom)
}

fn optional_moment<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    #[derive(Deserialize)]
    struct Moment(#[serde(deserialize_with = "moment")] Timestamp);
    Ok(Option::<Moment>::deserialize(deserializer)?.map(|moment| moment.0))
}

impl Token {
    /// From Keystone's document. The error says which part is not as the API has it.
    pub fn parse(document: Value) -> Result<Self, String> {
        let wire = serde_json::from_value::<Document>(document).map_err(|e| e.to_string())?.token;
        let scope = match (wire.project, wire.domain, wire.system) {
            (Some(project), None, None) => Scope::Project(project),
            (None, Some(domain), None) => Scope::Domain(domain),
            (None, None, Some(WireSystem { all: true })) => Scope::System,
            (None, None, Some(_) | None) => Scope::Unscoped,
            _ => return Err("a token with several scopes".to_owned()),
        };
        let id = |wire: WireId| wire.id;
        Ok(Self {
            user: wire.user,
            scope,
            roles: wire.roles,
            trust: wire.trust.map(|trust| Trust {
                id: trust.id,
                impersonation: trust.impersonation,
                trustor_user_id: trust.trustor_user.map(id),
                trustee_user_id: trust.trustee_user.map(id),
            }),
            application_credential: wire.application_credential,
            is_admin_project: wire.is_admin_project.unwrap_or(true),
            methods: wire.methods,
            audit_ids: wire.audit_ids,
            issued_at: wire.issued_at,
            expires_at: wire.expires_at,
            catalogue: wire.catalog.map(|catalog| Arc::new(Catalogue::parse(&catalog))),
        })
    }

    /// The project it is for, if it is for one.
    pub fn project(&self) -> Option<&Owned> {
        if let Scope::Project(project) = &self.scope { Some(project) } else { None }
    }

    /// Names of its roles.
    pub fn role_names(&self) -> impl Iterator<Item = &str> {
        self.roles.iter().map(|role| role.name.as_str())
    }

    /// Whether its time is over.
    pub fn expired(&self, now: Timestamp) -> bool {
        self.expires_at < now
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn document(extra: Value) -> Value {
        let mut token = json!({
            "user": {"id": "u1", "name": "demo", "domain": {"id": "default", "name": "Default"}, "password_expires_at": null},
            "methods": ["password"], "audit_ids": ["a"], "expires_at": "2026-11-25T20:00:00.000000Z", "issued_at": "2026-11-25T19:00:00.000000Z"
        });
        for (name, value) in extra.as_object().unwrap() {
            token[name] = value.clone();
        }
        json!({ "token": token })
    }

    #[test]
    fn every_scope_is_told_from_the_others() {
        let project = json!({"id": "p", "name": "service", "domain": {"id": "default", "name": "Default"}});
        for (extra, expected) in [
            (json!({}), Scope::Unscoped),
            (json!({"project": project}), Scope::Project(serde_json::from_value(project.clone()).unwrap())),
            (json!({"domain": {"id": "d", "name": "magnum"}}), Scope::Domain(Named { id: "d".into(), name: "magnum".into() })),
            (json!({"system": {"all": true}}), Scope::System),
            (json!({"system": {"all": false}}), Scope::Unscoped),
        ] {
            assert_eq!(Token::parse(document(extra.clone())).unwrap().scope, expected, "{extra}");
        }
        assert!(Token::parse(document(json!({"project": project, "system": {"all": true}}))).is_err());
    }

    #[test]
    fn trusts_credentials_and_their_rules_are_kept() {
        let token = Token::parse(document(json!({
            "roles": [{"id": "r", "name": "member"}],
            "OS-TRUST:trust": {"id": "t", "impersonation": true, "trustor_user": {"id": "a"}, "trustee_user": {"id": "b"}},
            "application_credential": {"id": "c", "name": "n", "restricted": true, "access_rules": [
                {"id": "x", "service": "container-infra", "method": "GET", "path": "/v1/clusters"}]},
            "is_admin_project": false
        })))
        .unwrap();
        assert_eq!(token.role_names().collect::<Vec<_>>(), ["member"]);
        assert_eq!(token.trust.as_ref().unwrap().trustor_user_id.as_deref(), Some("a"));
        assert_eq!(token.application_credential.as_ref().unwrap().access_rules.as_ref().unwrap().len(), 1);
        assert!(!token.is_admin_project);
        let plain = Token::parse(document(json!({"application_credential": {"id": "c"}}))).unwrap();
        assert!(plain.is_admin_project && plain.application_credential.unwrap().access_rules.is_none());
        let empty = Token::parse(document(json!({"application_credential": {"id": "c", "access_rules": []}}))).unwrap();
        assert_eq!(empty.application_credential.unwrap().access_rules, Some(Vec::new()));
    }

    #[test]
    fn what_is_no_token_is_refused_in_words() {
        for bad in [json!({}), json!([]), json!({"token": {}}), document(json!({"expires_at": "never"}))] {
            assert!(Token::parse(bad.clone()).is_err(), "{bad}");
        }
    }

    #[test]
    fn times_are_utc_with_or_without_saying_so() {
        for text in ["2026-11-25T20:00:00.000000Z", "2026-11-25T20:00:00Z", "2026-11-25T20:00:00", "2026-11-25T21:00:00+01:00"] {
            let token = Token::parse(document(json!({"expires_at": text, "issued_at": null}))).unwrap();
            assert_eq!((token.expires_at, token.issued_at), ("2026-11-25T20:00:00Z".parse().unwrap(), None), "{text}");
        }
    }

    #[test]
    fn time_is_over_after_the_last_moment() {
        let token = Token::parse(document(json!({}))).unwrap();
        assert!(!token.expired("2026-11-25T20:00:00Z".parse().unwrap()));
        assert!(token.expired("2026-11-25T20:00:00.000001Z".parse().unwrap()));
    }
}
