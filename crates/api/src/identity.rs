// SPDX-License-Identifier: Apache-2.0
//! Who is calling. Embedded installations have one private token; Keystone is another implementation.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use magnum_policy::Credentials;
use magnum_types::{ProjectId, UserId};
use secrecy::{ExposeSecret, SecretString};

/// Whom a token speaks for, and for what.
#[derive(Debug, Clone)]
pub struct Identity {
    /// Empty unless the token is for a project.
    pub project: ProjectId,
    pub user: UserId,
    /// The domain that the user belongs to.
    pub user_domain: Option<String>,
    /// Whether the token is for the whole system.
    pub system: bool,
    /// Names, as Keystone spells them.
    pub roles: Vec<String>,
    /// The token itself, for services that are asked in the caller's name.
    pub token: SecretString,
}

impl Identity {
    /// Nobody, for operations without a token.
    pub(crate) fn nobody() -> Self {
        Self {
            project: ProjectId(String::new()),
            user: UserId(String::new()),
            user_domain: None,
            system: false,
            roles: Vec::new(),
            token: SecretString::default(),
        }
    }

    /// What rules know of the caller, by the names that Magnum's context gives them.
    pub(crate) fn credentials(&self) -> Credentials {
        let project = (!self.project.0.is_empty()).then(|| self.project.0.clone());
        let credentials = Credentials::default()
            .with("user_id", self.user.0.clone())
            .with("project_id", project)
            .with("domain_id", self.user_domain.clone())
            .roles(self.roles.iter().map(String::as_str));
        if self.system { credentials.with("system_scope", "all") } else { credentials }
    }
}

/// What a request shows of itself to be let in.
#[derive(Debug, Clone, Copy)]
pub struct Presented<'a> {
    /// `X-Auth-Token`.
    pub token: &'a str,
    /// `X-Service-Token`: of the service that acts for the user.
    pub service_token: Option<&'a str>,
    /// Method and path, which a restricted token may not be good for.
    pub method: &'a str,
    pub path: &'a str,
}

/// Why nobody is let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// The token is not good: 401.
    Unknown,
    /// Nobody can say whether it is: 503. The reason is for the log.
    Unavailable(String),
}

/// Says whom a token speaks for.
pub trait Authenticate: Send + Sync {
    fn authenticate<'a>(&'a self, presented: Presented<'a>) -> magnum_engine::Boxed<'a, Result<Identity, Refused>>;
}

/// The one token of an embedded installation: project `default`, user `admin`, all roles.
pub struct PrivateToken {
    token: SecretString,
}

impl PrivateToken {
    /// The token, without the line end that its file may have.
    pub fn new(token: SecretString) -> Self {
        Self { token: SecretString::from(token.expose_secret().trim().to_owned()) }
    }
}

impl Authenticate for PrivateToken {
    fn authenticate<'a>(&'a self, presented: Presented<'a>) -> magnum_engine::Boxed<'a, Result<Identity, Refused>> {
        // Hashed first, so that the comparison takes the same time whatever the lengths.
        let own = digest(&SHA256, self.token.expose_secret().as_bytes());
        let given = digest(&SHA256, presented.token.as_bytes());
        let good = !self.token.expose_secret().is_empty() && verify_slices_are_equal(own.as_ref(), given.as_ref()).is_ok();
        let identity = good.then(|| Identity {
            project: ProjectId("default".to_owned()),
            user: UserId("admin".to_owned()),
            user_domain: Some("default".to_owned()),
            system: false,
            roles: ["admin", "member", "reader"].map(str::to_owned).to_vec(),
            token: self.token.clone(),
        });
        Box::pin(std::future::ready(identity.ok_or(Refused::Unknown)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(token: &str) -> Presented<'_> {
        Presented { token, service_token: None, method: "GET", path: "/v1/clusters" }
    }

    #[tokio::test]
    async fn only_the_whole_token_is_good_and_an_empty_one_never() {
        let private = PrivateToken::new(SecretString::from("s3cret\n"));
        assert!(private.authenticate(with("s3cret")).await.is_ok());
        for bad in ["", "s3cre", "s3cret ", "S3cret", "s3cret\n"] {
            assert_eq!(private.authenticate(with(bad)).await.err(), Some(Refused::Unknown), "{bad:?}");
        }
        assert_eq!(PrivateToken::new(SecretString::from(" \n")).authenticate(with("")).await.err(), Some(Refused::Unknown));
    }
}
