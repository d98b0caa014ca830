// SPDX-License-Identifier: Apache-2.0
//! What ends a command early: a sentence, where there is one a hint, and the exit code (documented in
//! `docs/cli-json.md`).

use std::path::PathBuf;

/// A command was refused, or what it asked for ended in a failure.
pub const FAILED: u8 = 1;
/// The command line cannot be used.
pub const USAGE: u8 = 64;
/// No server answers.
pub const UNREACHABLE: u8 = 69;
/// The program itself failed.
pub const INTERNAL: u8 = 70;
/// Ctrl-C.
pub const INTERRUPTED: u8 = 130;

/// Why a command ended early.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The arguments do not fit together.
    #[error("{message}")]
    Usage { message: String, hint: Option<String> },
    /// No connection, or no answer within the time limit.
    #[error("no {what} answers at {url}: {reason}")]
    Unreachable { what: &'static str, url: String, reason: String, hint: Option<String> },
    /// Keystone lets the user not in, or does not say where Magnum is.
    #[error("{message}")]
    Login { message: String, hint: Option<String>, exit: u8 },
    /// The server answered with an error.
    #[error("{text}")]
    Server { status: u16, text: String, path: Vec<String>, hint: Option<String> },
    /// The request was accepted, but what it asked for failed.
    #[error("{message}")]
    Failed { message: String, hint: Option<String> },
    /// A file of the user cannot be read or written.
    #[error("{doing} {}: {source}", path.display())]
    File { doing: &'static str, path: PathBuf, source: std::io::Error },
    /// A fault of this program.
    #[error("{message}")]
    Internal { message: String },
    /// The user stopped the command.
    #[error("interrupted")]
    Interrupted,
    /// A hook of the program failed, with its own exit code.
    #[error("{message}")]
    Hook { message: String, hint: Option<String>, exit: u8 },
}

impl Error {
    /// An error in the arguments.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Error::Usage { message: message.into(), hint: None }
    }

    /// A failure without a hint.
    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Error::Failed { message: message.into(), hint: None }
    }

    /// An answer that is not what the protocol promises.
    pub(crate) fn unexpected(what: &str) -> Self {
        Error::Internal { message: format!("the server's answer has no {what}") }
    }

    /// The process's exit code.
    pub fn exit(&self) -> u8 {
        match self {
            Error::Usage { .. } => USAGE,
            Error::Unreachable { .. } => UNREACHABLE,
            Error::Server { .. } | Error::Failed { .. } | Error::File { .. } => FAILED,
            Error::Internal { .. } => INTERNAL,
            Error::Interrupted => INTERRUPTED,
            Error::Hook { exit, .. } | Error::Login { exit, .. } => *exit,
        }
    }

    /// What the user can try next.
    pub fn hint(&self) -> Option<&str> {
        match self {
            Error::Usage { hint, .. }
            | Error::Unreachable { hint, .. }
            | Error::Server { hint, .. }
            | Error::Failed { hint, .. }
            | Error::Login { hint, .. }
            | Error::Hook { hint, .. } => hint.as_deref(),
            Error::File { .. } | Error::Internal { .. } | Error::Interrupted => None,
        }
    }

    /// The same error with `hint`, where it has none yet.
    pub(crate) fn or_hint(mut self, new: Option<String>) -> Self {
        match &mut self {
            Error::Usage { hint, .. }
            | Error::Unreachable { hint, .. }
            | Error::Server { hint, .. }
            | Error::Failed { hint, .. }
            | Error::Login { hint, .. }
            | Error::Hook { hint, .. } => *hint = hint.take().or(new),
            Error::File { .. } | Error::Internal { .. } | Error::Interrupted => {}
        }
        self
    }

    /// Whether the server said that the thing does not exist.
    pub(crate) fn is_not_found(&self) -> bool {
        matches!(self, Error::Server { status: 404, .. })
    }
}
