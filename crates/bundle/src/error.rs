// SPDX-License-Identifier: Apache-2.0
//! Why a bundle cannot be made or read.

/// Why a bundle cannot be made or read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("reading the archive")]
    Archive(#[source] std::io::Error),
    #[error("writing the archive")]
    Write(#[source] std::io::Error),
    #[error("it has no {0}")]
    Missing(&'static str),
    #[error("it is of the form {0:?}; this program knows {known} only", known = crate::Manifest::SCHEMA)]
    Schema(String),
    #[error("{what} is not what it should be: {source}")]
    Content { what: &'static str, source: serde_json::Error },
    #[error("it is larger than {0} MiB")]
    TooLarge(u64),
}
