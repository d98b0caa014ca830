// SPDX-License-Identifier: Apache-2.0
//! Requests to the server. Every one has a time limit; every error answer becomes the server's own words.

use crate::endpoint::Endpoint;
use crate::error::Error;
use reqwest::{Method, Url};
use secrecy::ExposeSecret;
use serde_json::Value;
use std::time::Duration;

/// How long a usual request may take; the Python client waits 600 seconds, a person does not.
const LIMIT: Duration = Duration::from_secs(60);
const CONNECT_LIMIT: Duration = Duration::from_secs(5);

/// A connection to one server.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    endpoint: Endpoint,
    debug: bool,
}

/// A request being put together.
#[derive(Debug)]
pub(crate) struct Request<'a> {
    client: &'a Client,
    method: Method,
    path: Vec<String>,
    query: Vec<(String, String)>,
    body: Option<Value>,
    limit: Duration,
}

impl Client {
    pub fn new(endpoint: Endpoint, debug: bool) -> Result<Self, Error> {
        // A second installation is refused, which is as good: one is there.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let mut builder =
            reqwest::Client::builder().connect_timeout(CONNECT_LIMIT).user_agent(concat!("magnum/", env!("CARGO_PKG_VERSION")));
        if endpoint.loopback {
            builder = builder.no_proxy();
        }
        let http = builder.build().map_err(|error| Error::Internal { message: format!("no HTTP client: {error}") })?;
        Ok(Self { http, endpoint, debug })
    }

    pub fn get(&self, path: &[&str]) -> Request<'_> {
        self.request(Method::GET, path)
    }

    pub fn post(&self, path: &[&str], body: Value) -> Request<'_> {
        Request { body: Some(body), ..self.request(Method::POST, path) }
    }

    pub fn patch(&self, path: &[&str], body: Value) -> Request<'_> {
        Request { body: Some(body), ..self.request(Method::PATCH, path) }
    }

    pub fn delete(&self, path: &[&str]) -> Request<'_> {
        self.request(Method::DELETE, path)
    }

    /// Every item of a collection: pages are followed until there are `limit`, or no more.
    pub async fn list(&self, path: &[&str], key: &str, query: &[(&str, String)], limit: Option<u64>) -> Result<Vec<Value>, Error> {
        let mut all: Vec<Value> = Vec::new();
        let mut marker: Option<(String, String)> = None;
        loop {
            let mut request = self.get(path);
            for (name, value) in query.iter().filter(|(name, _)| marker.is_none() || *name != "marker") {
                request = request.query(name, value);
            }
            if let Some(limit) = limit {
                request = request.query("limit", &limit.saturating_sub(all.len() as u64).to_string());
            }
            if let Some((name, value)) = &marker {
                request = request.query(name, value);
            }
            let mut page = request.send().await?;
            let items = page.get_mut(key).and_then(Value::as_array_mut).map(std::mem::take).ok_or_else(|| Error::unexpected(key))?;
            let empty = items.is_empty();
            all.extend(items);
            let enough = limit.is_some_and(|limit| all.len() as u64 >= limit);
            marker = page.get("next").and_then(Value::as_str).and_then(marker_of);
            if empty || enough || marker.is_none() {
                return Ok(all);
            }
        }
    }

    fn request(&self, method: Method, path: &[&str]) -> Request<'_> {
        let path = path.iter().map(|part| (*part).to_owned()).collect();
        Request { client: self, method, path, query: Vec::new(), body: None, limit: LIMIT }
    }

    fn url(&self, path: &[String]) -> Result<Url, Error> {
        let mut url = self.endpoint.url.clone();
        let versioned = url.path().trim_end_matches('/').ends_with("/v1");
        let broken = || Error::usage(format!("{} cannot be the address of a server", self.endpoint.url));
        let mut segments = url.path_segments_mut().map_err(|()| broken())?;
        segments.pop_if_empty();
        if !versioned {
            segments.push("v1");
        }
        for part in path {
            // The URL library drops `.` and `..`; no resource has such a name.
            if part.is_empty() || part == "." || part == ".." {
                return Err(Error::usage(format!("{part:?} is not a name")));
            }
            segments.push(part);
        }
        drop(segments);
        Ok(url)
    }
}

fn marker_of(next: &str) -> Option<(String, String)> {
    let url = Url::parse(next).or_else(|_| Url::parse("http://x/").and_then(|base| base.join(next))).ok()?;
    url.query_pairs().find(|(name, _)| name == "marker").map(|(name, value)| (name.into_owned(), value.into_owned()))
}

