// SPDX-License-Identifier: Apache-2.0
//! `[keystone_authtoken]`, as far as it says how tokens are checked.

use magnum_cloud::{Error, Limits};
use magnum_conf::Config;
use std::time::Duration;

const GROUP: &str = "keystone_authtoken";

/// How tokens are checked.
#[derive(Debug, Clone)]
pub struct Options {
    /// How long a checked token is not checked again; zero: every request asks Keystone.
    pub cache_time: Duration,
    /// How many checked tokens are kept. One takes about 2 KiB, and 5 to 10 more for a catalogue that no other has.
    pub cache_size: usize,
    /// Type of this service in the catalogue, for access rules.
    pub service_type: Option<String>,
    /// A service token with one of these lets an expired token of a caller through.
    pub service_token_roles: Vec<String>,
    /// Whether a service token without such a role is refused.
    pub service_token_roles_required: bool,
    /// Whether Keystone is asked for the catalogue with the token; without it no access rule can be kept.
    pub include_service_catalogue: bool,
    /// What callers without a token are told; where the service itself gets tokens if nothing is set.
    pub www_authenticate_uri: Option<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            cache_time: Duration::from_secs(300),
            cache_size: 2048,
            service_type: Some("container-infra".to_owned()),
            service_token_roles: vec!["service".to_owned()],
            service_token_roles_required: true,
            include_service_catalogue: true,
            www_authenticate_uri: None,
        }
    }
}

impl Options {
    /// What the configuration says.
    pub fn from_config(config: &Config) -> Result<Self, Error> {
        let usual = Self::default();
        Ok(Self {
            cache_time: match config.integer(GROUP, "token_cache_time").map_err(unreadable("token_cache_time"))? {
                Some(seconds) => Duration::from_secs(u64::try_from(seconds).unwrap_or_default()),
                None => usual.cache_time,
            },
            service_type: config.text(GROUP, "service_type").map_err(unreadable("service_type"))?,
            service_token_roles: config.list(GROUP, "service_token_roles").map_err(unreadable("service_token_roles"))?,
            service_token_roles_required: config
                .flag(GROUP, "service_token_roles_required")
                .map_err(unreadable("service_token_roles_required"))?,
            include_service_catalogue: config.flag(GROUP, "include_service_catalog").map_err(unreadable("include_service_catalog"))?,
            www_authenticate_uri: match config.text(GROUP, "www_authenticate_uri").map_err(unreadable("www_authenticate_uri"))? {
                Some(uri) => Some(uri),
                None => config.text(GROUP, "auth_url").map_err(unreadable("auth_url"))?,
            },
            ..usual
        })
    }

    /// How long Keystone is waited for. keystonemiddleware waits for ever unless `http_connect_timeout` is set, which in spite of
    /// its name is for the whole answer; we then answer 503 after half a minute.
    pub fn limits(config: &Config) -> Result<Limits, Error> {
        let attempt = config.duration(GROUP, "http_connect_timeout").map_err(unreadable("http_connect_timeout"))?;
        let attempt = attempt.filter(|limit| !limit.is_zero()).unwrap_or(Duration::from_secs(10));
        let retries = config.integer(GROUP, "http_request_max_retries").map_err(unreadable("http_request_max_retries"))?;
        let retries = retries.map_or(3, |number| u32::try_from(number.clamp(0, 100)).unwrap_or(3));
        Ok(Limits {
            connect: attempt.min(Duration::from_secs(5)),
            attempt,
            whole: attempt.saturating_mul(3).min(Duration::from_secs(60)).max(attempt),
            attempts: retries + 1,
        })
    }
}

fn unreadable(option: &'static str) -> impl Fn(magnum_conf::Error) -> Error {
    move |error| Error::Setting { option: format!("[{GROUP}] {option}"), remedy: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use magnum_conf::{File, Sources};

    fn config(text: &str) -> Config {
        let text = format!("[keystone_authtoken]\n{text}");
        Config::new(Sources { files: vec![File { name: "magnum.conf".into(), text }], ..Sources::default() })
    }

    #[test]
    fn defaults_are_keystonemiddlewares() {
        let options = Options::from_config(&config("")).unwrap();
        assert_eq!(options.cache_time, Duration::from_secs(300));
        assert_eq!(options.service_token_roles, ["service"]);
        assert_eq!(options.service_type.as_deref(), Some("container-infra"));
        assert!(options.service_token_roles_required && options.include_service_catalogue);
        assert_eq!(Options::limits(&config("")).unwrap().attempts, 4);
        let options = Options::from_config(&config("auth_url=http://int:5000\n")).unwrap();
        assert_eq!(options.www_authenticate_uri.as_deref(), Some("http://int:5000"));
    }

    #[test]
    fn what_is_set_counts() {
        let text = "token_cache_time=0\nservice_token_roles=service,nova\nservice_token_roles_required=false\n\
                    auth_uri=http://pub:5000\nhttp_connect_timeout=2\nhttp_request_max_retries=0\n";
        let options = Options::from_config(&config(text)).unwrap();
        assert_eq!(options.cache_time, Duration::ZERO);
        assert_eq!(options.service_token_roles, ["service", "nova"]);
        assert!(!options.service_token_roles_required);
        assert_eq!(options.www_authenticate_uri.as_deref(), Some("http://pub:5000"));
        let limits = Options::limits(&config(text)).unwrap();
        assert_eq!((limits.attempt, limits.whole, limits.attempts), (Duration::from_secs(2), Duration::from_secs(6), 1));
        let options = Options::from_config(&config("token_cache_time = -1\ninclude_service_catalog = false\n")).unwrap();
        assert_eq!((options.cache_time, options.include_service_catalogue), (Duration::ZERO, false));
        assert!(Options::from_config(&config("token_cache_time = -2\n")).is_err());
    }
}
