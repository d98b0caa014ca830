// SPDX-License-Identifier: Apache-2.0
//! Who is calling. Embedded installations have one private token; Keystone is another implementation.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use magnum_types::{ProjectId, UserId};
use secrecy::{ExposeSecret, SecretString};

/// Whom a token speaks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    pub project: ProjectId,
    pub user: UserId,
    pub roles: Vec<String>,
    /// Sees the rows of all projects.
    pub is_admin: bool,
}

/// Says whom a token speaks for.
pub trait Authenticate: Send + Sync {
    /// None: the token is not good.
    fn authenticate<'a>(&'a self, token: &'a str) -> magnum_engine::Boxed<'a, Option<Identity>>;
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
    fn authenticate<'a>(&'a self, token: &'a str) -> magnum_engine::Boxed<'a, Option<Identity>> {
        // Hashed first, so that the comparison takes the same time whatever the lengths.
        let own = digest(&SHA256, self.token.expose_secret().as_bytes());
        let given = digest(&SHA256, token.as_bytes());
        let good = !self.token.expose_secret().is_empty() && verify_slices_are_equal(own.as_ref(), given.as_ref()).is_ok();
        let identity = good.then(|| Identity {
            project: ProjectId("default".to_owned()),
            user: UserId("admin".to_owned()),
            roles: ["admin", "member", "reader"].map(str::to_owned).to_vec(),
            is_admin: false,
        });
        Box::pin(async move { identity })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_whole_token_is_good_and_an_empty_one_never() {
        let private = PrivateToken::new(SecretString::from("s3cret\n"));
        assert!(private.authenticate("s3cret").await.is_some());
        for bad in ["", "s3cre", "s3cret ", "S3cret", "s3cret\n"] {
            assert_eq!(private.authenticate(bad).await, None, "{bad:?}");
        }
        assert_eq!(PrivateToken::new(SecretString::from(" \n")).authenticate("").await, None);
    }
}