impl Request<'_> {
    pub fn query(mut self, name: &str, value: &str) -> Self {
        self.query.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Sends it; an answer without a body is null.
    pub async fn send(self) -> Result<Value, Error> {
        let url = self.client.url(&self.path)?;
        let unreachable = |error: reqwest::Error| self.unreachable(&error);
        let mut request = self.client.http.request(self.method.clone(), url).timeout(self.limit);
        request = request.header("Accept", "application/json").header("OpenStack-API-Version", "container-infra latest");
        if let Some(token) = &self.client.endpoint.token {
            request = request.header("X-Auth-Token", token.expose_secret());
        }
        if !self.query.is_empty() {
            request = request.query(&self.query);
        }
        if let Some(body) = &self.body {
            request = request.json(body);
        }
        if self.client.debug {
            self.trace();
        }
        let answer = request.send().await.map_err(unreachable)?;
        let status = answer.status();
        let bytes = answer.bytes().await.map_err(unreachable)?;
        let body: Option<Value> = serde_json::from_slice(&bytes).ok();
        if status.is_success() {
            return match body {
                Some(body) => Ok(body),
                None if bytes.is_empty() => Ok(Value::Null),
                None => Err(Error::Internal {
                    message: format!("{} answered something that is not JSON; is it a Magnum server?", self.client.endpoint.url),
                }),
            };
        }
        let text = body.as_ref().and_then(message).unwrap_or_else(|| status.canonical_reason().unwrap_or("error").to_owned());
        let hint = if status.as_u16() == 401 { self.no_token() } else { None };
        Err(Error::Server { status: status.as_u16(), text: format!("{text} (HTTP {})", status.as_u16()), path: self.path, hint })
    }

    fn no_token(&self) -> Option<String> {
        let none = self.client.endpoint.token.is_none();
        self.client.endpoint.token_hint.clone().or_else(|| {
            Some(
                if none {
                    "give a token with --token or MAGNUM_TOKEN"
                } else {
                    "the server does not accept this token; is it this server's? (--state-dir, --token)"
                }
                .to_owned(),
            )
        })
    }

    fn unreachable(&self, error: &reqwest::Error) -> Error {
        let url = self.client.endpoint.url.to_string();
        let reason = if error.is_timeout() {
            "no answer within the time limit".to_owned()
        } else {
            let mut source: &dyn std::error::Error = error;
            while let Some(inner) = source.source() {
                source = inner;
            }
            source.to_string()
        };
        Error::Unreachable { url, reason, hint: Some(self.client.endpoint.start_hint.clone()) }
    }

    #[allow(clippy::print_stderr, reason = "--debug traces to standard error, past the printer's formats")]
    fn trace(&self) {
        let query: Vec<String> = self.query.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let body = self.body.as_ref().map(Value::to_string).unwrap_or_default();
        eprintln!("debug: {} /v1/{} {} {body}", self.method, self.path.join("/"), query.join("&"));
    }
}

/// The error text of every body Magnum and its middleware have ever sent: the title, and the detail where it adds
/// something.
fn message(body: &Value) -> Option<String> {
    if let Some(text) = body.get("error_message") {
        let inner = text.as_str().and_then(|text| serde_json::from_str::<Value>(text).ok()).unwrap_or_else(|| text.clone());
        let fault = inner.get("faultstring").and_then(Value::as_str).or_else(|| inner.as_str());
        return fault.map(str::to_owned);
    }
    let first = body.get("errors").and_then(|errors| errors.get(0)).or_else(|| body.get("error"))?;
    let field = |name: &str| first.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let (title, detail) = (field("title"), field("detail").or_else(|| field("description")).or_else(|| field("message")));
    match (title, detail) {
        (Some(title), Some(detail)) if detail.starts_with(title) => Some(detail.to_owned()),
        (Some(title), Some(detail)) => Some(format!("{title}: {detail}")),
        (title, detail) => title.or(detail).map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_error_body_of_magnums_history_is_read() {
        for (body, wanted) in [
            (
                json!({"errors": [{"title": "Cluster nope could not be found", "detail": "Cluster nope could not be found.", "status": 404}]}),
                Some("Cluster nope could not be found."),
            ),
            (json!({"errors": [{"title": "Not Found", "detail": "nothing here"}]}), Some("Not Found: nothing here")),
            (json!({"errors": [{"title": "", "detail": ""}]}), None),
            (
                json!({"error": {"code": 401, "title": "Unauthorized", "message": "The request you have made requires authentication."}}),
                Some("Unauthorized: The request you have made requires authentication."),
            ),
            (
                json!({"error_message": "{\"debuginfo\": null, \"faultcode\": \"Client\", \"faultstring\": \"Bay x could not be found.\"}"}),
                Some("Bay x could not be found."),
            ),
            (json!({"error_message": "plain"}), Some("plain")),
            (json!({}), None),
            (json!([]), None),
        ] {
            assert_eq!(message(&body).as_deref(), wanted, "{body}");
        }
    }

    #[test]
    fn the_next_page_is_found_by_its_marker() {
        let wanted = Some(("marker".to_owned(), "u-1".to_owned()));
        assert_eq!(marker_of("http://other/v1/clusters?limit=1&marker=u-1"), wanted);
        assert_eq!(marker_of("/v1/clusters?marker=u-1"), wanted);
        assert_eq!(marker_of("http://other/v1/clusters?limit=1"), None);
    }
}
