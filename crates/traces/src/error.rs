// SPDX-License-Identifier: Apache-2.0
//! What can go wrong on the way to a collector. No text holds a header's value, or a password of a URL.

use std::time::Duration;

/// Why spans were not taken.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The configuration cannot be used.
    #[error("[opentelemetry] {option}: {remedy}")]
    Setting { option: &'static str, remedy: String },
    #[error("the collector of traces at {place} cannot be reached: {reason}")]
    Unreachable { place: String, reason: String },
    #[error("the collector of traces at {place} did not answer within {} s", limit.as_secs())]
    TimedOut { place: String, limit: Duration },
    #[error("the collector of traces at {place} refuses us ({status}); check [opentelemetry] headers")]
    Login { place: String, status: u16 },
    #[error("nothing takes traces at {place} ({status}); endpoint is the collector's URL for OTLP over HTTP, usually with port 4318")]
    NotThere { place: String, status: u16 },
    #[error("the collector of traces at {place} is busy ({status})")]
    Busy { place: String, status: u16, wait: Option<Duration> },
    #[error("the collector of traces at {place} refuses what we send ({status})")]
    Refused { place: String, status: u16 },
    #[error("what answers at {place} is no collector of traces; endpoint is its URL for OTLP over HTTP, usually with port 4318")]
    Garbled { place: String },
}

impl Error {
    /// Whether the same may be taken later.
    pub(crate) fn is_passing(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::TimedOut { .. } | Self::Busy { .. })
    }

    /// How long the collector wants to be left alone.
    pub(crate) fn wait(&self) -> Option<Duration> {
        match self {
            Self::Busy { wait, .. } => *wait,
            _ => None,
        }
    }
}
