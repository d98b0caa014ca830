// SPDX-License-Identifier: Apache-2.0
//! What can go wrong with certificates. The two errors a caller of the API can cause are spelled as Magnum
//! spells them; the others are the operator's or our own.

/// An error of this crate.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The certificate request cannot be used; Magnum's text, followed by why. HTTP 400.
    #[error("Received invalid csr {csr}. {reason}")]
    InvalidCsr { csr: String, reason: String },
    /// The request asks for an extension that may not be signed; Magnum's text. HTTP 400.
    #[error("Extension '{extension}' not allowed")]
    ExtensionNotAllowed { extension: String },
    /// The text is no certificate.
    #[error("not a certificate: {reason}")]
    InvalidCertificate { reason: String },
    /// The text is no private key this crate can use.
    #[error("not a usable private key: {reason}")]
    InvalidKey { reason: String },
    /// An encrypted key and the wrong passphrase.
    #[error("the private key cannot be decrypted with this passphrase")]
    WrongPassphrase,
    /// The certificate is not the key's.
    #[error("the certificate of {subject} does not belong to the private key")]
    KeyMismatch { subject: String },
    /// A name that has no encoding in a certificate.
    #[error("{value:?} cannot be written into a certificate: {reason}")]
    InvalidName { value: String, reason: String },
    /// The moment, or the moment plus the validity, has no encoding in a certificate.
    #[error("the validity does not fit into a certificate")]
    Validity,
    /// The cryptographic library failed.
    #[error("{doing} failed in the cryptographic library")]
    Crypto { doing: &'static str },
    /// An encoding failed; a fault of ours.
    #[error("cannot encode {what}")]
    Encode { what: &'static str, source: der::Error },
}

impl Error {
    /// Whether the caller of the API sent something wrong (HTTP 400), as opposed to a fault on our side.
    pub fn is_callers(&self) -> bool {
        matches!(self, Error::InvalidCsr { .. } | Error::ExtensionNotAllowed { .. })
    }

    /// For `map_err`: the encoding of `what` failed.
    pub(crate) fn encode(what: &'static str) -> impl FnOnce(der::Error) -> Error {
        move |source| Error::Encode { what, source }
    }
}
