// SPDX-License-Identifier: Apache-2.0
//! Requests on the wire: one pool of connections per way of checking certificates; everything has a limit.

use crate::catalogue::shown;
use crate::error::Error;
use crate::reply::{Reply, fault};
use crate::retry::{Again, Failure};
use magnum_traces::Span;
use magnum_types::innermost;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Certificate, Client, ClientBuilder, Identity, Method, Url, redirect};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use std::time::{Duration, Instant};

/// The longest answer that is read, in bytes: a thousand flavors with all their properties are about one.
const LONGEST: usize = 8 << 20;

/// How a service's certificate is checked, and what is shown to it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tls {
    /// File with the only authorities that are trusted; None: the system's.
    pub ca_file: Option<String>,
    /// File with the certificate we show, and, unless `key_file` says otherwise, its key.
    pub cert_file: Option<String>,
    pub key_file: Option<String>,
    /// Certificates go unchecked.
    pub insecure: bool,
    /// Whether the environment's proxies are used.
    pub proxies: bool,
}

/// How long things may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Until there is a connection.
    pub connect: Duration,
    /// One attempt, from its start to the last byte of the answer.
    pub attempt: Duration,
    /// All attempts and the waits between them.
    pub whole: Duration,
    /// How often a call is sent at the most.
    pub attempts: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { connect: Duration::from_secs(5), attempt: Duration::from_secs(30), whole: Duration::from_secs(60), attempts: 4 }
    }
}

/// A pool of connections. Copies share it.
#[derive(Debug, Clone)]
pub struct Transport {
    client: Client,
    limits: Limits,
}

/// One request, ready to be sent more than once.
pub(crate) struct Exchange<'a> {
    pub service: &'static str,
    pub method: Method,
    pub url: Url,
    pub token: Option<&'a SecretString>,
    pub headers: &'a [(&'static str, SecretString)],
    pub microversion: Option<String>,
    pub body: Option<&'a Value>,
    pub idempotent: bool,
}

impl Tls {
    /// A client that checks certificates so, shows its own, and follows no redirection: a token must not travel to wherever an
    /// answer points. Reads the files; [`Error::Setting`] names the one that is no good.
    pub fn client(&self) -> Result<ClientBuilder, Error> {
        // A second installation is refused, which is as good: one is there.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let mut builder = Client::builder().redirect(redirect::Policy::none()).user_agent(concat!("magnum/", env!("CARGO_PKG_VERSION")));
        if !self.proxies {
            builder = builder.no_proxy();
        }
        if self.insecure {
            builder = builder.tls_danger_accept_invalid_certs(true);
        } else if let Some(file) = &self.ca_file {
            let pem = std::fs::read(file).map_err(|e| setting("cafile", format!("{file} cannot be read ({e})")))?;
            let authorities = Certificate::from_pem_bundle(&pem).ok().filter(|all| !all.is_empty());
            let authorities = authorities.ok_or_else(|| setting("cafile", format!("{file} holds no certificates in PEM form")))?;
            builder = builder.tls_certs_only(authorities);
        }
        if let Some(file) = &self.cert_file {
            let mut pem = std::fs::read(file).map_err(|e| setting("certfile", format!("{file} cannot be read ({e})")))?;
            if let Some(key) = &self.key_file {
                pem.push(b'\n');
                pem.extend(std::fs::read(key).map_err(|e| setting("keyfile", format!("{key} cannot be read ({e})")))?);
            }
            let identity = Identity::from_pem(&pem);
            builder = builder.identity(
                identity.map_err(|_| setting("certfile", format!("{file} and its key are not a certificate and key in PEM form")))?,
            );
        }
        Ok(builder)
    }
}

fn setting(option: &str, remedy: String) -> Error {
    Error::Setting { option: option.to_owned(), remedy }
}

impl Transport {
    /// Reads the files and prepares the pool; nothing is sent. [`Error::Setting`] names the file that is no good.
    pub fn new(tls: &Tls, limits: Limits) -> Result<Self, Error> {
        let builder = tls.client()?.connect_timeout(limits.connect).timeout(limits.attempt).pool_idle_timeout(Duration::from_secs(30));
        let client = builder.build().map_err(|e| setting("cafile", format!("no HTTP client can be made: {}", innermost(&e))))?;
        Ok(Self { client, limits })
    }

