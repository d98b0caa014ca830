// SPDX-License-Identifier: Apache-2.0
//! Getting a token from Keystone.

use crate::cloud::Cloud;
use crate::credentials::{Credentials, Proof};
use crate::error::Error;
use crate::services::identity;
use crate::token::Token;
use crate::transport::Exchange;
use jiff::{SignedDuration, Timestamp};
use reqwest::Method;
use secrecy::SecretString;
use std::sync::Arc;

/// How long before its end a token is replaced, as keystoneauth has it.
const MARGIN: SignedDuration = SignedDuration::from_secs(30);

/// A token with its document.
#[derive(Debug, Clone)]
pub struct Issued {
    pub secret: SecretString,
    pub token: Arc<Token>,
    /// From here on another is got.
    pub(crate) stale_at: Timestamp,
}

impl Issued {
    pub(crate) fn new(secret: SecretString, token: Arc<Token>, now: Timestamp) -> Self {
        let life = token.expires_at.duration_since(now);
        // Of a token that lives a minute, most is used as well.
        let stale_at = token.expires_at.checked_sub(MARGIN.min(life / 4)).unwrap_or(token.expires_at);
        Self { secret, token, stale_at }
    }
}

/// Asks Keystone for a token. That may be done twice: each is good by itself.
pub(crate) async fn login(cloud: &Cloud, credentials: &Credentials) -> Result<Issued, Error> {
    let mut url = cloud.auth_url().clone();
    url.set_path(&format!("{}/auth/tokens", url.path().trim_end_matches('/')));
    let body = credentials.body();
    let token = if let Proof::Token(token) = &credentials.proof { Some(token) } else { None };
    let exchange = Exchange {
        service: identity::SERVICE.name,
        method: Method::POST,
        url,
        token,
        headers: &[],
        microversion: None,
        body: Some(&body),
        idempotent: true,
    };
    let refused = |message: String| Error::Credentials {
        url: exchange.shown().trim_end_matches("/auth/tokens").to_owned(),
        origin: credentials.origin.clone(),
        who: credentials.who(),
        message,
    };
    let reply = cloud.login().exchange(&exchange).await.map_err(|error| match error {
        Error::Unauthorised { message, .. } | Error::Forbidden { message, .. } | Error::NotFound { message, .. } => refused(message),
        Error::Refused { message, status, .. } => refused(format!("{status}: {message}")),
        other => other,
    })?;
    let secret = reply.headers.get("x-subject-token").and_then(|value| value.to_str().ok()).map(SecretString::from);
    let secret = secret.ok_or_else(|| exchange.garbled("no X-Subject-Token".to_owned()))?;
    let token = Token::parse(reply.json(&exchange)?).map_err(|what| exchange.garbled(what))?;
    Ok(Issued::new(secret, Arc::new(token), Timestamp::now()))
}
