// SPDX-License-Identifier: Apache-2.0
//! Certificates with their keys: Magnum's table `x509keypair`.

use crate::Store;
use crate::error::Error;
use crate::record::{self, record};
use crate::sql::Arg;
use jiff::Timestamp;
use magnum_types::{ProjectId, UserId};
use secrecy::SecretString;
use uuid::Uuid;

record! {
    /// One certificate, its encrypted PKCS#8 key, and the passphrase of that key.
    #[derive(Debug, Clone)]
    KeyPair in "x509keypair" {
        id: i64,
        uuid: Uuid,
        certificate: String,
        private_key: SecretString,
        private_key_passphrase: Option<SecretString>,
        intermediates: Option<String>,
        project_id: ProjectId,
        user_id: UserId,
        created_at: Option<Timestamp>,
        updated_at: Option<Timestamp>,
    }
}

impl Store {
    /// The pair that a cluster's `*_cert_ref` names.
    pub async fn get_keypair(&self, reference: &str) -> Result<KeyPair, Error> {
        let rows = record::list(&self.db, "WHERE r.\"uuid\" = ?", vec![Arg::Text(reference.to_owned())]).await?;
        rows.into_iter().next().ok_or_else(|| Error::NotFound { what: "key pair", ident: reference.to_owned() })
    }
}