    /// The same connections under other limits.
    pub fn limited(&self, limits: Limits) -> Self {
        Self { client: self.client.clone(), limits }
    }

    /// The limits.
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// Sends it, again where that does no harm, and judges the answer by its status.
    pub(crate) async fn exchange(&self, exchange: &Exchange<'_>) -> Result<Reply, Error> {
        let started = Instant::now();
        let mut made = 0;
        loop {
            let left = self.limits.whole.saturating_sub(started.elapsed());
            made += 1;
            let span = exchange.span(made - 1);
            let failure = match self.attempt(exchange, left, span.as_ref()).await {
                Ok(reply) => return Ok(reply),
                Err(failure) => failure,
            };
            drop(span);
            let left = self.limits.whole.saturating_sub(started.elapsed());
            let Some(pause) = failure.pause(exchange.idempotent, made, self.limits.attempts, left) else { return Err(failure.error) };
            tracing::debug!(service = exchange.service, attempt = made, ?pause, error = %failure.error, "asking again");
            tokio::time::sleep(pause).await;
        }
    }

    async fn attempt(&self, exchange: &Exchange<'_>, left: Duration, span: Option<&Span>) -> Result<Reply, Failure> {
        let limit = self.limits.attempt.min(left);
        let mut headers = exchange.header_map().map_err(Failure::last)?;
        headers.extend(
            span.into_iter()
                .flat_map(Span::headers)
                .filter_map(|(name, value)| Some((HeaderName::from_static(name), HeaderValue::from_str(&value).ok()?))),
        );
        let failed = |error: &reqwest::Error| {
            if let Some(span) = span {
                span.failed(if error.is_timeout() { "timeout" } else { "connection" });
            }
            exchange.failed(error, limit)
        };
        let mut request = self.client.request(exchange.method.clone(), exchange.url.clone()).headers(headers).timeout(limit);
        if let Some(body) = exchange.body {
            request = request.header(CONTENT_TYPE, "application/json").body(body.to_string());
        }
        let mut answer = request.send().await.map_err(|e| failed(&e))?;
        let (status, headers) = (answer.status().as_u16(), std::mem::take(answer.headers_mut()));
        if let Some(span) = span {
            span.answered(status);
        }
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|e| failed(&e))? {
            if body.len() + chunk.len() > LONGEST {
                return Err(Failure::last(exchange.garbled(format!("more than {} MiB", LONGEST >> 20))));
            }
            body.extend_from_slice(&chunk);
        }
        let reply = Reply { status, headers, body };
        fault(exchange, &reply).map_or(Ok(reply), Err)
    }
}

impl Exchange<'_> {
    /// The address for messages.
    pub fn shown(&self) -> String {
        shown(self.url.as_str())
    }

    /// The span of an attempt, if it is made for a request that is traced.
    fn span(&self, again: u32) -> Option<Span> {
        magnum_traces::call(&magnum_traces::Call { service: self.service, method: self.method.as_str(), url: &self.url, again })
    }

    pub fn garbled(&self, what: String) -> Error {
        Error::Garbled { service: self.service, url: self.shown(), what }
    }

    fn header_map(&self) -> Result<HeaderMap, Error> {
        let mut map = HeaderMap::new();
        map.insert(ACCEPT, HeaderValue::from_static("application/json"));
        let token = self.token.map(|token| ("x-auth-token", token));
        for (name, value) in token.into_iter().chain(self.headers.iter().map(|(name, value)| (*name, value))) {
            let refused = || Error::Refused { service: self.service, status: 400, message: format!("the value of {name} cannot be sent") };
            let mut value = HeaderValue::from_str(value.expose_secret()).map_err(|_| refused())?;
            value.set_sensitive(true);
            map.insert(HeaderName::from_bytes(name.as_bytes()).map_err(|_| refused())?, value);
        }
        if let Some(version) = &self.microversion
            && let Ok(value) = HeaderValue::from_str(version)
        {
            map.insert("openstack-api-version", value);
        }
        Ok(map)
    }

    fn failed(&self, error: &reqwest::Error, limit: Duration) -> Failure {
        let (service, url) = (self.service, self.shown());
        let again = if error.is_connect() { Again::Always } else { Again::IfIdempotent };
        let error = if error.is_timeout() {
            Error::TimedOut { service, url, limit }
        } else {
            Error::Unavailable { service, url, reason: innermost(error).to_string() }
        };
        Failure { error, again, wait: None }
    }
}
