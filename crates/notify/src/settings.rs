// SPDX-License-Identifier: Apache-2.0
//! From `magnum.conf`: where notifications go, and how a broker is spoken to.

use crate::address::Address;
use crate::error::Error;
use crate::tls::TlsFiles;
use magnum_conf::Config;
use secrecy::ExposeSecret;
use std::collections::BTreeSet;
use std::time::Duration;

/// A way of telling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Driver {
    /// To the broker, in message format 1.0.
    Messaging,
    /// To the broker, in message format 2.0.
    MessagingV2,
    Log,
}

/// Where notifications go.
#[derive(Debug)]
pub struct Settings {
    pub(crate) drivers: BTreeSet<Driver>,
    /// Set when a driver needs it.
    pub(crate) broker: Option<BrokerSettings>,
    pub(crate) publisher: String,
    pub(crate) retry: Retry,
}

/// How a broker is spoken to.
#[derive(Debug)]
pub(crate) struct BrokerSettings {
    pub address: Address,
    pub exchange: String,
    pub topics: Vec<String>,
    pub tls: Option<TlsFiles>,
    /// By certificate instead of by password.
    pub external: bool,
    pub heartbeat_seconds: u16,
    pub durable: bool,
    pub auto_delete: bool,
    pub quorum: bool,
    pub mirrored: bool,
    pub delivery_limit: Option<i64>,
}

/// When a failure is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Retry {
    pub first: Duration,
    pub step: Duration,
    pub most: Duration,
    /// After this many more attempts a notification is given up; none: never.
    pub attempts: Option<u32>,
}

impl Retry {
    /// How long to wait after so many failures; none: no longer.
    pub fn after(&self, failures: u32) -> Option<Duration> {
        if self.attempts.is_some_and(|attempts| failures > attempts) {
            return None;
        }
        Some((self.first + self.step * failures.saturating_sub(1).min(1000)).min(self.most))
    }
}

const NOTIFICATIONS: &str = "oslo_messaging_notifications";
const RABBIT: &str = "oslo_messaging_rabbit";
const TRANSPORT: &str = "transport_url of [oslo_messaging_notifications] or [DEFAULT]";

impl Settings {
    /// As the configuration says; none when nobody is to be told anything. `host` is this machine's name.
    pub fn from_config(config: &Config, host: &str) -> Result<Option<Self>, Error> {
        let names = config.list(NOTIFICATIONS, "driver").map_err(unreadable)?;
        let drivers = names.iter().filter_map(|name| driver(name).transpose()).collect::<Result<BTreeSet<_>, _>>()?;
        if drivers.is_empty() {
            return Ok(None);
        }
        let reader = Reader { config, query: Vec::new() };
        let broker = if drivers == BTreeSet::from([Driver::Log]) { None } else { Some(reader.broker()?) };
        let attempts = config.integer(NOTIFICATIONS, "retry").map_err(unreadable)?.and_then(|n| u32::try_from(n).ok());
        let seconds = |option, usual| reader.integer(option, usual).map(|n| Duration::from_secs(u64::try_from(n).unwrap_or(0)));
        let retry = Retry {
            first: seconds("rabbit_retry_interval", 1)?.max(Duration::from_millis(100)),
            step: seconds("rabbit_retry_backoff", 2)?,
            most: seconds("rabbit_interval_max", 30)?.max(Duration::from_secs(1)),
            attempts,
        };
        let host = config.text("DEFAULT", "host").map_err(unreadable)?.unwrap_or_else(|| host.to_owned());
        Ok(Some(Self { drivers, broker, publisher: format!("container-infra.{host}"), retry }))
    }
}

fn driver(name: &str) -> Result<Option<Driver>, Error> {
    match name.trim() {
        "messaging" => Ok(Some(Driver::Messaging)),
        "messagingv2" => Ok(Some(Driver::MessagingV2)),
        "log" => Ok(Some(Driver::Log)),
        "noop" | "" => Ok(None),
        other => {
            let remedy = format!("there is no driver {other:?}; use messagingv2, messaging, log or noop");
            Err(Error::Setting { option: "[oslo_messaging_notifications] driver", remedy })
        }
    }
}

fn unreadable(error: magnum_conf::Error) -> Error {
    Error::Setting { option: "notifications", remedy: error.to_string() }
}

