// SPDX-License-Identifier: Apache-2.0
//! Certificates found on a node.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// One certificate file, without its key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certificate {
    pub path: String,
    pub subject: String,
    pub issuer: String,
    pub not_before: Timestamp,
    pub not_after: Timestamp,
    #[serde(default)]
    pub sans: Vec<String>,
    /// Hex of the SHA-256 of the DER form.
    #[serde(default)]
    pub fingerprint: String,
    /// The fingerprints of the certificates that follow in the same file: authorities that are trusted besides.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<String>,
    #[serde(default)]
    pub is_ca: bool,
    /// None for authorities, whose keys are not on nodes.
    #[serde(default)]
    pub key: Option<KeyFit>,
    /// Extended key usages: `client`, `server`.
    #[serde(default)]
    pub usages: Vec<String>,
}

/// Whether the key beside a certificate belongs to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyFit {
    Matches,
    Differs,
    Missing,
}

/// A file that should hold a certificate and does not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BrokenCertificate {
    pub path: String,
    /// Its size; 0 for an empty file.
    pub bytes: u64,
    pub error: String,
}

impl Certificate {
    /// Whether the two files have an authority in common.
    pub fn shares_with(&self, other: &Certificate) -> bool {
        let all = |c: &Certificate| [vec![c.fingerprint.clone()], c.others.clone()].concat();
        all(self).iter().any(|fingerprint| all(other).contains(fingerprint))
    }

    /// Whole days from `now` until it expires; negative when it has.
    pub fn days_left(&self, now: Timestamp) -> i64 {
        (self.not_after.as_second() - now.as_second()).div_euclid(86_400)
    }
}
