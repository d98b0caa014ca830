// SPDX-License-Identifier: Apache-2.0
//! Why an activation could not be finished. Nothing here ends an operation by itself: `bring` and `remove` decide that.

/// A failure while working on a cluster.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the state could not be read or written")]
    Store(#[source] magnum_store::Error),
    #[error("{0}")]
    Engine(#[source] magnum_engine::Error),
    #[error("certificates could not be made")]
    Certificates(#[source] magnum_pki::Error),
    #[error("certificates could not be read or kept")]
    Kept(#[source] magnum_certificates::Error),
    /// A value in the rows cannot be made real.
    #[error("{0}")]
    Settings(magnum_types::FieldError),
    #[error("{0}")]
    Broken(String),
    /// Others were faster; the next try may succeed.
    #[error("{0}")]
    Busy(String),
}

impl Error {
    /// What a certificate manager says: its failures with the state are ours.
    pub(crate) fn kept(error: magnum_certificates::Error) -> Self {
        match error {
            magnum_certificates::Error::Store(error) => Error::Store(error),
            other => Error::Kept(other),
        }
    }

    /// Whether the same work may succeed later without anybody changing anything.
    pub fn is_transient(&self) -> bool {
        match self {
            Error::Store(error) => error.is_transient(),
            Error::Engine(error) => error.is_transient(),
            Error::Certificates(_) | Error::Busy(_) => true,
            Error::Kept(error) => error.is_transient(),
            Error::Settings(_) | Error::Broken(_) => false,
        }
    }

    /// The cluster was deleted meanwhile, or another conductor has it.
    pub fn is_moot(&self) -> bool {
        self.is_gone() || matches!(self, Error::Store(magnum_store::Error::Fenced { .. }))
    }

    /// The cluster was deleted meanwhile.
    pub fn is_gone(&self) -> bool {
        matches!(self, Error::Store(magnum_store::Error::NotFound { what: "cluster", .. }))
    }

    /// The text for `status_reason`: the error with its causes and, if there is one, the hint.
    pub fn reason(&self) -> String {
        let mut text = self.to_string();
        let mut source = std::error::Error::source(self);
        while let Some(cause) = source {
            let words = cause.to_string();
            if !text.ends_with(&words) {
                text = format!("{text}: {words}");
            }
            source = cause.source();
        }
        match self {
            Error::Engine(error) => error.hint().map_or(text.clone(), |hint| format!("{text}; {hint}")),
            _ => text,
        }
    }
}
