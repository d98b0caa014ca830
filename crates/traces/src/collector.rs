// SPDX-License-Identifier: Apache-2.0
//! One collector: how spans are written for it, and what its answers mean.

use crate::call::shown;
use crate::error::Error;
use crate::settings::Settings;
use bytes::Bytes;
use magnum_types::innermost;
use opentelemetry_proto::tonic::collector::trace::v1::{ExportTraceServiceRequest, ExportTraceServiceResponse};
use opentelemetry_proto::transform::common::tonic::ResourceAttributesWithSchema;
use opentelemetry_proto::transform::trace::tonic::group_spans_by_resource_and_scope;
use opentelemetry_sdk::trace::SpanData;
use prost::Message;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::{Certificate, Client, Response, Url, redirect};
use std::time::Duration;

/// For connecting.
const CONNECT: Duration = Duration::from_secs(5);
/// The longest answer that is read, in bytes.
const LONGEST: usize = 64 << 10;
/// The longest that a collector is left alone because it wants to be.
const WAIT: Duration = Duration::from_secs(60);

/// Where spans are posted.
#[derive(Debug)]
pub(crate) struct Collector {
    client: Client,
    url: Url,
    headers: HeaderMap,
    limit: Duration,
    resource: ResourceAttributesWithSchema,
}

/// What a collector says of spans that it took.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Taken {
    /// So many of them it did not want.
    pub rejected: u64,
    pub why: String,
}

/// Whether the collector answers and lets us in; the error says why not.
pub async fn reach(settings: &Settings) -> Result<(), Error> {
    let collector = Collector::new(settings)?;
    // No spans at all, which every collector takes.
    collector.send(collector.written(Vec::new())).await.map(drop)
}

impl Collector {
    /// Reads the file of authorities; nothing is sent.
    pub fn new(settings: &Settings) -> Result<Self, Error> {
        // A second installation is refused, which is as good: one is there.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        // A header with a key must not travel to wherever an answer points, or through whatever the environment names.
        let mut builder = Client::builder().redirect(redirect::Policy::none()).no_proxy().connect_timeout(CONNECT);
        builder = builder.timeout(settings.timeout).user_agent(concat!("magnum/", env!("CARGO_PKG_VERSION")));
        let wrong = |remedy| Error::Setting { option: "ca_file", remedy };
        if let Some(file) = &settings.ca_file {
            let pem = std::fs::read(file).map_err(|error| wrong(format!("{file} cannot be read ({error})")))?;
            let authorities = Certificate::from_pem_bundle(&pem).ok().filter(|all| !all.is_empty());
            builder = builder.tls_certs_only(authorities.ok_or_else(|| wrong(format!("{file} holds no certificates in PEM form")))?);
        }
        let client = builder.build().map_err(|error| wrong(format!("no HTTP client can be made ({})", innermost(&error))))?;
        let mut headers = settings.headers.clone();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-protobuf"));
        let resource = ResourceAttributesWithSchema::from(&settings.resource);
        Ok(Self { client, url: settings.url.clone(), headers, limit: settings.timeout, resource })
    }

    /// Spans as they are sent.
    pub fn written(&self, spans: Vec<SpanData>) -> Bytes {
        let resource_spans = group_spans_by_resource_and_scope(spans, &self.resource);
        ExportTraceServiceRequest { resource_spans }.encode_to_vec().into()
    }

    /// Sends what was written.
    pub async fn send(&self, body: Bytes) -> Result<Taken, Error> {
        let asking = self.client.post(self.url.clone()).headers(self.headers.clone()).body(body).send();
        let answer = asking.await.map_err(|error| self.failed(&error))?;
        let (place, status) = (self.place(), answer.status().as_u16());
        match status {
            200..=299 => self.taken(answer).await,
            401 | 403 | 407 => Err(Error::Login { place, status }),
            404 | 405 => Err(Error::NotThere { place, status }),
            429 | 502..=504 => {
                let wait = answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
                Err(Error::Busy { place, status, wait: wait.map(|seconds| Duration::from_secs(seconds).min(WAIT)) })
            }
            _ => Err(Error::Refused { place, status }),
        }
    }

    async fn taken(&self, mut answer: Response) -> Result<Taken, Error> {
        let garbled = || Error::Garbled { place: self.place() };
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|error| self.failed(&error))? {
            if body.len() + chunk.len() > LONGEST {
                return Err(garbled());
            }
            body.extend_from_slice(&chunk);
        }
        let said = ExportTraceServiceResponse::decode(body.as_slice()).map_err(|_| garbled())?.partial_success.unwrap_or_default();
        let why = said.error_message.chars().filter(|c| !c.is_control()).take(200).collect();
        Ok(Taken { rejected: u64::try_from(said.rejected_spans).unwrap_or(0), why })
    }

    fn failed(&self, error: &reqwest::Error) -> Error {
        if error.is_timeout() {
            return Error::TimedOut { place: self.place(), limit: self.limit };
        }
        Error::Unreachable { place: self.place(), reason: innermost(error).to_string() }
    }

    /// The address for messages.
    fn place(&self) -> String {
        shown(&self.url)
    }
}
