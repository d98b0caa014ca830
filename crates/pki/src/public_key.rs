// SPDX-License-Identifier: Apache-2.0
//! Public keys: RSA of 2,048 to 8,192 bits and EC on P-256 or P-384; nothing weaker is let in, nothing else is needed.

use crate::{Error, pem};
use aws_lc_rs::{digest, signature};
use der::asn1::{ObjectIdentifier, UintRef};
use der::{Decode, Encode, Sequence};
use std::fmt;
use x509_cert::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");

/// A key's type and size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyType {
    Rsa { bits: u32 },
    EcP256,
    EcP384,
}

impl fmt::Display for KeyType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            KeyType::Rsa { bits } => write!(f, "RSA {bits}"),
            KeyType::EcP256 => f.write_str("EC P-256"),
            KeyType::EcP384 => f.write_str("EC P-384"),
        }
    }
}

/// A public key whose type and size were checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    info: SubjectPublicKeyInfoOwned,
    kind: KeyType,
}

#[derive(Sequence)]
struct RsaPublicKey<'a> {
    modulus: UintRef<'a>,
    exponent: UintRef<'a>,
}

impl PublicKey {
    /// The key's type and size.
    pub fn key_type(&self) -> KeyType {
        self.kind
    }

    /// The key as `PUBLIC KEY` PEM.
    pub fn to_pem(&self) -> Result<String, Error> {
        pem::encode("PUBLIC KEY", &self.info.to_der().map_err(Error::encode("a public key"))?)
    }

    pub(crate) fn from_spki_der(bytes: &[u8]) -> Result<Self, String> {
        let info = SubjectPublicKeyInfoOwned::from_der(bytes).map_err(|error| format!("the public key is malformed: {error}"))?;
        Self::from_info(&info)
    }

    /// Checks type and size; the error is a sentence for the person who sent the key.
    pub(crate) fn from_info(info: &SubjectPublicKeyInfoOwned) -> Result<Self, String> {
        let kind = match info.algorithm.oid {
            RSA => {
                let bytes = info.subject_public_key.as_bytes().ok_or("the RSA key is malformed")?;
                let key = RsaPublicKey::from_der(bytes).map_err(|_| "the RSA key is malformed")?;
                rsa_kind(&key)?
            }
            EC => {
                let curve = info.algorithm.parameters.as_ref().and_then(|any| any.decode_as::<ObjectIdentifier>().ok());
                match curve {
                    Some(P256) => KeyType::EcP256,
                    Some(P384) => KeyType::EcP384,
                    _ => return Err("EC keys must be on the curve P-256 or P-384".into()),
                }
            }
            other => return Err(format!("a key of type {other}; use RSA (2048 bits or more) or EC (P-256, P-384)")),
        };
        Ok(Self { info: info.clone(), kind })
    }

    pub(crate) fn info(&self) -> &SubjectPublicKeyInfoOwned {
        &self.info
    }

    /// SHA-256 of the key in DER, in lower-case hexadecimal: what `openssl pkey -pubout -outform DER | sha256sum` prints.
    pub fn fingerprint(&self) -> Result<String, Error> {
        let der = self.info.to_der().map_err(Error::encode("a public key"))?;
        Ok(digest::digest(&digest::SHA256, &der).as_ref().iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// SHA-1 of the key's bits: the usual key identifier (RFC 5280, 4.2.1.2), not a security measure.
    pub(crate) fn identifier(&self) -> Vec<u8> {
        digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, self.info.subject_public_key.raw_bytes()).as_ref().to_vec()
    }

    /// Verifies a signature over `message`; SHA-1 and MD5 signatures are refused.
    pub(crate) fn verify(&self, algorithm: &AlgorithmIdentifierOwned, message: &[u8], bits: &[u8]) -> Result<(), String> {
        let oid = algorithm.oid.to_string();
        let verifier: &'static dyn signature::VerificationAlgorithm = match (self.kind, oid.as_str()) {
            (KeyType::Rsa { .. }, "1.2.840.113549.1.1.11") => &signature::RSA_PKCS1_2048_8192_SHA256,
            (KeyType::Rsa { .. }, "1.2.840.113549.1.1.12") => &signature::RSA_PKCS1_2048_8192_SHA384,
            (KeyType::Rsa { .. }, "1.2.840.113549.1.1.13") => &signature::RSA_PKCS1_2048_8192_SHA512,
            (KeyType::EcP256, "1.2.840.10045.4.3.2") => &signature::ECDSA_P256_SHA256_ASN1,
            (KeyType::EcP256, "1.2.840.10045.4.3.3") => &signature::ECDSA_P256_SHA384_ASN1,
            (KeyType::EcP384, "1.2.840.10045.4.3.2") => &signature::ECDSA_P384_SHA256_ASN1,
            (KeyType::EcP384, "1.2.840.10045.4.3.3") => &signature::ECDSA_P384_SHA384_ASN1,
            (kind, oid) => {
                return Err(format!("signature algorithm {oid} with a key of type {kind} is not accepted; use SHA-256 or stronger"));
            }
        };
        signature::UnparsedPublicKey::new(verifier, self.info.subject_public_key.raw_bytes())
            .verify(message, bits)
            .map_err(|_| "its signature does not verify".to_owned())
    }
}

fn rsa_kind(key: &RsaPublicKey<'_>) -> Result<KeyType, String> {
    let modulus = key.modulus.as_bytes();
    let leading = modulus.first().map_or(8, |byte| byte.leading_zeros());
    let bits = u32::try_from(modulus.len()).unwrap_or(u32::MAX).saturating_mul(8).saturating_sub(leading);
    if bits < 2048 {
        return Err(format!("an RSA key of {bits} bits is too weak; use at least 2048"));
    }
    if bits > 8192 {
        return Err(format!("an RSA key of {bits} bits is too large; use at most 8192"));
    }
    let exponent = key.exponent.as_bytes();
    if exponent.len() > 8 || exponent.last().is_none_or(|byte| byte % 2 == 0) || exponent == [1] {
        return Err("the RSA key's exponent is not usable".into());
    }
    Ok(KeyType::Rsa { bits })
}
