// SPDX-License-Identifier: Apache-2.0
//! TLS to a broker: by the system's authorities or by those of a file. The broker's name is always checked.

use crate::error::Error;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;
use std::sync::Arc;

/// The files of `[oslo_messaging_rabbit]`.
#[derive(Debug, Clone)]
pub(crate) struct TlsFiles {
    pub authorities: Option<String>,
    pub certificate: Option<String>,
    /// None: in the certificate's file.
    pub key: Option<String>,
}

const CA: &str = "[oslo_messaging_rabbit] ssl_ca_file";
const CERTIFICATE: &str = "[oslo_messaging_rabbit] ssl_cert_file";
const KEY: &str = "[oslo_messaging_rabbit] ssl_key_file";

impl TlsFiles {
    /// Reads the files anew: they may have been renewed.
    pub async fn config(&self) -> Result<Arc<ClientConfig>, Error> {
        // A second installation is refused, which is as good: one is there.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let builder = ClientConfig::builder();
        let builder = match &self.authorities {
            Some(file) => {
                let mut roots = RootCertStore::empty();
                roots.add_parsable_certificates(certificates(CA, file).await?);
                builder.with_root_certificates(roots)
            }
            None => builder.with_platform_verifier().map_err(|error| Error::Setting {
                option: CA,
                remedy: format!("the system's authorities cannot be used ({error}); name a file"),
            })?,
        };
        let config = match &self.certificate {
            None => builder.with_no_client_auth(),
            Some(file) => {
                let chain = certificates(CERTIFICATE, file).await?;
                let (option, key_file) = self.key.as_ref().map_or((CERTIFICATE, file), |key| (KEY, key));
                let key = PrivateKeyDer::from_pem_slice(&read(option, key_file).await?)
                    .map_err(|_| Error::Setting { option, remedy: format!("{key_file} holds no private key in PEM form") })?;
                builder.with_client_auth_cert(chain, key).map_err(|error| Error::Setting {
                    option: CERTIFICATE,
                    remedy: format!("{file} and its key do not fit together ({error})"),
                })?
            }
        };
        Ok(Arc::new(config))
    }
}

async fn read(option: &'static str, file: &str) -> Result<Vec<u8>, Error> {
    tokio::fs::read(file).await.map_err(|error| Error::Setting { option, remedy: format!("{file} cannot be read ({error})") })
}

async fn certificates(option: &'static str, file: &str) -> Result<Vec<CertificateDer<'static>>, Error> {
    let pem = read(option, file).await?;
    let found = CertificateDer::pem_slice_iter(&pem).collect::<Result<Vec<_>, _>>().ok().filter(|found| !found.is_empty());
    found.ok_or_else(|| Error::Setting { option, remedy: format!("{file} holds no certificates in PEM form") })
}