/// Reads `[oslo_messaging_rabbit]`; what the URL says of its options counts more.
struct Reader<'a> {
    config: &'a Config,
    query: Vec<(String, String)>,
}

impl Reader<'_> {
    fn broker(&self) -> Result<BrokerSettings, Error> {
        let own = self.config.secret(NOTIFICATIONS, "transport_url").map_err(unreadable)?;
        let url = match own {
            Some(url) => url,
            None => self.config.secret("DEFAULT", "transport_url").map_err(unreadable)?.unwrap_or_else(|| "rabbit://".into()),
        };
        let mut address = Address::parse(url.expose_secret()).map_err(|remedy| Error::Setting { option: TRANSPORT, remedy })?;
        let reader = Reader { config: self.config, query: std::mem::take(&mut address.query) };
        let exchange = self.config.text("DEFAULT", "control_exchange").map_err(unreadable)?.unwrap_or_default();
        let exchange = if exchange.is_empty() { "magnum".to_owned() } else { exchange };
        let topics = self.config.list(NOTIFICATIONS, "topics").map_err(unreadable)?;
        // With `.error` behind it a topic is the name of a queue, which has at most 255 bytes.
        for (option, name) in topics.iter().map(|topic| ("topics", topic)).chain([("control_exchange", &exchange)]) {
            if name.is_empty() || name.len() > 240 {
                let remedy = "a name must have 1 to 240 bytes".to_owned();
                let option = if option == "topics" { "[oslo_messaging_notifications] topics" } else { "[DEFAULT] control_exchange" };
                return Err(Error::Setting { option, remedy });
            }
        }
        let quorum = reader.flag("rabbit_quorum_queue")?;
        let mirrored = reader.flag("rabbit_ha_queues")?;
        if quorum && mirrored {
            let remedy = "rabbit_quorum_queue is set as well; take one of them out".to_owned();
            return Err(Error::Setting { option: "[oslo_messaging_rabbit] rabbit_ha_queues", remedy });
        }
        let tls = if reader.flag("ssl")? {
            let files = ["ssl_ca_file", "ssl_cert_file", "ssl_key_file"].map(|option| reader.text(option));
            let [authorities, certificate, key] = files;
            Some(TlsFiles { authorities: authorities?, certificate: certificate?, key: key? })
        } else {
            None
        };
        let limit = reader.integer("rabbit_quorum_delivery_limit", 0)?;
        Ok(BrokerSettings {
            address,
            exchange,
            topics,
            tls,
            external: reader.text("rabbit_login_method")?.as_deref() == Some("EXTERNAL"),
            heartbeat_seconds: u16::try_from(reader.integer("heartbeat_timeout_threshold", 60)?).unwrap_or(u16::MAX),
            durable: reader.flag("amqp_durable_queues")? || quorum,
            auto_delete: reader.flag("amqp_auto_delete")?,
            quorum,
            mirrored,
            delivery_limit: (quorum && limit > 0).then_some(limit),
        })
    }

    fn override_of(&self, option: &str) -> Option<&str> {
        self.query.iter().rev().find(|(key, _)| key == option).map(|(_, value)| value.as_str())
    }

    fn text(&self, option: &str) -> Result<Option<String>, Error> {
        let text = match self.override_of(option) {
            Some(text) => Some(text.to_owned()),
            None => self.config.text(RABBIT, option).map_err(unreadable)?,
        };
        Ok(text.filter(|text| !text.is_empty()))
    }

    fn flag(&self, option: &str) -> Result<bool, Error> {
        match self.override_of(option).map(str::to_ascii_lowercase).as_deref() {
            None => self.config.flag(RABBIT, option).map_err(unreadable),
            Some("true" | "1" | "yes" | "on") => Ok(true),
            Some("false" | "0" | "no" | "off") => Ok(false),
            Some(_) => Err(Error::Setting { option: TRANSPORT, remedy: format!("after the ?, {option} is neither true nor false") }),
        }
    }

    fn integer(&self, option: &str, usual: i64) -> Result<i64, Error> {
        match self.override_of(option) {
            None => Ok(self.config.integer(RABBIT, option).map_err(unreadable)?.unwrap_or(usual)),
            Some(text) => text
                .parse()
                .map_err(|_| Error::Setting { option: TRANSPORT, remedy: format!("after the ?, {option} is not a whole number") }),
        }
    }
}

#[cfg(test)]
mod tests;
