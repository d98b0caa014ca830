// SPDX-License-Identifier: Apache-2.0
//! How something on this machine fails: always with the program, file or namespace it was about.

use std::io;
use std::path::Path;

/// A failure on this machine.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{program} is not installed")]
    NotInstalled { program: String },
    #[error("{program} cannot be started")]
    Start {
        program: String,
        #[source]
        source: io::Error,
    },
    #[error("{program} ended with {status}: {last_line}")]
    Failed { program: String, status: String, last_line: String },
    #[error("{program} did not end within {seconds} s")]
    TimedOut { program: String, seconds: u64 },
    #[error("{program} answered something that is not its usual JSON")]
    Answer {
        program: String,
        #[source]
        source: serde_json::Error,
    },
    #[error("cannot {action} {path}")]
    File {
        action: &'static str,
        path: String,
        #[source]
        source: io::Error,
    },
    #[error("cannot {action} network namespace {name}")]
    Namespace {
        action: &'static str,
        name: String,
        #[source]
        source: io::Error,
    },
    #[error("process {pid} did not end within {seconds} s of being killed")]
    Unkillable { pid: i32, seconds: u64 },
    #[error("a worker thread could not be started or broke off")]
    Thread,
}

impl Error {
    /// A failed file operation; `action` completes "cannot …".
    pub fn file(action: &'static str, path: &Path, source: io::Error) -> Self {
        Error::File { action, path: path.display().to_string(), source }
    }

    /// The message with its causes, in one line.
    pub fn with_causes(&self) -> String {
        let mut text = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            text.push_str(": ");
            text.push_str(&error.to_string());
            cause = error.source();
        }
        text
    }
}
