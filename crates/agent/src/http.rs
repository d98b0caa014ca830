// SPDX-License-Identifier: Apache-2.0
//! HTTP to one peer, blocking, with JSON bodies and a limit on everything.

use crate::{Error, file};
use rustls::crypto::aws_lc_rs;
use serde_json::Value;
use std::io::BufReader;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use ureq::http::{Method, Request};
use ureq::tls::{Certificate, ClientCert, PemItem, PrivateKey, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, Body};

const CONNECT_LIMIT: Duration = Duration::from_secs(3);

/// Who the other side must be, and who we say we are.
pub struct Identity<'a> {
    pub ca: &'a Path,
    /// Certificate and key.
    pub client: Option<(&'a Path, &'a Path)>,
}

/// A peer.
#[derive(Clone)]
pub struct Client {
    agent: Agent,
    base: String,
    /// How the peer is called in errors, e.g. `the API server at 10.0.0.10:6443`.
    peer: String,
    headers: Vec<(&'static str, String)>,
}

/// Status and body of an answer.
pub struct Reply {
    pub status: u16,
    pub text: String,
}

impl Client {
    /// A peer without TLS.
    pub fn plain(base: &str, peer: &str, limit: Duration) -> Self {
        let config = Agent::config_builder().http_status_as_error(false).proxy(None).max_redirects(0).no_delay(true);
        let config = config.timeout_connect(Some(CONNECT_LIMIT)).timeout_global(Some(limit)).build();
        Self { agent: config.new_agent(), base: base.trim_end_matches('/').to_owned(), peer: peer.to_owned(), headers: Vec::new() }
    }

    /// A peer behind TLS. Reads the files of `identity` now.
    pub fn tls(base: &str, peer: &str, identity: &Identity<'_>, limit: Duration) -> Result<Self, Error> {
        let bad = |path: &Path, error: ureq::Error| Error::Certificate(format!("{}: {error}", path.display()));
        let mut authorities = Vec::new();
        for item in parse_pem(file::read(identity.ca)?.as_bytes()) {
            if let PemItem::Certificate(certificate) = item.map_err(|error| bad(identity.ca, error))? {
                authorities.push(certificate);
            }
        }
        if authorities.is_empty() {
            return Err(Error::Certificate(format!("{}: holds no certificate", identity.ca.display())));
        }
        let client = match identity.client {
            Some((cert, key)) => {
                let certificate = Certificate::from_pem(file::read(cert)?.as_bytes()).map_err(|error| bad(cert, error))?;
                let private = PrivateKey::from_pem(file::read(key)?.as_bytes()).map_err(|error| bad(key, error))?;
                Some(ClientCert::new_with_certs(&[certificate], private))
            }
            None => None,
        };
        let tls = TlsConfig::builder()
            .unversioned_rustls_crypto_provider(Arc::new(aws_lc_rs::default_provider()))
            .root_certs(RootCerts::new_with_certs(&authorities))
            .client_cert(client)
            .build();
        let config = Agent::config_builder().http_status_as_error(false).proxy(None).max_redirects(0).no_delay(true).tls_config(tls);
        let config = config.timeout_connect(Some(CONNECT_LIMIT)).timeout_global(Some(limit)).build();
        Ok(Self { agent: config.new_agent(), base: base.trim_end_matches('/').to_owned(), peer: peer.to_owned(), headers: Vec::new() })
    }

    /// The same peer, with a header on every request.
    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: String) -> Self {
        self.headers.retain(|(old, _)| *old != name);
        self.headers.push((name, value));
        self
    }

    /// How the peer is called.
    pub fn peer(&self) -> &str {
        &self.peer
    }

    /// GET; anything but 2xx is an error.
    pub fn get(&self, path: &str) -> Result<Value, Error> {
        self.json(Method::GET, path, None)
    }

    /// POST; anything but 2xx is an error.
    pub fn post(&self, path: &str, body: &Value) -> Result<Value, Error> {
        self.json(Method::POST, path, Some(body))
    }

    /// PUT; anything but 2xx is an error.
    pub fn put(&self, path: &str, body: &Value) -> Result<Value, Error> {
        self.json(Method::PUT, path, Some(body))
    }

