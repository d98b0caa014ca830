// SPDX-License-Identifier: Apache-2.0
//! Certificates as read by the doctor, the agent and the client: the facts people ask about.

use crate::authority::Eku;
use crate::name::{San, Subject};
use crate::public_key::PublicKey;
use crate::{Error, PrivateKey, extensions, pem};
use aws_lc_rs::digest;
use der::{Decode, Reader, SliceReader};
use jiff::Timestamp;
use x509_cert::spki::AlgorithmIdentifierOwned;

/// A certificate that was read. Its signature is checked by [`Certificate::is_signed_by`] only.
#[derive(Debug, Clone)]
pub struct Certificate {
    pub subject: Subject,
    pub issuer: Subject,
    pub sans: Vec<San>,
    pub extended_key_usages: Vec<Eku>,
    pub not_before: Timestamp,
    pub not_after: Timestamp,
    /// Lower-case hexadecimal digits.
    pub serial: String,
    /// SHA-256 of the certificate as `openssl x509 -fingerprint -sha256` prints it: `AB:CD:…`.
    pub fingerprint: String,
    pub is_ca: bool,
    /// None when the key's type is one this crate does not use.
    pub public_key: Option<PublicKey>,
    pub(crate) key_identifier: Option<Vec<u8>>,
    signed: Vec<u8>,
    algorithm: AlgorithmIdentifierOwned,
    signature: Vec<u8>,
}

impl Certificate {
    /// Reads the first certificate in `text`.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let (label, bytes) = pem::decode(text).map_err(|reason| Error::InvalidCertificate { reason })?;
        if label != "CERTIFICATE" {
            return Err(Error::InvalidCertificate { reason: format!("a PEM block of type {label}") });
        }
        Self::from_der(&bytes)
    }

    /// Reads all certificates in `text`, of which there is at least one.
    pub fn parse_all(text: &str) -> Result<Vec<Self>, Error> {
        const END: &str = "-----END CERTIFICATE-----";
        let mut all = vec![Self::parse(text)?];
        let mut rest = text.split_once(END).map_or("", |(_, rest)| rest);
        while rest.contains("-----BEGIN CERTIFICATE-----") {
            all.push(Self::parse(rest)?);
            rest = rest.split_once(END).map_or("", |(_, rest)| rest);
        }
        Ok(all)
    }

    /// Reads a certificate from DER bytes, as a TLS handshake carries it.
    pub fn from_der(bytes: &[u8]) -> Result<Self, Error> {
        read(bytes).map_err(|reason| Error::InvalidCertificate { reason })
    }

    /// Whether the certificate is the key's.
    pub fn belongs_to(&self, key: &PrivateKey) -> bool {
        self.public_key.as_ref() == Some(key.public_key())
    }

    /// Whether `issuer` is a CA, bears the name written as this certificate's issuer and made its signature.
    pub fn is_signed_by(&self, issuer: &Certificate) -> bool {
        let key = issuer.public_key.as_ref().filter(|_| issuer.is_ca && issuer.subject == self.issuer);
        key.is_some_and(|key| key.verify(&self.algorithm, &self.signed, &self.signature).is_ok())
    }

    /// Whether `now` is within the validity.
    pub fn is_valid_at(&self, now: Timestamp) -> bool {
        self.not_before <= now && now <= self.not_after
    }
}

fn read(bytes: &[u8]) -> Result<Certificate, String> {
    let certificate = x509_cert::Certificate::from_der(bytes).map_err(|error| format!("it is malformed: {error}"))?;
    let tbs = certificate.tbs_certificate();
    let list: &[_] = tbs.extensions().map_or(&[], |list| list.as_slice());
    let moment = |time: x509_cert::time::Time| {
        let seconds = i64::try_from(time.to_unix_duration().as_secs()).map_err(|_| "a date is out of range")?;
        Timestamp::from_second(seconds).map_err(|_| "a date is out of range")
    };
    let hash = digest::digest(&digest::SHA256, bytes);
    let hex = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02X}")).collect::<Vec<_>>();
    Ok(Certificate {
        subject: Subject::from_name(tbs.subject()),
        issuer: Subject::from_name(tbs.issuer()),
        sans: extensions::sans(list)?,
        extended_key_usages: extensions::extended_key_usages(list)?,
        not_before: moment(tbs.validity().not_before)?,
        not_after: moment(tbs.validity().not_after)?,
        serial: serial(tbs.serial_number().as_bytes()),
        fingerprint: hex(hash.as_ref()).join(":"),
        is_ca: extensions::is_ca(list)?,
        public_key: PublicKey::from_info(tbs.subject_public_key_info()).ok(),
        key_identifier: extensions::key_identifier(list)?,
        signed: signed_part(bytes).map_err(|error| format!("it is malformed: {error}"))?,
        algorithm: certificate.signature_algorithm().clone(),
        signature: certificate.signature().raw_bytes().to_vec(),
    })
}

/// The number without the zero byte that only keeps its encoding positive.
fn serial(bytes: &[u8]) -> String {
    let digits = match bytes {
        [0, rest @ ..] if !rest.is_empty() => rest,
        all => all,
    };
    digits.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn signed_part(bytes: &[u8]) -> Result<Vec<u8>, der::Error> {
    let mut reader = SliceReader::new(bytes)?;
    reader.sequence(|inner| {
        let part = inner.tlv_bytes()?.to_vec();
        inner.tlv_bytes()?;
        inner.tlv_bytes()?;
        Ok(part)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_certificates_in_one_text_are_read_in_order() {
        let make = |name: &str| crate::Authority::create(name, Timestamp::now(), 30).unwrap().0;
        let (one, two) = (make("one"), make("two"));
        let subjects = |text: &str| Certificate::parse_all(text).map(|all| all.iter().map(|c| c.subject.to_string()).collect::<Vec<_>>());
        assert_eq!(subjects(&format!("{}\n{}\n", one.trim(), two.trim())).unwrap(), ["CN=one", "CN=two"]);
        assert_eq!(subjects(&two).unwrap(), ["CN=two"]);
        assert!(subjects("").is_err());
        assert!(subjects(&format!("{one}-----BEGIN CERTIFICATE-----\nAAAA")).is_err(), "one that is cut off is told");
    }
}
