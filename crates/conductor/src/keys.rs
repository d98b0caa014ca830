// SPDX-License-Identifier: Apache-2.0
//! A few RSA keys made ahead of time, so that a create does not wait for prime numbers.
//!
//! Keys exist only in memory and each is handed out once.

use magnum_pki::{Error, KeyKind, PrivateKey, generate_key};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

/// One cluster needs three authorities, one client certificate and the key that signs service account tokens.
const READY: usize = 5;

/// The pool; clones share it.
#[derive(Clone, Default)]
pub struct KeyPool {
    keys: Arc<Mutex<VecDeque<PrivateKey>>>,
}

impl KeyPool {
    /// A key, from the pool or made now.
    pub async fn take(&self) -> Result<PrivateKey, Error> {
        let ready = self.keys.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        match ready {
            Some(key) => Ok(key),
            None => make().await,
        }
    }

    /// Fills the pool, one key after the other so that a busy machine is not held up.
    pub async fn refill(&self) {
        while self.keys.lock().unwrap_or_else(PoisonError::into_inner).len() < READY {
            match make().await {
                Ok(key) => self.keys.lock().unwrap_or_else(PoisonError::into_inner).push_back(key),
                Err(error) => {
                    tracing::warn!(%error, "no key could be made ahead of time");
                    return;
                }
            }
        }
    }
}

async fn make() -> Result<PrivateKey, Error> {
    tokio::task::spawn_blocking(|| generate_key(KeyKind::Rsa2048)).await.unwrap_or(Err(Error::Crypto { doing: "making a key" }))
}
