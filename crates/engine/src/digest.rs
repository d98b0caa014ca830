// SPDX-License-Identifier: Apache-2.0
//! Short digests of rendered configuration. The digest of what was applied is kept where it was applied (a link's
//! alias, a daemon's argument), so that comparing it with what is wanted needs no record of our own.

use aws_lc_rs::digest::{SHA256, digest};

/// SHA-256 in hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    digest(&SHA256, bytes).as_ref().iter().map(|b| format!("{b:02x}")).collect()
}

/// The first 16 digits of the digest of a text.
pub(crate) fn short(text: &str) -> String {
    hex(text.as_bytes()).chars().take(16).collect()
}
