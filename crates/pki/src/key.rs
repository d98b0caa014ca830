// SPDX-License-Identifier: Apache-2.0
//! Private keys: made, read, written, signing. A key's bytes leave this module only inside a secret type.

use crate::public_key::{KeyType, PublicKey};
use crate::{Error, pem};
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};
use der::asn1::{Any, Null, ObjectIdentifier, OctetString};
use der::{Decode, Encode};
use pkcs8::pkcs5::pbes2;
use pkcs8::{EncryptedPrivateKeyInfoOwned, PrivateKeyInfoRef};
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};
use std::fmt;
use x509_cert::spki::AlgorithmIdentifierOwned;

/// PBKDF2 rounds for a key at rest: the passphrases are random text of our own, not words.
const ROUNDS: u32 = 10_000;

/// The kinds of key this crate makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyKind {
    /// RSA with 2,048 bits, as Magnum makes them.
    Rsa2048,
    /// ECDSA on NIST P-256: made in microseconds; for keys made on nodes.
    EcP256,
}

/// A private key. `Debug` shows its type only.
pub struct PrivateKey {
    pair: Pair,
    pkcs8: Zeroizing<Vec<u8>>,
    public: PublicKey,
}

enum Pair {
    Rsa(RsaKeyPair),
    P256(EcdsaKeyPair),
    P384(EcdsaKeyPair),
}

/// Makes a new key.
pub fn generate_key(kind: KeyKind) -> Result<PrivateKey, Error> {
    let failed = |_| Error::Crypto { doing: "making a key" };
    let pkcs8 = match kind {
        KeyKind::Rsa2048 => {
            let pair = RsaKeyPair::generate(aws_lc_rs::rsa::KeySize::Rsa2048).map_err(failed)?;
            let document: Pkcs8V1Der<'_> = pair.as_der().map_err(failed)?;
            Zeroizing::new(document.as_ref().to_vec())
        }
        KeyKind::EcP256 => {
            let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).map_err(failed)?;
            Zeroizing::new(pair.to_pkcs8v1().map_err(failed)?.as_ref().to_vec())
        }
    };
    PrivateKey::from_pkcs8_der(&pkcs8)
}

/// The key a Kubernetes cluster signs service account tokens with.
pub fn generate_service_account_key() -> Result<PrivateKey, Error> {
    generate_key(KeyKind::Rsa2048)
}

impl PrivateKey {
    /// Reads PKCS#8, PKCS#1 (`RSA PRIVATE KEY`) or SEC1 (`EC PRIVATE KEY`) PEM that is not encrypted.
    pub fn from_pkcs8_pem(text: &str) -> Result<Self, Error> {
        let (label, bytes) = pem::decode(text).map_err(|reason| Error::InvalidKey { reason })?;
        let bytes = Zeroizing::new(bytes);
        match label.as_str() {
            "PRIVATE KEY" => Self::from_pkcs8_der(&bytes),
            "RSA PRIVATE KEY" => {
                let pair = RsaKeyPair::from_der(&bytes).map_err(|error| invalid(&error.to_string()))?;
                let document: Pkcs8V1Der<'_> = pair.as_der().map_err(|_| Error::Crypto { doing: "writing a key" })?;
                Self::from_pkcs8_der(document.as_ref())
            }
            "EC PRIVATE KEY" => {
                let pair = [&ECDSA_P256_SHA256_ASN1_SIGNING, &ECDSA_P384_SHA384_ASN1_SIGNING]
                    .into_iter()
                    .find_map(|algorithm| EcdsaKeyPair::from_private_key_der(algorithm, &bytes).ok())
                    .ok_or_else(|| invalid("not an EC key on P-256 or P-384"))?;
                let document = pair.to_pkcs8v1().map_err(|_| Error::Crypto { doing: "writing a key" })?;
                Self::from_pkcs8_der(document.as_ref())
            }
            "ENCRYPTED PRIVATE KEY" => Err(invalid("the key is encrypted")),
            other => Err(invalid(&format!("a PEM block of type {other}"))),
        }
    }

    /// Reads an encrypted PKCS#8 PEM, as [`PrivateKey::to_encrypted_pem`] and the Python Magnum write it.
    pub fn from_encrypted_pem(text: &str, passphrase: &SecretString) -> Result<Self, Error> {
        let (label, bytes) = pem::decode(text).map_err(|reason| Error::InvalidKey { reason })?;
        if label != "ENCRYPTED PRIVATE KEY" {
            return Err(invalid(&format!("a PEM block of type {label}, not ENCRYPTED PRIVATE KEY")));
        }
        let sealed = EncryptedPrivateKeyInfoOwned::from_der(&bytes).map_err(|error| invalid(&error.to_string()))?;
        let open = sealed.decrypt(passphrase.expose_secret()).map_err(|_| Error::WrongPassphrase)?;
        Self::from_pkcs8_der(open.as_bytes())
    }

