// SPDX-License-Identifier: Apache-2.0
//! An HTTPS client that trusts the cluster's own authority only and shows a certificate.

use crate::world::ApiAccess;
use magnum_facts::{Why, WhyKind};
use magnum_types::innermost;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use secrecy::ExposeSecret;
use serde_json::Value;

use std::sync::Arc;
use std::time::Duration;

/// One cluster's API.
#[derive(Clone)]
pub(crate) struct Api {
    client: reqwest::Client,
    url: String,
}

impl Api {
    /// Prepares a client; nothing is sent yet.
    pub(crate) fn new(access: &ApiAccess, limit: Duration) -> Result<Self, Why> {
        let unusable = |what: &str| Why::new(WhyKind::Garbled, format!("Magnum's {what} for this cluster cannot be used"));
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(access.ca_pem.as_bytes()) {
            let certificate = certificate.map_err(|_| unusable("CA certificate"))?;
            roots.add(certificate).map_err(|_| unusable("CA certificate"))?;
        }
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(access.certificate_pem.as_bytes()).collect();
        let key = PrivateKeyDer::from_pem_slice(access.key_pem.expose_secret().as_bytes()).map_err(|_| unusable("client key"))?;
        let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|_| unusable("TLS configuration"))?
            .with_root_certificates(roots)
            .with_client_auth_cert(chain.map_err(|_| unusable("client certificate"))?, key)
            .map_err(|_| unusable("client certificate"))?;
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(config)
            .connect_timeout(limit.min(Duration::from_millis(1500)))
            .timeout(limit)
            .no_proxy()
            .build()
            .map_err(|_| unusable("HTTP client"))?;
        Ok(Self { client, url: access.url.trim_end_matches('/').to_owned() })
    }

    /// Status and body of a GET.
    pub(crate) async fn get(&self, path: &str) -> Result<(u16, String), Why> {
        self.ask(path, "*/*").await
    }

    async fn ask(&self, path: &str, accept: &'static str) -> Result<(u16, String), Why> {
        let request = self.client.get(format!("{}{path}", self.url)).header("accept", accept);
        let answer = request.send().await.map_err(|e| why(&self.url, &e))?;
        let status = answer.status().as_u16();
        let body = answer.text().await.map_err(|e| why(&self.url, &e))?;
        Ok((status, body))
    }

    /// A JSON document.
    pub(crate) async fn json(&self, path: &str) -> Result<Value, Why> {
        self.document(path, "application/json").await
    }

    /// A list of objects of which only the metadata is sent.
    pub(crate) async fn names(&self, path: &str) -> Result<Value, Why> {
        self.document(path, "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1").await
    }

    async fn document(&self, path: &str, accept: &'static str) -> Result<Value, Why> {
        let (status, body) = self.ask(path, accept).await?;
        match status {
            200 => serde_json::from_str(&body).map_err(|e| Why::new(WhyKind::Garbled, format!("{path}: {e}"))),
            401 | 403 => Err(Why::new(WhyKind::Denied, format!("{path}: the API answers {status}"))),
            other => Err(Why::new(WhyKind::Unreachable, format!("{path}: the API answers {other}"))),
        }
    }
}

fn why(url: &str, error: &reqwest::Error) -> Why {
    if error.is_timeout() {
        return Why::new(WhyKind::TimedOut, format!("{url} did not answer in time"));
    }
    Why::new(WhyKind::Unreachable, format!("{url}: {}", innermost(error)))
}
