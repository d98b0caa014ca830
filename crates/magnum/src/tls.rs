// SPDX-License-Identifier: Apache-2.0
//! `[api] enabled_ssl`, `ssl_cert_file`, `ssl_key_file`: the certificate that the API shows, read at the start and again
//! when its files change.

use jiff::Timestamp;
use magnum_cli::HookError;
use magnum_conf::Config;
use rustls::pki_types::pem::{Error as PemError, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{Error as TlsError, InconsistentKeys, ServerConfig};
use secrecy::zeroize::Zeroizing;
use std::fmt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

const CERTIFICATE: &str = "[api] ssl_cert_file";
const KEY: &str = "[api] ssl_key_file";
/// How often the files are looked at for changes.
const LOOK: Duration = Duration::from_secs(1);
/// A certificate that ends sooner than this is warned of.
const SOON: jiff::SignedDuration = jiff::SignedDuration::from_hours(14 * 24);

/// Certificate and key of the API, as files; what they held when they were last right is in force.
#[derive(Debug, Clone)]
pub struct Tls {
    files: Files,
    seen: Seen,
    current: Arc<Current>,
}

#[derive(Debug, Clone)]
struct Files {
    certificate: PathBuf,
    key: PathBuf,
}

/// By which a file is known to be another: when it was written, its size, and which it is.
type Seen = [Option<(i64, i64, u64, u64)>; 2];

/// What connections that begin now are shown.
struct Current(RwLock<Arc<CertifiedKey>>);

impl Tls {
    /// None when the API speaks no TLS. Files that cannot be used are an error that names the option.
    pub fn of(config: &Config) -> Result<Option<Self>, HookError> {
        let wrong = |error: magnum_conf::Error| HookError::new(error.to_string());
        if !config.flag("api", "enabled_ssl").map_err(wrong)? {
            return Ok(None);
        }
        let file = |option: &str, what: &str| {
            let unset = || {
                HookError::new(format!("[api] {option}: not set, and [api] enabled_ssl is true"))
                    .hint(format!("name the PEM file with {what}, or set enabled_ssl to false"))
            };
            config.text("api", option).map_err(wrong)?.filter(|text| !text.is_empty()).map(PathBuf::from).ok_or_else(unset)
        };
        let certificate = file("ssl_cert_file", "the API's certificate and its chain")?;
        let key = file("ssl_key_file", "the private key of that certificate")?;
        Self::read(Files { certificate, key }).map(Some)
    }

    fn read(files: Files) -> Result<Self, HookError> {
        let seen = files.seen();
        let current = Arc::new(Current(RwLock::new(Arc::new(files.read()?))));
        Ok(Self { files, seen, current })
    }

    /// How connections are negotiated: TLS 1.2 and 1.3, HTTP/1.
    pub fn server(&self) -> Result<ServerConfig, HookError> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let versions = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let versions = versions.map_err(|error| HookError::new(format!("TLS cannot be set up: {error}")))?;
        let mut server = versions.with_no_client_auth().with_cert_resolver(Arc::clone(&self.current) as Arc<dyn ResolvesServerCert>);
        server.alpn_protocols = vec![b"http/1.1".to_vec(), b"http/1.0".to_vec()];
        Ok(server)
    }

    /// Looks at the files for ever. New ones are in force for connections that begin later; as long as they are not right, for
    /// instance because only one of the two is there yet, those of before are.
    pub async fn watch(mut self) {
        let mut complaint = None;
        let mut ticks = tokio::time::interval(LOOK);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            self.look(&mut complaint);
        }
    }

    fn look(&mut self, complaint: &mut Option<String>) {
        let now = self.files.seen();
        if now == self.seen {
            *complaint = None;
            return;
        }
        match self.files.read() {
            Ok(key) => {
                self.seen = now;
                *complaint = None;
                *self.current.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(key);
                tracing::info!(file = %self.files.certificate.display(), "the API's certificate has changed; the new one is in force");
            }
            // Looked at again: what is wrong now may be the first half of a change.
            Err(error) if complaint.as_ref() != Some(&error.message) => {
                tracing::error!(
                    error = error.message,
                    "the API's certificate has changed and is not right; the one of before stays in force"
                );
                *complaint = Some(error.message);
            }
            Err(_) => {}
        }
    }
}

