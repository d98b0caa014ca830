// SPDX-License-Identifier: Apache-2.0
//! A call as a value: what is asked of which service, before anybody knows where the service is.

use reqwest::Method;
use reqwest::header::HeaderMap;
use secrecy::SecretString;
use serde_json::Value;
use std::fmt;

/// One of OpenStack's services.
#[derive(Debug, PartialEq, Eq)]
pub struct Service {
    /// As people call it: `Nova`.
    pub name: &'static str,
    /// Its types in a catalogue, the usual one first.
    pub types: &'static [&'static str],
    /// The versions we can speak as they stand in its addresses, the one we add first.
    pub versions: &'static [&'static str],
}

/// What is asked of a service.
#[derive(Clone)]
pub struct Call {
    pub service: &'static Service,
    pub method: Method,
    /// Below the version; each part is one segment, whatever is in it.
    pub path: Vec<String>,
    pub query: Vec<(&'static str, String)>,
    /// Beside the token, such as `X-Subject-Token`.
    pub headers: Vec<(&'static str, SecretString)>,
    pub body: Option<Value>,
    /// Such as `2.87`; None: the service's oldest.
    pub microversion: Option<&'static str>,
    /// Whether it may be made twice.
    pub idempotent: bool,
}

/// What a service answers: the headers, and the document, null if there is none.
#[derive(Debug, Clone)]
pub struct Answer {
    pub headers: HeaderMap,
    pub body: Value,
}

impl Call {
    /// A call of this method; idempotent unless it is a POST or a PATCH.
    pub fn new(service: &'static Service, method: Method, path: &[&str]) -> Self {
        let idempotent = !matches!(method, Method::POST | Method::PATCH);
        let path = path.iter().map(|part| (*part).to_owned()).collect();
        Self { service, method, path, query: Vec::new(), headers: Vec::new(), body: None, microversion: None, idempotent }
    }

    pub fn get(service: &'static Service, path: &[&str]) -> Self {
        Self::new(service, Method::GET, path)
    }

    pub fn post(service: &'static Service, path: &[&str], body: Value) -> Self {
        Self { body: Some(body), ..Self::new(service, Method::POST, path) }
    }

    pub fn patch(service: &'static Service, path: &[&str], body: Value) -> Self {
        Self { body: Some(body), ..Self::new(service, Method::PATCH, path) }
    }

    pub fn put(service: &'static Service, path: &[&str]) -> Self {
        Self::new(service, Method::PUT, path)
    }

    pub fn delete(service: &'static Service, path: &[&str]) -> Self {
        Self::new(service, Method::DELETE, path)
    }

    pub fn query(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.query.push((name, value.into()));
        self
    }

    pub fn header(mut self, name: &'static str, value: SecretString) -> Self {
        self.headers.push((name, value));
        self
    }

    pub fn idempotent(self) -> Self {
        Self { idempotent: true, ..self }
    }

    /// A segment that URLs drop or cannot have: nothing has such a name, so it cannot be found.
    pub(crate) fn nameless(&self) -> Option<&str> {
        self.path.iter().map(String::as_str).find(|part| matches!(*part, "" | "." | ".."))
    }
}

/// Bodies hold passwords: they are not shown.
impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let body = if self.body.is_some() { " with a body" } else { "" };
        write!(f, "{} {} /{}{body}", self.service.name, self.method, self.path.join("/"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::services::identity::SERVICE;
    use serde_json::json;

    #[test]
    fn a_call_is_shown_without_its_body_and_headers() {
        let call = Call::post(&SERVICE, &["auth", "tokens"], json!({"password": "hidden"})).header("X-Subject-Token", "hidden".into());
        assert_eq!(format!("{call:?}"), "Keystone POST /auth/tokens with a body");
        assert!(!call.idempotent && call.idempotent().idempotent);
    }

    #[test]
    fn names_that_urls_would_drop_are_noticed() {
        assert_eq!(Call::get(&SERVICE, &["users", ".."]).nameless(), Some(".."));
        assert_eq!(Call::get(&SERVICE, &["users", ""]).nameless(), Some(""));
        assert_eq!(Call::get(&SERVICE, &["users", "a/../b"]).nameless(), None);
    }
}
