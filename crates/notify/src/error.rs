// SPDX-License-Identifier: Apache-2.0
//! What can go wrong on the way to a broker. No text holds a password or a URL.

use std::time::Duration;

/// Why a notification was not sent.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The configuration cannot be used.
    #[error("{option}: {remedy}")]
    Setting { option: &'static str, remedy: String },
    #[error("the broker at {place} cannot be reached")]
    Unreachable { place: String, source: std::io::Error },
    #[error("the broker at {place} and we do not come to an agreement about TLS")]
    Tls { place: String, source: std::io::Error },
    #[error("the broker at {place} refuses the login of {user}; check user and password in transport_url")]
    Login { place: String, user: String, source: Box<lapin::Error> },
    #[error("the broker at {place} has no virtual host {vhost} for {user}; check the path of transport_url")]
    VirtualHost { place: String, vhost: String, user: String, source: Box<lapin::Error> },
    #[error("the broker at {place} refused while {doing}")]
    Amqp { place: String, doing: &'static str, source: Box<lapin::Error> },
    #[error("the broker at {place} did not answer within {} s while {doing}", limit.as_secs())]
    TimedOut { place: String, doing: &'static str, limit: Duration },
    #[error("the broker at {place} did not take the notification: {why}")]
    NotTaken { place: String, why: &'static str },
}

impl Error {
    /// The text with its causes.
    pub fn told(&self) -> String {
        let first: &dyn std::error::Error = self;
        let causes = std::iter::successors(first.source(), |error| error.source());
        let mut text = self.to_string();
        for words in causes.map(ToString::to_string) {
            if !text.ends_with(&words) {
                text = format!("{text}: {words}");
            }
        }
        text
    }
}