impl Files {
    fn seen(&self) -> Seen {
        [&self.certificate, &self.key].map(|path| {
            let data = std::fs::metadata(path).ok()?;
            Some((data.mtime(), data.mtime_nsec(), data.size(), data.ino()))
        })
    }

    fn read(&self) -> Result<CertifiedKey, HookError> {
        let text = load(CERTIFICATE, &self.certificate)?;
        let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(&text)
            .collect::<Result<_, PemError>>()
            .map_err(|e| not_pem(CERTIFICATE, &self.certificate, &e))?;
        let Some(first) = chain.first() else {
            let text = format!("{CERTIFICATE}: {} holds no certificate", self.certificate.display());
            return Err(HookError::new(text).hint("put the API's certificate in it as PEM, then those of its chain"));
        };
        self.tell_of_end(first);
        let key = self.read_key()?;
        CertifiedKey::from_der(chain, key, &rustls::crypto::aws_lc_rs::default_provider()).map_err(|error| self.unfit(&error))
    }

    fn read_key(&self) -> Result<PrivateKeyDer<'static>, HookError> {
        let text = load(KEY, &self.key)?;
        if world_readable(&self.key) {
            tracing::warn!(file = %self.key.display(), "{KEY}: every user of this machine may read the key; chmod o-r it");
        }
        match PrivateKeyDer::from_pem_slice(&text) {
            Ok(key) => Ok(key),
            Err(_) if is_encrypted(&text) => {
                let text = format!("{KEY}: the key in {} is encrypted, and nobody is there to type its passphrase", self.key.display());
                Err(HookError::new(text).hint("write it without: openssl pkey -in OLD -out NEW; then chmod 600 NEW"))
            }
            Err(PemError::NoItemsFound) => {
                let text = format!("{KEY}: {} holds no private key", self.key.display());
                Err(HookError::new(text).hint("put the certificate's key in it as PEM (PRIVATE KEY, RSA PRIVATE KEY or EC PRIVATE KEY)"))
            }
            Err(error) => Err(not_pem(KEY, &self.key, &error)),
        }
    }

    fn unfit(&self, error: &TlsError) -> HookError {
        let (certificate, key) = (self.certificate.display(), self.key.display());
        match error {
            TlsError::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
                HookError::new(format!("{KEY}: the key in {key} is not that of the first certificate in {certificate}"))
                    .hint("the API's own certificate comes first, those of its chain after it; or name the other key")
            }
            TlsError::InvalidCertificate(_) => {
                HookError::new(format!("{CERTIFICATE}: the first certificate in {certificate} cannot be read: {error}"))
                    .hint("look at it with openssl x509 -text -in FILE")
            }
            other => HookError::new(format!("{KEY}: the key in {key} cannot be used: {other}"))
                .hint("use an RSA key from 2048 bits, or one on P-256 or P-384"),
        }
    }

    /// Clients refuse what has ended, and then say little of why.
    fn tell_of_end(&self, certificate: &CertificateDer<'_>) {
        let Ok(read) = magnum_pki::Certificate::from_der(certificate) else { return };
        let (file, until) = (self.certificate.display(), read.not_after);
        if read.not_after < Timestamp::now() {
            tracing::warn!(%file, %until, "{CERTIFICATE}: the certificate has ended; clients will refuse it");
        } else if read.not_after < Timestamp::now() + SOON {
            tracing::warn!(%file, %until, "{CERTIFICATE}: the certificate ends soon");
        }
    }
}

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

impl fmt::Debug for Current {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Current")
    }
}

fn load(option: &str, path: &Path) -> Result<Zeroizing<Vec<u8>>, HookError> {
    let unreadable = |error| HookError::new(format!("{option}: {} cannot be read: {error}", path.display()));
    let hint = "name a file that is there and that the service's user may read";
    std::fs::read(path).map(Zeroizing::new).map_err(|error| unreadable(error).hint(hint))
}

fn not_pem(option: &str, path: &Path, error: &PemError) -> HookError {
    HookError::new(format!("{option}: {} is not PEM: {error}", path.display())).hint("write it as PEM: -----BEGIN … and base64 text")
}

fn is_encrypted(text: &[u8]) -> bool {
    let text = String::from_utf8_lossy(text);
    text.contains("ENCRYPTED PRIVATE KEY") || text.contains("Proc-Type: 4,ENCRYPTED")
}

fn world_readable(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|data| data.mode() & 0o004 != 0)
}

#[cfg(test)]
pub(crate) mod tests;
