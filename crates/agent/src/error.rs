// SPDX-License-Identifier: Apache-2.0
//! What can go wrong on a node. The text of an error is what the operator reads as a step's reason.

use std::io;
use std::path::PathBuf;

/// A failure, with what was being done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The node spec cannot be carried out as it is.
    #[error("node spec: {0}")]
    Spec(String),
    /// A file or folder of this node.
    #[error("{action} {path}")]
    File {
        action: &'static str,
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    /// A program that has to be there is not.
    #[error("program {0} is not installed on this node")]
    Missing(String),
    /// A program that ended badly, or not in time.
    #[error("{program}: {what}")]
    Command { program: String, what: String },
    /// A unit that does not stay up.
    #[error("{unit} failed: {what}")]
    Unit { unit: String, what: String },
    /// Nobody answered, or not in time; trying again may help.
    #[error("{peer}: {what}")]
    Unreachable { peer: String, what: String },
    /// The other side answered, and refused.
    #[error("{peer} answered {status}: {what}")]
    Refused { peer: String, status: u16, what: String },
    /// An answer that makes no sense.
    #[error("{peer}: unexpected answer: {what}")]
    Answer { peer: String, what: String },
    /// The step's time is over.
    #[error("not done within {seconds} s; waited for {what}")]
    Limit { seconds: u64, what: String },
    /// Key or certificate.
    #[error("{0}")]
    Certificate(String),
    /// Another step, without which this one cannot go on, failed.
    #[error("step {0} failed")]
    Dependency(&'static str),
}

impl Error {
    /// Whether the same attempt may succeed a moment later.
    pub fn is_transient(&self) -> bool {
        match self {
            Error::Unreachable { .. } => true,
            Error::Refused { status, .. } => matches!(status, 408 | 409 | 425 | 429 | 500..=599),
            _ => false,
        }
    }

    /// The message with its causes, on one line.
    pub fn chain(&self) -> String {
        let mut text = self.to_string();
        let mut next = std::error::Error::source(self);
        while let Some(cause) = next {
            text.push_str(": ");
            text.push_str(&cause.to_string());
            next = cause.source();
        }
        text
    }
}
