// SPDX-License-Identifier: Apache-2.0
//! How somebody proves to Keystone who he is, and what the token is to be for.

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value, json};

/// A domain, by id or by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DomainRef {
    Id(String),
    Name(String),
}

/// A user, by id, or by name in a domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UserRef {
    Id(String),
    Name { name: String, domain: DomainRef },
}

/// A project, by id, or by name in a domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProjectRef {
    Id(String),
    Name { name: String, domain: DomainRef },
}

/// What the token is to be for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScopeRef {
    /// What Keystone chooses: the application credential's project, the user's default project, the scope of the token that is
    /// shown, or nothing.
    Default,
    Unscoped,
    Project(ProjectRef),
    Domain(DomainRef),
    System,
    /// The project of this trust.
    Trust(String),
}

/// What is shown to Keystone.
#[derive(Debug, Clone)]
pub enum Proof {
    Password {
        user: UserRef,
        password: SecretString,
    },
    ApplicationCredential {
        id: String,
        secret: SecretString,
    },
    /// By its name, which is good within one user.
    NamedApplicationCredential {
        name: String,
        user: UserRef,
        secret: SecretString,
    },
    /// Another token.
    Token(SecretString),
}

/// Proof and scope.
#[derive(Debug, Clone)]
pub struct Credentials {
    pub proof: Proof,
    pub scope: ScopeRef,
    /// Where they stand, for messages: `[keystone_authtoken]`.
    pub origin: String,
}

impl Credentials {
    /// User and password for a project, all by name in one domain.
    pub fn password(user: &str, password: &str, project: &str, domain: &str) -> Self {
        let domain = || DomainRef::Name(domain.to_owned());
        Self {
            proof: Proof::Password {
                user: UserRef::Name { name: user.to_owned(), domain: domain() },
                password: SecretString::from(password),
            },
            scope: ScopeRef::Project(ProjectRef::Name { name: project.to_owned(), domain: domain() }),
            origin: format!("user {user}"),
        }
    }

    /// The same proof for something else.
    pub fn scoped(self, scope: ScopeRef) -> Self {
        Self { scope, ..self }
    }

    /// The body of `POST /v3/auth/tokens`. It holds the secret.
    pub(crate) fn body(&self) -> Value {
        let (method, data) = match &self.proof {
            Proof::Password { user, password } => {
                let mut user = user.json();
                user.insert("password".to_owned(), password.expose_secret().into());
                ("password", json!({ "user": user }))
            }
            Proof::ApplicationCredential { id, secret } => ("application_credential", json!({"id": id, "secret": secret.expose_secret()})),
            Proof::NamedApplicationCredential { name, user, secret } => {
                ("application_credential", json!({"name": name, "user": user.json(), "secret": secret.expose_secret()}))
            }
            Proof::Token(token) => ("token", json!({"id": token.expose_secret()})),
        };
        let mut auth = json!({"identity": {"methods": [method], method: data}});
        match &self.scope {
            ScopeRef::Default => {}
            ScopeRef::Unscoped => auth["scope"] = "unscoped".into(),
            ScopeRef::Project(ProjectRef::Id(id)) => auth["scope"] = json!({"project": {"id": id}}),
            ScopeRef::Project(ProjectRef::Name { name, domain }) => {
                auth["scope"] = json!({"project": {"name": name, "domain": domain.json()}});
            }
            ScopeRef::Domain(domain) => auth["scope"] = json!({"domain": domain.json()}),
            ScopeRef::System => auth["scope"] = json!({"system": {"all": true}}),
            ScopeRef::Trust(id) => auth["scope"] = json!({"OS-TRUST:trust": {"id": id}}),
        }
        json!({ "auth": auth })
    }

