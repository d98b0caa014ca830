// SPDX-License-Identifier: Apache-2.0
//! What can go wrong between us and a service. Every text names the service; none holds a secret.

use std::time::Duration;

/// Why a call came to nothing. It can be copied, since many callers may wait for one answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// 404.
    #[error("{service}: {message}")]
    NotFound { service: &'static str, message: String },
    /// 403.
    #[error("{service} forbids it: {message}")]
    Forbidden { service: &'static str, message: String },
    /// 401 for a token that was good before.
    #[error("{service} refuses the token: {message}")]
    Unauthorised { service: &'static str, message: String },
    /// Keystone gives no token for the credentials. `origin` is where they stand, such as `[keystone_authtoken]`.
    #[error("Keystone at {url} refuses the credentials of {origin} ({who}): {message}")]
    Credentials { url: String, origin: String, who: String, message: String },
    /// 409.
    #[error("{service}: {message}")]
    Conflict { service: &'static str, message: String },
    /// Any other answer that is the caller's fault.
    #[error("{service} answers {status}: {message}")]
    Refused { service: &'static str, status: u16, message: String },
    /// No connection, a connection that broke, or an answer that is the service's fault.
    #[error("{service} at {url} is not available: {reason}")]
    Unavailable { service: &'static str, url: String, reason: String },
    /// No whole answer within the limit.
    #[error("{service} at {url} did not answer within {} s", limit.as_secs_f64())]
    TimedOut { service: &'static str, url: String, limit: Duration },
    /// The catalogue does not say where the service is.
    #[error("the catalogue has no {interface} endpoint of {service} ({types}){}; it has: {listed}", in_region(region.as_deref()))]
    NoEndpoint { service: &'static str, types: String, interface: &'static str, region: Option<String>, listed: String },
    /// An answer that is not what the service's API says.
    #[error("{service} at {url} answers what cannot be read: {what}")]
    Garbled { service: &'static str, url: String, what: String },
    /// The configuration cannot be used.
    #[error("{option}: {remedy}")]
    Setting { option: String, remedy: String },
}

fn in_region(region: Option<&str>) -> String {
    region.map_or_else(String::new, |region| format!(" in region {region}"))
}

impl Error {
    /// Whether the service could not be asked, so that asking again later may help.
    pub fn is_outage(&self) -> bool {
        matches!(self, Self::Unavailable { .. } | Self::TimedOut { .. })
    }
}
