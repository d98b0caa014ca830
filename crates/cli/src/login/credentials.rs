// SPDX-License-Identifier: Apache-2.0
//! From what is said to what is shown to Keystone: the way of logging in, who one is, and what the token is to be for.

use super::values::{Values, remedy};
use crate::error::Error;
use magnum_cloud::{Credentials, DomainRef, ProjectRef, Proof, ScopeRef, UserRef};
use secrecy::SecretString;

/// How one lets Magnum know who one is.
#[derive(Debug)]
pub(super) enum Way {
    /// By a token of Keystone.
    Keystone(Box<Credentials>),
    /// By this token, to the address that was given: no Keystone is asked.
    Token(SecretString),
    /// Not at all, as some test servers have it.
    None,
}

/// Asks the person at the terminal for a secret; none where nobody is.
pub(super) type Ask<'a> = &'a dyn Fn(&str) -> Option<SecretString>;

/// What the settings amount to.
pub(super) fn way(values: &Values, ask: Ask<'_>) -> Result<Way, Error> {
    if let Some(version) = values.text("identity_api_version").filter(|version| version.trim_start_matches('v').starts_with('2')) {
        return Err(Error::Usage {
            message: format!("{} asks for version {version} of Keystone's API, which is gone", values.origin_of("identity_api_version")),
            hint: Some("set it to 3".to_owned()),
        });
    }
    let kind = values.text("auth_type");
    let proof = match kind.as_deref() {
        None if values.secret("application_credential_secret").is_some() => application_credential(values)?,
        None if has_token_only(values) => token(values)?,
        None | Some("password" | "v3password") => password(values, ask)?,
        Some("token" | "v3token") => token(values)?,
        Some("v3applicationcredential" | "applicationcredential" | "application_credential") => application_credential(values)?,
        Some("admin_token" | "token_endpoint") => {
            return values.secret("token").map(Way::Token).ok_or_else(|| missing(values, "token", "token"));
        }
        Some("none" | "None" | "noauth") => return Ok(Way::None),
        Some(other) => {
            let message = format!("{} is {other:?}, which is no way to log in that this program knows", values.origin_of("auth_type"));
            let hint = "use password, token, v3applicationcredential, admin_token or none; with a token of another program: token";
            return Err(Error::Usage { message, hint: Some(hint.to_owned()) });
        }
    };
    let scope = if matches!(proof, Proof::ApplicationCredential { .. } | Proof::NamedApplicationCredential { .. }) {
        // It is for one project, which Keystone knows.
        ScopeRef::Default
    } else {
        scope(values)?
    };
    Ok(Way::Keystone(Box::new(Credentials { proof, scope, origin: values.origin.clone() })))
}

/// A setting that is needed and not there.
pub(super) fn missing(values: &Values, key: &str, what: &str) -> Error {
    Error::Usage { message: format!("{} names no {what} to log in with", values.origin), hint: Some(remedy(values, key)) }
}

fn has_token_only(values: &Values) -> bool {
    values.secret("token").is_some() && values.text("username").is_none() && values.text("user_id").is_none()
}

fn password(values: &Values, ask: Ask<'_>) -> Result<Proof, Error> {
    let user = user(values)?;
    let asked = || ask(&format!("Password of {} at {}: ", called(&user), values.text("auth_url").unwrap_or_default()));
    let password = values.secret("password").or_else(asked).ok_or_else(|| missing(values, "password", "password"))?;
    Ok(Proof::Password { user, password })
}

fn called(user: &UserRef) -> &str {
    match user {
        UserRef::Id(text) | UserRef::Name { name: text, .. } => text,
    }
}

fn token(values: &Values) -> Result<Proof, Error> {
    values.secret("token").map(Proof::Token).ok_or_else(|| missing(values, "token", "token"))
}

fn application_credential(values: &Values) -> Result<Proof, Error> {
    let secret = values.secret("application_credential_secret");
    let secret = secret.ok_or_else(|| missing(values, "application_credential_secret", "secret of an application credential"))?;
    match (values.text("application_credential_id"), values.text("application_credential_name")) {
        (Some(id), _) => Ok(Proof::ApplicationCredential { id, secret }),
        (None, Some(name)) => Ok(Proof::NamedApplicationCredential { name, user: user(values)?, secret }),
        (None, None) => Err(missing(values, "application_credential_id", "application credential")),
    }
}

fn user(values: &Values) -> Result<UserRef, Error> {
    match (values.text("user_id"), values.text("username")) {
        (Some(id), _) => Ok(UserRef::Id(id)),
        (None, Some(name)) => Ok(UserRef::Name { name, domain: domain(values, "user_domain") }),
        (None, None) => Err(missing(values, "username", "user")),
    }
}

/// The user's or the project's domain; one that is named alone is good for both, as in openstacksdk.
fn domain(values: &Values, whose: &str) -> DomainRef {
    named_domain(values, whose)
        .or_else(|| named_domain(values, "domain").filter(|_| has_project(values)))
        .unwrap_or_else(|| DomainRef::Id(values.text("default_domain").unwrap_or_else(|| "default".to_owned())))
}

fn named_domain(values: &Values, prefix: &str) -> Option<DomainRef> {
    let id = values.text(&format!("{prefix}_id")).map(DomainRef::Id);
    id.or_else(|| values.text(&format!("{prefix}_name")).map(DomainRef::Name))
}

fn has_project(values: &Values) -> bool {
    values.text("project_id").or_else(|| values.text("project_name")).is_some()
}

fn scope(values: &Values) -> Result<ScopeRef, Error> {
    let project = match (values.text("project_id"), values.text("project_name")) {
        (Some(id), _) => Some(ProjectRef::Id(id)),
        (None, Some(name)) => Some(ProjectRef::Name { name, domain: domain(values, "project_domain") }),
        (None, None) => None,
    };
    let mut scopes: Vec<(&str, ScopeRef)> = Vec::new();
    match project {
        Some(project) => scopes.push(("project_name", ScopeRef::Project(project))),
        None => scopes.extend(named_domain(values, "domain").map(|domain| ("domain_name", ScopeRef::Domain(domain)))),
    }
    scopes.extend(values.text("trust_id").map(|id| ("trust_id", ScopeRef::Trust(id))));
    match values.text("system_scope").as_deref() {
        None => {}
        Some("all") => scopes.push(("system_scope", ScopeRef::System)),
        Some(other) => {
            let message = format!("{} is {other:?}; the only scope of that kind is \"all\"", values.origin_of("system_scope"));
            return Err(Error::usage(message));
        }
    }
    match scopes.as_slice() {
        [] => Ok(ScopeRef::Default),
        [(_, scope)] => Ok(scope.clone()),
        [(first, _), (second, _), ..] => {
            let message = format!("a token is for one thing, but {} and {} name two", said(values, first), said(values, second));
            Err(Error::Usage { message, hint: Some("leave one of them out".to_owned()) })
        }
    }
}

/// The place that says a scope, whichever of its two spellings it has.
fn said<'a>(values: &'a Values, key: &'a str) -> &'a str {
    let id = match key {
        "project_name" => "project_id",
        "domain_name" => "domain_id",
        other => other,
    };
    if values.text(id).is_some() { values.origin_of(id) } else { values.origin_of(key) }
}
