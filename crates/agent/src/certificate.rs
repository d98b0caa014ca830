// SPDX-License-Identifier: Apache-2.0
//! Keys and certificates of this node. A key is made here and never leaves the node; Magnum signs the request.
//!
//! What is on disk and still good is kept, so that running again costs nothing.

use crate::error::Error;
use crate::file;
use crate::magnum::Magnum;
use magnum_blueprint::Authorities;
use magnum_pki::{Certificate, KeyKind, PrivateKey, San, Subject, certificate_request, generate_key};
use secrecy::ExposeSecret;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// A certificate with less life left is asked for again.
const RENEW_BEFORE: Duration = Duration::from_secs(30 * 24 * 3600);

/// One certificate this node is to have.
pub struct Wanted {
    /// Which of the cluster's CAs, with the node API's word.
    pub ca: &'static str,
    /// Where the CA's certificate is kept.
    pub ca_path: &'static str,
    /// Path without the endings `.key` and `.crt`.
    pub stem: &'static str,
    pub subject: Subject,
    pub sans: Vec<San>,
}

impl Wanted {
    fn path(&self, ending: &str) -> PathBuf {
        PathBuf::from(format!("{}.{ending}", self.stem))
    }

    /// The CA certificates that the node spec names for it.
    fn named<'a>(&self, authorities: &'a Authorities) -> &'a str {
        match self.ca {
            "etcd" => &authorities.etcd,
            "front-proxy" => &authorities.front_proxy,
            _ => &authorities.kubernetes,
        }
    }

    /// Whether key, certificate and CA on disk fit each other and what is wanted. Of several CAs the first counts: it is
    /// the one that signs.
    fn is_there(&self) -> bool {
        let read = |path: &Path| file::read(path).ok();
        let certificate = read(&self.path("crt")).and_then(|text| Certificate::parse(&text).ok());
        let key = read(&self.path("key")).and_then(|text| PrivateKey::from_pkcs8_pem(&text).ok());
        let ca = read(Path::new(self.ca_path)).and_then(|text| Certificate::parse(&text).ok());
        let (Some(certificate), Some(key), Some(ca)) = (certificate, key, ca) else { return false };
        let later = jiff::Timestamp::now() + RENEW_BEFORE;
        certificate.belongs_to(&key)
            && certificate.is_signed_by(&ca)
            && certificate.is_valid_at(jiff::Timestamp::now())
            && certificate.is_valid_at(later)
            && certificate.subject == self.subject
            && self.sans.iter().all(|san| certificate.sans.contains(san))
    }

    /// Makes the key, has the certificate signed, and writes both. Answers the CA's certificate, which several have in
    /// common.
    fn obtain(&self, magnum: &Magnum) -> Result<String, Error> {
        let crypto = |error: magnum_pki::Error| Error::Certificate(format!("{}: {error}", self.stem));
        let key = generate_key(KeyKind::EcP256).map_err(crypto)?;
        let request = certificate_request(&key, &self.subject, &self.sans).map_err(crypto)?;
        let signed = magnum.sign(self.ca, &request)?;
        let certificate = Certificate::parse(&signed.certificate).map_err(crypto)?;
        if !certificate.belongs_to(&key) {
            return Err(Error::Answer {
                peer: magnum.peer().to_owned(),
                what: format!("a certificate for another key ({})", self.subject),
            });
        }
        file::write(&self.path("key"), key.to_pkcs8_pem().map_err(crypto)?.expose_secret(), file::SECRET)?;
        file::write(&self.path("crt"), &signed.certificate, file::PUBLIC)?;
        Ok(signed.ca)
    }
}

/// Sees to it that all of `wanted` are there, asking for several at a time. Whom to trust the node spec says, or else the
/// answers do. The error is the gravest met; answers whether anything changed.
pub fn ensure(wanted: &[Wanted], magnum: &Magnum, authorities: Option<&Authorities>) -> Result<bool, Error> {
    let mut trusted = false;
    for (one, authorities) in wanted.iter().filter_map(|one| Some((one, authorities?))) {
        trusted |= file::write(Path::new(one.ca_path), one.named(authorities), file::PUBLIC)?;
    }
    let missing: Vec<&Wanted> = wanted.iter().filter(|wanted| !wanted.is_there()).collect();
    let next = Mutex::new(missing.iter());
    let (errors, cas) = (Mutex::new(Vec::new()), Mutex::new(BTreeMap::new()));
    thread::scope(|scope| {
        for _ in 0..missing.len().min(4) {
            scope.spawn(|| {
                loop {
                    let one = next.lock().unwrap_or_else(PoisonError::into_inner).next();
                    let Some(one) = one else { return };
                    match one.obtain(magnum) {
                        Ok(ca) => drop(cas.lock().unwrap_or_else(PoisonError::into_inner).insert(one.ca_path, ca)),
                        Err(error) => return errors.lock().unwrap_or_else(PoisonError::into_inner).push(named(error, &one.subject)),
                    }
                }
            });
        }
    });
    let answered = cas.into_inner().unwrap_or_else(PoisonError::into_inner);
    for (path, text) in answered.into_iter().filter(|_| authorities.is_none()) {
        file::write(Path::new(path), &text, file::PUBLIC)?;
    }
    let mut errors = errors.into_inner().unwrap_or_else(PoisonError::into_inner);
    errors.sort_by_key(Error::is_transient);
    match errors.into_iter().next() {
        Some(error) => Err(error),
        None => Ok(trusted || !missing.is_empty()),
    }
}

/// A refusal has to say which certificate it was about.
fn named(error: Error, subject: &Subject) -> Error {
    match error {
        Error::Refused { peer, status, what } => Error::Refused { peer, status, what: format!("certificate for {subject}: {what}") },
        other => other,
    }
}
