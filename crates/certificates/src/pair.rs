// SPDX-License-Identifier: Apache-2.0
//! A certificate with its key, as it is kept.

use magnum_pki::{Error, PrivateKey};
use magnum_store::KeyPair;
use secrecy::{ExposeSecret, SecretString};

/// One certificate (PEM), its key (PEM, usually encrypted), and the passphrase of that key.
#[derive(Debug, Clone)]
pub struct Pair {
    pub certificate: String,
    pub private_key: SecretString,
    pub passphrase: Option<SecretString>,
    /// The certificates between this one and its root, PEM.
    pub intermediates: Option<String>,
}

impl Pair {
    /// The key, decrypted. It takes a while: not for a thread that others wait for.
    pub fn open(&self) -> Result<PrivateKey, Error> {
        let text = self.private_key.expose_secret();
        match &self.passphrase {
            // A passphrase may be kept for a key that needs none.
            Some(passphrase) if text.contains("ENCRYPTED PRIVATE KEY") => PrivateKey::from_encrypted_pem(text, passphrase),
            _ => PrivateKey::from_pkcs8_pem(text),
        }
    }
}

impl From<&KeyPair> for Pair {
    fn from(row: &KeyPair) -> Self {
        Self {
            certificate: row.certificate.clone(),
            private_key: row.private_key.clone(),
            passphrase: row.private_key_passphrase.clone(),
            intermediates: row.intermediates.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use magnum_pki::{KeyKind, generate_key};

    #[test]
    fn a_key_opens_with_its_passphrase_and_an_open_one_without() {
        let key = generate_key(KeyKind::EcP256).unwrap();
        let passphrase = SecretString::from("a passphrase");
        let sealed = SecretString::from(key.to_encrypted_pem(&passphrase).unwrap());
        let pair = |private_key: &SecretString, passphrase: Option<&str>| Pair {
            certificate: String::new(),
            private_key: private_key.clone(),
            passphrase: passphrase.map(SecretString::from),
            intermediates: None,
        };
        let open = key.to_pkcs8_pem().unwrap();
        for (private_key, passphrase) in [(&sealed, Some("a passphrase")), (&open, None), (&open, Some("not needed"))] {
            assert_eq!(pair(private_key, passphrase).open().unwrap().public_key(), key.public_key());
        }
        assert!(matches!(pair(&sealed, Some("another")).open(), Err(Error::WrongPassphrase)));
        assert!(pair(&sealed, None).open().unwrap_err().to_string().contains("encrypted"));
    }
}
