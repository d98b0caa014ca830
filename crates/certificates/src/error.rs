// SPDX-License-Identifier: Apache-2.0
//! Why certificates could not be read or kept.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// A failure of a certificate manager.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the state could not be read or written")]
    Store(#[source] magnum_store::Error),
    /// The reference is not of a kind that this manager gives out.
    #[error(
        "the certificate {reference:?} is not kept by [certificates] cert_manager_type = {manager}; \
         the cluster was made with another manager, which must be set again to reach it"
    )]
    Foreign { reference: String, manager: &'static str },
    /// The file is not there.
    #[error(
        "the certificate's file {path} is not there; bring it back from a backup, \
         or set [certificates] cert_manager_type and storage_path as they were when the cluster was made"
    )]
    Absent { path: PathBuf },
    /// What stands in the file is not text.
    #[error("the certificate's file {path} holds no text; bring it back from a backup")]
    Unreadable { path: PathBuf },
    /// The system refused.
    #[error("{doing} {path} failed; see to it that [certificates] storage_path is a folder in which this service's user may write")]
    File {
        doing: &'static str,
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    /// The folder does not answer, such as one of a server that is away.
    #[error("[certificates] storage_path {path} did not answer within {seconds} s")]
    Slow { path: PathBuf, seconds: u64 },
    #[error("{0}")]
    Broken(String),
}

impl Error {
    /// For `map_err` of what was done with a file.
    pub(crate) fn file(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File { doing, path, source }
    }

    /// Whether the same call can succeed later without anybody changing anything.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Store(error) => error.is_transient(),
            Self::File { source, .. } => {
                !matches!(source.kind(), ErrorKind::PermissionDenied | ErrorKind::NotADirectory | ErrorKind::ReadOnlyFilesystem)
            }
            Self::Slow { .. } => true,
            Self::Foreign { .. } | Self::Absent { .. } | Self::Unreadable { .. } | Self::Broken(_) => false,
        }
    }
}
