// SPDX-License-Identifier: Apache-2.0
//! A certificate authority of a cluster: made with the cluster, signs requests and issues our own certificates.
//!
//! Magnum's rules, with three differences on purpose: times are UTC, the subject's key identifier is replaced
//! instead of doubled, and signed certificates name their authority's key.

use crate::certificate::Certificate;
use crate::name::{San, Subject};
use crate::policy::Policy;
use crate::public_key::PublicKey;
use crate::{Csr, Error, KeyKind, PrivateKey, extensions, generate_key, pem};
use der::asn1::{BitString, ObjectIdentifier};
use der::{DateTime, Encode, Sequence};
use jiff::Timestamp;
use std::time::Duration;
use uuid::Uuid;
use x509_cert::Version;
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::KeyUsages;
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};
use x509_cert::time::{Time, Validity};

const DAY_SECONDS: i64 = 24 * 60 * 60;

/// What a certificate may be used for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Eku {
    ClientAuth,
    ServerAuth,
    /// Any other, by its number.
    Other(String),
}

impl Eku {
    pub(crate) fn oid(&self) -> Result<ObjectIdentifier, Error> {
        match self {
            Eku::ServerAuth => Ok(ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.1")),
            Eku::ClientAuth => Ok(ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.2")),
            Eku::Other(text) => {
                text.parse().map_err(|_| Error::InvalidName { value: text.clone(), reason: "not an object identifier".into() })
            }
        }
    }

    pub(crate) fn from_oid(oid: &ObjectIdentifier) -> Self {
        match oid.to_string().as_str() {
            "1.3.6.1.5.5.7.3.1" => Eku::ServerAuth,
            "1.3.6.1.5.5.7.3.2" => Eku::ClientAuth,
            other => Eku::Other(other.to_owned()),
        }
    }
}

/// A certificate authority: its certificate and its key.
#[derive(Debug)]
pub struct Authority {
    name: Name,
    certificate: Certificate,
    key: PrivateKey,
}

#[derive(Sequence)]
struct ToBeSigned {
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT")]
    version: Version,
    serial_number: SerialNumber,
    signature: AlgorithmIdentifierOwned,
    issuer: Name,
    validity: Validity,
    subject: Name,
    public_key: SubjectPublicKeyInfoOwned,
    #[asn1(context_specific = "3", tag_mode = "EXPLICIT")]
    extensions: Vec<Extension>,
}

#[derive(Sequence)]
struct Signed {
    body: ToBeSigned,
    algorithm: AlgorithmIdentifierOwned,
    signature: BitString,
}

struct Content {
    subject: Name,
    public_key: PublicKey,
    extensions: Vec<Extension>,
    validity_days: u32,
}

impl Authority {
    /// Makes a self-signed authority: its certificate (PEM) and key.
    pub fn create(common_name: &str, now: Timestamp, validity_days: u32) -> Result<(String, PrivateKey), Error> {
        let key = generate_key(KeyKind::Rsa2048)?;
        let certificate = Self::certify(common_name, &key, now, validity_days)?;
        Ok((certificate, key))
    }

    /// The self-signed certificate (PEM) of an authority with this key. Valid from a day ago, so that a clock a
    /// little behind does not refuse it.
    pub fn certify(common_name: &str, key: &PrivateKey, now: Timestamp, validity_days: u32) -> Result<String, Error> {
        let name = Subject::new(common_name, &[]).to_name()?;
        let content = Content {
            subject: name.clone(),
            public_key: key.public_key().clone(),
            extensions: vec![
                extensions::basic_constraints(true, Some(0), true)?,
                extensions::key_usage(KeyUsages::KeyCertSign, true)?,
                extensions::subject_key_identifier(key.public_key())?,
            ],
            validity_days,
        };
        seal(content, name, key, now)
    }

    /// An authority from its stored certificate and key, which must belong together.
    pub fn load(certificate_pem: &str, key: PrivateKey) -> Result<Self, Error> {
        let certificate = Certificate::parse(certificate_pem)?;
        if !certificate.is_ca {
            return Err(Error::InvalidCertificate { reason: format!("{} is not a certificate authority", certificate.subject) });
        }
        if !certificate.belongs_to(&key) {
            return Err(Error::KeyMismatch { subject: certificate.subject.to_string() });
        }
        let name = certificate_name(certificate_pem)?;
        Ok(Self { name, certificate, key })
    }

    /// The authority's own certificate.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// Signs a request as `policy` allows: the certificate, PEM.
    pub fn sign(&self, csr: &Csr, policy: &Policy, now: Timestamp) -> Result<String, Error> {
        let extensions = extensions::filter(csr, policy)?;
        let content =
            Content { subject: csr.name.clone(), public_key: csr.public_key().clone(), extensions, validity_days: policy.validity_days };
        self.seal(content, now)
    }

    /// Issues a certificate of our own wording for `key`: not a CA, for signatures and key exchange, `usages` only.
    pub fn issue(&self, subject: &Subject, sans: &[San], usages: &[Eku], key: &PublicKey, now: Timestamp) -> Result<String, Error> {
        let mut list = vec![
            extensions::basic_constraints(false, None, true)?,
            extensions::key_usage(KeyUsages::DigitalSignature | KeyUsages::KeyEncipherment, true)?,
        ];
        if !usages.is_empty() {
            list.push(extensions::extended_key_usage(usages)?);
        }
        if !sans.is_empty() {
            list.push(extensions::subject_alt_name(sans)?);
        }
        let validity_days = Policy::default().validity_days;
        self.seal(Content { subject: subject.to_name()?, public_key: key.clone(), extensions: list, validity_days }, now)
    }

    fn seal(&self, mut content: Content, now: Timestamp) -> Result<String, Error> {
        let own = self.certificate.key_identifier.clone().unwrap_or_else(|| self.key.public_key().identifier());
        content.extensions.push(extensions::subject_key_identifier(&content.public_key)?);
        content.extensions.push(extensions::authority_key_identifier(own)?);
        seal(content, self.name.clone(), &self.key, now)
    }
}

fn seal(content: Content, issuer: Name, key: &PrivateKey, now: Timestamp) -> Result<String, Error> {
    let algorithm = key.signature_algorithm();
    let body = ToBeSigned {
        version: Version::V3,
        serial_number: SerialNumber::new(Uuid::new_v4().as_bytes()).map_err(Error::encode("a serial number"))?,
        signature: algorithm.clone(),
        issuer,
        validity: Validity::new(moment(now, -1)?, moment(now, i64::from(content.validity_days))?),
        subject: content.subject,
        public_key: content.public_key.info().clone(),
        extensions: content.extensions,
    };
    let signature = key.sign(&body.to_der().map_err(Error::encode("a certificate"))?)?;
    let signature = BitString::from_bytes(&signature).map_err(Error::encode("a signature"))?;
    let signed = Signed { body, algorithm, signature };
    pem::encode("CERTIFICATE", &signed.to_der().map_err(Error::encode("a certificate"))?)
}

/// `days` from `now`, to the second, as certificates spell it.
fn moment(now: Timestamp, days: i64) -> Result<Time, Error> {
    let seconds = now.as_second().checked_add(days * DAY_SECONDS).ok_or(Error::Validity)?;
    let seconds = u64::try_from(seconds).map_err(|_| Error::Validity)?;
    DateTime::from_unix_duration(Duration::from_secs(seconds)).map(Time::from).map_err(|_| Error::Validity)
}

fn certificate_name(certificate_pem: &str) -> Result<Name, Error> {
    use der::Decode;
    let (_, bytes) = pem::decode(certificate_pem).map_err(|reason| Error::InvalidCertificate { reason })?;
    let certificate = x509_cert::Certificate::from_der(&bytes).map_err(|error| Error::InvalidCertificate { reason: error.to_string() })?;
    Ok(certificate.tbs_certificate().subject().clone())
}