    /// PATCH with a JSON merge patch (RFC 7386).
    pub fn merge_patch(&self, path: &str, body: &Value) -> Result<Value, Error> {
        let reply = self.exchange(Method::PATCH, path, Some(body), "application/merge-patch+json")?;
        self.accepted(reply)
    }

    /// Any request; the caller looks at the status.
    pub fn send(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Reply, Error> {
        self.exchange(method, path, body, "application/json")
    }

    fn json(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value, Error> {
        let reply = self.send(method, path, body)?;
        self.accepted(reply)
    }

    fn accepted(&self, reply: Reply) -> Result<Value, Error> {
        if !(200..300).contains(&reply.status) {
            return Err(Error::Refused { peer: self.peer.clone(), status: reply.status, what: message(&reply.text) });
        }
        if reply.text.trim().is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_str(&reply.text).map_err(|error| Error::Answer { peer: self.peer.clone(), what: error.to_string() })
    }

    fn exchange(&self, method: Method, path: &str, body: Option<&Value>, kind: &str) -> Result<Reply, Error> {
        let mut response = self.start(method, path, body, kind, None)?;
        let status = response.status().as_u16();
        let text = response.body_mut().with_config().limit(64 << 20).read_to_string().map_err(|error| self.lost(&error))?;
        Ok(Reply { status, text })
    }

    /// A request whose answer goes on and on. A pause of more than `quiet` ends it, and so does `whole`.
    pub fn stream(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        (quiet, whole): (Duration, Duration),
    ) -> Result<BufReader<ureq::BodyReader<'static>>, Error> {
        let response = self.start(method, path, body, "application/json", Some((quiet, whole)))?;
        let status = response.status().as_u16();
        if !(200..300).contains(&status) {
            let text = response.into_body().read_to_string().unwrap_or_default();
            return Err(Error::Refused { peer: self.peer.clone(), status, what: message(&text) });
        }
        Ok(BufReader::new(response.into_body().into_with_config().limit(u64::MAX).reader()))
    }

    fn start(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        kind: &str,
        limits: Option<(Duration, Duration)>,
    ) -> Result<ureq::http::Response<Body>, Error> {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.base)).header("accept", "application/json");
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        if body.is_some() {
            request = request.header("content-type", kind);
        }
        let bytes = body.map(Value::to_string).unwrap_or_default();
        let request = request.body(bytes).map_err(|error| Error::Answer { peer: self.peer.clone(), what: error.to_string() })?;
        let outcome = match limits {
            Some((quiet, whole)) => {
                let config = self.agent.configure_request(request).timeout_global(Some(whole)).timeout_per_read(Some(quiet));
                self.agent.run(config.build())
            }
            None => self.agent.run(request),
        };
        outcome.map_err(|error| self.lost(&error))
    }

    fn lost(&self, error: &ureq::Error) -> Error {
        let what = match error {
            ureq::Error::Io(error) => error.to_string(),
            ureq::Error::Timeout(which) => format!("timed out ({which})"),
            other => other.to_string(),
        };
        Error::Unreachable { peer: self.peer.clone(), what }
    }
}

/// The message in an error body of Magnum, Kubernetes, Docker or etcd; else the body's beginning.
fn message(text: &str) -> String {
    let parsed: Option<Value> = serde_json::from_str(text).ok();
    let found = parsed.as_ref().and_then(|body| {
        let magnum = body.pointer("/errors/0/detail").or_else(|| body.pointer("/error_message/faultstring"));
        magnum.or_else(|| body.get("message")).or_else(|| body.get("error")).and_then(Value::as_str)
    });
    found.map_or_else(|| text.trim().chars().take(300).collect(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_is_taken_from_whichever_error_body_it_is() {
        assert_eq!(message(r#"{"errors":[{"detail":"bad subject","status":403}]}"#), "bad subject");
        assert_eq!(message(r#"{"kind":"Status","message":"nodes is forbidden"}"#), "nodes is forbidden");
        assert_eq!(message(r#"{"error":"etcdserver: x","code":9}"#), "etcdserver: x");
        assert_eq!(message("plain text\n"), "plain text");
    }
}