    /// The key as unencrypted PKCS#8 PEM.
    pub fn to_pkcs8_pem(&self) -> Result<SecretString, Error> {
        pem::encode("PRIVATE KEY", &self.pkcs8).map(SecretString::from)
    }

    /// The key as PKCS#8 PEM encrypted with PBES2 (PBKDF2-SHA256, AES-256-CBC), which OpenSSL and Python read.
    pub fn to_encrypted_pem(&self, passphrase: &SecretString) -> Result<String, Error> {
        let (mut salt, mut iv) = ([0; 16], [0; 16]);
        let fill = |bytes: &mut [u8]| aws_lc_rs::rand::fill(bytes).map_err(|_| Error::Crypto { doing: "drawing random bytes" });
        fill(&mut salt)?;
        fill(&mut iv)?;
        let failed = |_| Error::Crypto { doing: "encrypting a key" };
        let parameters = pbes2::Parameters::generate_pbkdf2_sha256_aes256cbc(ROUNDS, &salt, iv).map_err(failed)?;
        let sealed = parameters.encrypt(passphrase.expose_secret(), &self.pkcs8).map_err(failed)?;
        let sealed = OctetString::new(sealed).map_err(Error::encode("an encrypted key"))?;
        let info = EncryptedPrivateKeyInfoOwned { encryption_algorithm: parameters.into(), encrypted_data: sealed };
        pem::encode("ENCRYPTED PRIVATE KEY", &info.to_der().map_err(Error::encode("an encrypted key"))?)
    }

    /// The public half.
    pub fn public_key(&self) -> &PublicKey {
        &self.public
    }

    /// The identifier of the algorithm [`PrivateKey::sign`] uses.
    pub(crate) fn signature_algorithm(&self) -> AlgorithmIdentifierOwned {
        let (oid, parameters) = match &self.pair {
            Pair::Rsa(_) => ("1.2.840.113549.1.1.11", Some(Any::from(Null))),
            Pair::P256(_) => ("1.2.840.10045.4.3.2", None),
            Pair::P384(_) => ("1.2.840.10045.4.3.3", None),
        };
        AlgorithmIdentifierOwned { oid: ObjectIdentifier::new_unwrap(oid), parameters }
    }

    /// Signs `message`: RSA PKCS#1 v1.5 with SHA-256, or ECDSA with the curve's own hash.
    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        let random = SystemRandom::new();
        let failed = |_| Error::Crypto { doing: "signing" };
        match &self.pair {
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).map_err(failed)?;
                Ok(signature)
            }
            Pair::P256(pair) | Pair::P384(pair) => Ok(pair.sign(&random, message).map_err(failed)?.as_ref().to_vec()),
        }
    }

    fn from_pkcs8_der(bytes: &[u8]) -> Result<Self, Error> {
        const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
        let info = PrivateKeyInfoRef::from_der(bytes).map_err(|error| invalid(&error.to_string()))?;
        let (pair, spki) = if info.algorithm.oid == RSA {
            let pair = RsaKeyPair::from_pkcs8(bytes).map_err(|error| invalid(&error.to_string()))?;
            let spki: PublicKeyX509Der<'_> = pair.public_key().as_der().map_err(|_| Error::Crypto { doing: "reading a key" })?;
            let spki = spki.as_ref().to_vec();
            (Pair::Rsa(pair), spki)
        } else {
            ec_pair(bytes)?
        };
        let public = PublicKey::from_spki_der(&spki).map_err(|reason| Error::InvalidKey { reason })?;
        Ok(Self { pair, pkcs8: Zeroizing::new(bytes.to_vec()), public })
    }
}

fn ec_pair(pkcs8: &[u8]) -> Result<(Pair, Vec<u8>), Error> {
    let read = |algorithm| EcdsaKeyPair::from_pkcs8(algorithm, pkcs8);
    let pair = read(&ECDSA_P256_SHA256_ASN1_SIGNING)
        .map(Pair::P256)
        .or_else(|_| read(&ECDSA_P384_SHA384_ASN1_SIGNING).map(Pair::P384))
        .map_err(|_| invalid("neither RSA nor EC on P-256 or P-384"))?;
    let (Pair::P256(key) | Pair::P384(key)) = &pair else { return Err(invalid("not an EC key")) };
    let spki: PublicKeyX509Der<'_> = key.public_key().as_der().map_err(|_| Error::Crypto { doing: "reading a key" })?;
    let spki = spki.as_ref().to_vec();
    Ok((pair, spki))
}

fn invalid(reason: &str) -> Error {
    Error::InvalidKey { reason: reason.to_owned() }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateKey({})", self.public.key_type())
    }
}

impl PrivateKey {
    /// The key's type and size.
    pub fn key_type(&self) -> KeyType {
        self.public.key_type()
    }
}
