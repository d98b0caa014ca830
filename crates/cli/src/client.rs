// SPDX-License-Identifier: Apache-2.0
//! Requests to the server. Every one has a time limit; every error answer becomes the server's own words.

mod message;

use crate::endpoint::{Reach, is_loopback};
use crate::error::Error;
use magnum_cloud::Tls;
use magnum_types::innermost;
use message::message;
use reqwest::header::HeaderValue;
use reqwest::{Method, Url};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use std::time::Duration;
use tokio::sync::OnceCell;

/// How long a usual request may take; the Python client waits 600 seconds, a person does not.
const LIMIT: Duration = Duration::from_secs(60);
const CONNECT_LIMIT: Duration = Duration::from_secs(5);

/// A connection to one server.
#[derive(Debug)]
pub(crate) struct Client {
    reach: Reach,
    /// Found with the first request: a login may have to say where the server is.
    door: OnceCell<Door>,
    version: String,
    debug: bool,
}

/// The server's address, and the connections to it.
#[derive(Debug)]
struct Door {
    http: reqwest::Client,
    url: Url,
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
    /// `version` is the microversion to speak.
    pub fn new(reach: Reach, version: String, debug: bool) -> Self {
        Self { reach, door: OnceCell::new(), version, debug }
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

    /// Where the server is, and what to show there. A login's token is renewed before it ends.
    async fn enter(&self) -> Result<(&Door, Option<SecretString>), Error> {
        match &self.reach {
            Reach::Straight(endpoint) => {
                let door = self.door.get_or_try_init(|| async { Door::new(&endpoint.url, &endpoint.tls) }).await?;
                Ok((door, endpoint.token.clone()))
            }
            Reach::Keystone(login) => {
                if self.debug && !self.door.initialized() {
                    trace(&login.shown());
                }
                let (url, token) = login.door().await?;
                let door = self.door.get_or_try_init(|| async { Door::new(&url, &login.tls) }).await?;
                Ok((door, Some(token)))
            }
        }
    }
}

impl Door {
    fn new(url: &Url, tls: &Tls) -> Result<Self, Error> {
        // Proxies do not lead to this machine's own servers.
        let tls = Tls { proxies: !is_loopback(url), ..tls.clone() };
        let builder = tls.client().map_err(|error| Error::usage(format!("TLS: {error}")))?.connect_timeout(CONNECT_LIMIT);
        let http = builder.build().map_err(|error| Error::Internal { message: format!("no HTTP client: {error}") })?;
        Ok(Self { http, url: url.clone() })
    }

    fn url(&self, path: &[String]) -> Result<Url, Error> {
        let mut url = self.url.clone();
        let versioned = url.path().trim_end_matches('/').ends_with("/v1");
        let broken = || Error::usage(format!("{} cannot be the address of a server", self.url));
        let mut segments = url.path_segments_mut().map_err(|()| broken())?;
        segments.pop_if_empty();
        if !versioned {
            segments.push("v1");
        }
        segments.extend(path);
        drop(segments);
        Ok(url)
    }
}

/// The URL library drops `.` and `..`; no resource has such a name. Said before anything is asked.
fn named(path: &[String]) -> Result<(), Error> {
    match path.iter().find(|part| matches!(part.as_str(), "" | "." | "..")) {
        Some(part) => Err(Error::usage(format!("{part:?} is not a name"))),
        None => Ok(()),
    }
}

#[allow(clippy::print_stderr, reason = "--debug traces to standard error, past the printer's formats")]
fn trace(text: &str) {
    eprintln!("debug: {text}");
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
        named(&self.path)?;
        let (door, token) = self.client.enter().await?;
        let unreachable = |error: reqwest::Error| self.unreachable(door, &error);
        let mut request = door.http.request(self.method.clone(), door.url(&self.path)?).timeout(self.limit);
        let version = format!("container-infra {}", self.client.version);
        request = request.header("Accept", "application/json").header("OpenStack-API-Version", version);
        if let Some(token) = &token {
            let mut value =
                HeaderValue::from_str(token.expose_secret()).map_err(|_| Error::usage("the token has signs that no token has"))?;
            value.set_sensitive(true);
            request = request.header("X-Auth-Token", value);
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
                None => {
                    Err(Error::Internal { message: format!("{} answered something that is not JSON; is it a Magnum server?", door.url) })
                }
            };
        }
        let text = body.as_ref().and_then(message).unwrap_or_else(|| status.canonical_reason().unwrap_or("error").to_owned());
        let hint = if status.as_u16() == 401 { Some(self.no_token()) } else { None };
        Err(Error::Server { status: status.as_u16(), text: format!("{text} (HTTP {})", status.as_u16()), path: self.path, hint })
    }

    fn no_token(&self) -> String {
        match &self.client.reach {
            Reach::Keystone(login) => login.unwanted(),
            Reach::Straight(endpoint) => endpoint.token_hint.clone().unwrap_or_else(|| {
                match endpoint.token {
                    None => "give a token with --token or MAGNUM_TOKEN, or log in with --os-cloud",
                    Some(_) => "the server does not accept this token; is it this server's? (--state-dir, --token)",
                }
                .to_owned()
            }),
        }
    }

    fn unreachable(&self, door: &Door, error: &reqwest::Error) -> Error {
        let reason = if error.is_timeout() { "no answer within the time limit".to_owned() } else { innermost(error).to_string() };
        let hint = match &self.client.reach {
            _ if reason.contains("certificate") => "name the authority that signed it with --os-cacert or OS_CACERT".to_owned(),
            _ if reason.contains("InvalidContentType") => "it speaks no TLS: use an address that begins with http://".to_owned(),
            Reach::Straight(endpoint) => endpoint.start_hint.clone(),
            Reach::Keystone(login) => login.misdirected(),
        };
        Error::Unreachable { what: "Magnum server", url: door.url.to_string(), reason, hint: Some(hint) }
    }

    fn trace(&self) {
        let query: Vec<String> = self.query.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let body = self.body.as_ref().map(Value::to_string).unwrap_or_default();
        trace(&format!("{} /v1/{} {} {body}", self.method, self.path.join("/"), query.join("&")));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_is_found_by_its_marker() {
        let wanted = Some(("marker".to_owned(), "u-1".to_owned()));
        assert_eq!(marker_of("http://other/v1/clusters?limit=1&marker=u-1"), wanted);
        assert_eq!(marker_of("/v1/clusters?marker=u-1"), wanted);
        assert_eq!(marker_of("http://other/v1/clusters?limit=1"), None);
    }
}