    /// Who it is, in words and without the secret.
    pub(crate) fn who(&self) -> String {
        let user = |user: &UserRef| match user {
            UserRef::Id(id) => format!("user {id}"),
            UserRef::Name { name, domain: DomainRef::Name(domain) | DomainRef::Id(domain) } => format!("user {name} of domain {domain}"),
        };
        let who = match &self.proof {
            Proof::Password { user: name, .. } => user(name),
            Proof::ApplicationCredential { id, .. } => format!("application credential {id}"),
            Proof::NamedApplicationCredential { name, user: owner, .. } => format!("application credential {name} of {}", user(owner)),
            Proof::Token(_) => "a token".to_owned(),
        };
        match &self.scope {
            ScopeRef::Default | ScopeRef::Unscoped => who,
            ScopeRef::Project(ProjectRef::Id(project) | ProjectRef::Name { name: project, .. }) => format!("{who} for project {project}"),
            ScopeRef::Domain(DomainRef::Id(domain) | DomainRef::Name(domain)) => format!("{who} for domain {domain}"),
            ScopeRef::System => format!("{who} for the system"),
            ScopeRef::Trust(id) => format!("{who} through trust {id}"),
        }
    }
}

impl DomainRef {
    fn json(&self) -> Value {
        match self {
            Self::Id(id) => json!({ "id": id }),
            Self::Name(name) => json!({ "name": name }),
        }
    }
}

impl UserRef {
    fn json(&self) -> Map<String, Value> {
        let mut user = Map::new();
        match self {
            Self::Id(id) => drop(user.insert("id".to_owned(), id.as_str().into())),
            Self::Name { name, domain } => {
                user.insert("name".to_owned(), name.as_str().into());
                user.insert("domain".to_owned(), domain.json());
            }
        }
        user
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_proof_and_every_scope_becomes_keystones_body() {
        let user = || UserRef::Name { name: "u".into(), domain: DomainRef::Id("default".into()) };
        let credential = |proof, scope| Credentials { proof, scope, origin: "[x]".into() }.body()["auth"].clone();
        let secret = || SecretString::from("s");
        for (proof, scope, expected) in [
            (
                Proof::Password { user: user(), password: secret() },
                ScopeRef::Project(ProjectRef::Name { name: "p".into(), domain: DomainRef::Name("D".into()) }),
                json!({"identity": {"methods": ["password"], "password": {"user": {"name": "u", "domain": {"id": "default"}, "password": "s"}}},
                       "scope": {"project": {"name": "p", "domain": {"name": "D"}}}}),
            ),
            (
                Proof::Password { user: UserRef::Id("7".into()), password: secret() },
                ScopeRef::Domain(DomainRef::Name("D".into())),
                json!({"identity": {"methods": ["password"], "password": {"user": {"id": "7", "password": "s"}}}, "scope": {"domain": {"name": "D"}}}),
            ),
            (
                Proof::ApplicationCredential { id: "c".into(), secret: secret() },
                ScopeRef::Default,
                json!({"identity": {"methods": ["application_credential"], "application_credential": {"id": "c", "secret": "s"}}}),
            ),
            (
                Proof::NamedApplicationCredential { name: "c".into(), user: user(), secret: secret() },
                ScopeRef::Default,
                json!({"identity": {"methods": ["application_credential"],
                       "application_credential": {"name": "c", "user": {"name": "u", "domain": {"id": "default"}}, "secret": "s"}}}),
            ),
            (
                Proof::Token(secret()),
                ScopeRef::Trust("t".into()),
                json!({"identity": {"methods": ["token"], "token": {"id": "s"}}, "scope": {"OS-TRUST:trust": {"id": "t"}}}),
            ),
            (
                Proof::Token(secret()),
                ScopeRef::System,
                json!({"identity": {"methods": ["token"], "token": {"id": "s"}}, "scope": {"system": {"all": true}}}),
            ),
            (
                Proof::Token(secret()),
                ScopeRef::Unscoped,
                json!({"identity": {"methods": ["token"], "token": {"id": "s"}}, "scope": "unscoped"}),
            ),
        ] {
            assert_eq!(credential(proof, scope), expected);
        }
    }

    #[test]
    fn the_secret_is_in_no_text() {
        let credentials = Credentials::password("magnum", "pa55", "service", "Default");
        assert_eq!(credentials.who(), "user magnum of domain Default for project service");
        assert!(!format!("{credentials:?}").contains("pa55"));
    }
}
