// SPDX-License-Identifier: Apache-2.0
//! Authorities whose keys were decrypted a moment ago. Decrypting takes several times as long as signing: a bootstrap of many nodes
//! asks one authority again and again. Looked up by what is kept of it now, so that a renewed one is never mistaken.

use aws_lc_rs::digest::{Context, SHA256};
use magnum_certificates::Pair;
use magnum_pki::Authority;
use secrecy::ExposeSecret;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long a key stays in memory after it was decrypted.
const AGE: Duration = Duration::from_secs(300);
/// How many of them do.
const MOST: usize = 64;

/// SHA-256 of certificate, encrypted key and passphrase.
type Digest = [u8; 32];

/// Of bounded number and age.
#[derive(Default)]
pub struct Authorities {
    known: Mutex<HashMap<Digest, (Arc<Authority>, Instant)>>,
}

impl Authorities {
    /// The authority of this pair, if it is known.
    pub(crate) fn get(&self, pair: &Pair) -> Option<Arc<Authority>> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, (_, until)| Instant::now() < *until);
        known.get(&digest(pair)).map(|(authority, _)| Arc::clone(authority))
    }

    /// Remembers the authority of this pair; when there are too many, the oldest goes.
    pub(crate) fn keep(&self, pair: &Pair, authority: &Arc<Authority>) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(digest(pair), (Arc::clone(authority), Instant::now() + AGE));
        if known.len() > MOST
            && let Some(oldest) = known.iter().min_by_key(|(_, (_, until))| *until).map(|(digest, _)| *digest)
        {
            known.remove(&oldest);
        }
    }
}

fn digest(pair: &Pair) -> Digest {
    let passphrase = pair.passphrase.as_ref().map_or("", |secret| secret.expose_secret());
    let mut context = Context::new(&SHA256);
    for part in [&pair.certificate, pair.private_key.expose_secret(), passphrase] {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part.as_bytes());
    }
    let mut digest = Digest::default();
    digest.copy_from_slice(context.finish().as_ref());
    digest
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::SecretString;

    #[test]
    fn another_key_or_certificate_is_another_authority_and_only_some_are_kept() {
        let (certificate, key) = Authority::create("one", jiff::Timestamp::now(), 30).unwrap();
        let authority = Arc::new(Authority::load(&certificate, key).unwrap());
        let pair = |certificate: &str, key: &str, passphrase: Option<&str>| Pair {
            certificate: certificate.to_owned(),
            private_key: SecretString::from(key),
            passphrase: passphrase.map(SecretString::from),
            intermediates: None,
        };
        let authorities = Authorities::default();
        authorities.keep(&pair("c", "key", Some("pass")), &authority);
        assert!(authorities.get(&pair("c", "key", Some("pass"))).is_some());
        for other in [pair("d", "key", Some("pass")), pair("c", "keyp", Some("ass")), pair("c", "key", None)] {
            assert!(authorities.get(&other).is_none());
        }
        for number in 0..2 * MOST {
            authorities.keep(&pair("c", &number.to_string(), None), &authority);
        }
        assert_eq!(authorities.known.lock().unwrap().len(), MOST);
        assert!(authorities.get(&pair("c", &(2 * MOST - 1).to_string(), None)).is_some());
    }
}
