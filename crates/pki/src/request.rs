// SPDX-License-Identifier: Apache-2.0
//! Certificate requests (PKCS#10): made for our own keys, read and checked when they come from someone else.
//!
//! A [`Csr`] exists only when its signature was verified and its key is strong enough.

use crate::authority::Eku;
use crate::name::{San, Subject};
use crate::policy::ExtensionName;
use crate::public_key::PublicKey;
use crate::{Error, PrivateKey, extensions, pem};
use der::asn1::{BitString, ObjectIdentifier, SetOfVec};
use der::{Decode, Encode, Reader, SliceReader};
use x509_cert::attr::Attribute;
use x509_cert::ext::Extension;
use x509_cert::name::Name;
use x509_cert::request::{CertReq, CertReqInfo, ExtensionReq, Version};

/// The most bytes of PEM that are looked at.
const MAX_PEM: usize = 64 * 1024;
const EXTENSION_REQUEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.14");

/// A certificate request that was read, whose signature was verified and whose key is strong enough.
#[derive(Debug, Clone)]
pub struct Csr {
    pub(crate) name: Name,
    pub(crate) extensions: Vec<Extension>,
    subject: Subject,
    sans: Vec<San>,
    usages: Vec<Eku>,
    key: PublicKey,
}

/// An extension a request asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestedExtension {
    /// Its name in `magnum.conf`, or its number.
    pub name: String,
    pub critical: bool,
}

/// Writes a request for `key`, signed by it.
pub fn certificate_request(key: &PrivateKey, subject: &Subject, sans: &[San]) -> Result<String, Error> {
    let mut attributes = SetOfVec::new();
    if !sans.is_empty() {
        let request = ExtensionReq(vec![extensions::subject_alt_name(sans)?]);
        let attribute = Attribute::try_from(request).map_err(Error::encode("a request's extensions"))?;
        attributes.insert(attribute).map_err(Error::encode("a request's extensions"))?;
    }
    let info = CertReqInfo { version: Version::V1, subject: subject.to_name()?, public_key: key.public_key().info().clone(), attributes };
    let signature = key.sign(&info.to_der().map_err(Error::encode("a request"))?)?;
    let signature = BitString::from_bytes(&signature).map_err(Error::encode("a signature"))?;
    let request = CertReq { info, algorithm: key.signature_algorithm(), signature };
    pem::encode("CERTIFICATE REQUEST", &request.to_der().map_err(Error::encode("a request"))?)
}

impl Csr {
    /// Reads a request and checks it; every error is [`Error::InvalidCsr`] and says what to change.
    pub fn parse(text: &str) -> Result<Self, Error> {
        check(text).map_err(|reason| Error::InvalidCsr { csr: shorten(text), reason })
    }

    /// Who the certificate is to speak for.
    pub fn subject(&self) -> &Subject {
        &self.subject
    }

    /// The subject alternative names asked for.
    pub fn sans(&self) -> &[San] {
        &self.sans
    }

    /// The extended key usages asked for.
    pub fn extended_key_usages(&self) -> &[Eku] {
        &self.usages
    }

    /// The key to be certified.
    pub fn public_key(&self) -> &PublicKey {
        &self.key
    }

    /// Every extension asked for.
    pub fn extensions(&self) -> Vec<RequestedExtension> {
        let named = |e: &Extension| ExtensionName::from_oid(e.extn_id).map_or_else(|| e.extn_id.to_string(), |n| n.as_str().to_owned());
        self.extensions.iter().map(|e| RequestedExtension { name: named(e), critical: e.critical }).collect()
    }
}

fn check(text: &str) -> Result<Csr, String> {
    if text.len() > MAX_PEM {
        return Err(format!("it is longer than {MAX_PEM} bytes"));
    }
    let (label, bytes) = pem::decode(text)?;
    if !matches!(label.as_str(), "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST") {
        return Err(format!("a PEM block of type {label}, not CERTIFICATE REQUEST"));
    }
    let request = CertReq::from_der(&bytes).map_err(|error| format!("it is malformed: {error}"))?;
    let key = PublicKey::from_info(&request.info.public_key)?;
    let signature = request.signature.as_bytes().ok_or("its signature is malformed")?;
    key.verify(&request.algorithm, signed_part(&bytes).map_err(|error| format!("it is malformed: {error}"))?, signature)?;
    let extensions = requested(&request)?;
    let sans = extensions::sans(&extensions)?;
    let usages = extensions::extended_key_usages(&extensions)?;
    let subject = Subject::from_name(&request.info.subject);
    if subject == Subject::default() && sans.is_empty() {
        return Err("it names neither a subject nor an alternative name".into());
    }
    Ok(Csr { name: request.info.subject, extensions, subject, sans, usages, key })
}

/// The bytes the signature is over, exactly as they were sent.
fn signed_part(bytes: &[u8]) -> Result<&[u8], der::Error> {
    let mut reader = SliceReader::new(bytes)?;
    reader.sequence(|inner| {
        let part = inner.tlv_bytes()?;
        inner.tlv_bytes()?;
        inner.tlv_bytes()?;
        Ok(part)
    })
}

fn requested(request: &CertReq) -> Result<Vec<Extension>, String> {
    let mut found: Vec<Extension> = Vec::new();
    for attribute in request.info.attributes.iter().filter(|a| a.oid == EXTENSION_REQUEST) {
        for value in attribute.values.iter() {
            let bytes = value.to_der().map_err(|error| format!("its extensions are malformed: {error}"))?;
            let list = Vec::<Extension>::from_der(&bytes).map_err(|error| format!("its extensions are malformed: {error}"))?;
            for extension in list {
                if found.iter().any(|e| e.extn_id == extension.extn_id) {
                    return Err(format!("it asks for extension {} twice", extension.extn_id));
                }
                found.push(extension);
            }
        }
    }
    Ok(found)
}

/// The request for the error text: enough to recognise it, on one line.
fn shorten(text: &str) -> String {
    let line: String = text.chars().take(80).map(|c| if c.is_control() { ' ' } else { c }).collect();
    let cut = if text.chars().count() > 80 { "…" } else { "" };
    format!("'{}{cut}'", line.trim())
}
