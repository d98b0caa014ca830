// SPDX-License-Identifier: Apache-2.0
//! Sends notifications by all drivers that are configured.

use crate::broker::Link;
use crate::error::Error;
use crate::message::Message;
use crate::settings::{BrokerSettings, Driver, Settings};
use serde_json::Value;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::Mutex;

/// Sends notifications, over one connection that is kept.
pub struct Notifier {
    settings: Settings,
    link: Mutex<Option<Link>>,
    /// Which of several brokers was the last good one.
    host: AtomicUsize,
}

impl Notifier {
    /// Nothing is connected yet.
    pub fn new(settings: Settings) -> Self {
        Self { settings, link: Mutex::default(), host: AtomicUsize::new(0) }
    }

    /// Sends one notification; it is sent when this is well. After an error it may be sent again: listeners tell it by its id.
    pub async fn send(&self, message: &Message<'_>) -> Result<(), Error> {
        let publisher = &self.settings.publisher;
        if let Some(broker) = &self.settings.broker {
            for driver in &self.settings.drivers {
                let body = match driver {
                    Driver::Messaging => message.version_1(publisher),
                    Driver::MessagingV2 => message.version_2(publisher),
                    Driver::Log => continue,
                };
                for topic in &broker.topics {
                    let key = format!("{topic}.{}", message.priority.to_lowercase());
                    self.publish(broker, &key, body.as_bytes()).await?;
                }
            }
        }
        if self.settings.drivers.contains(&Driver::Log) {
            let text = Value::Object(message.plain(publisher)).to_string();
            if message.priority == "ERROR" {
                tracing::error!(target: "oslo.messaging.notification", event = message.event_type, "{text}");
            } else {
                tracing::info!(target: "oslo.messaging.notification", event = message.event_type, "{text}");
            }
        }
        Ok(())
    }

    /// How long to wait after so many failures with one notification; none: it is given up.
    pub fn patience(&self, failures: u32) -> Option<Duration> {
        self.settings.retry.after(failures)
    }

    /// Whether a broker takes us; well when none is needed.
    pub async fn reach(&self) -> Result<(), Error> {
        match &self.settings.broker {
            Some(broker) => {
                self.open(broker).await?.close().await;
                Ok(())
            }
            None => Ok(()),
        }
    }

    async fn publish(&self, broker: &BrokerSettings, key: &str, body: &[u8]) -> Result<(), Error> {
        let mut kept = self.link.lock().await;
        // Taken out: a link that is dropped in the middle of something is not used again.
        let mut link = match kept.take().filter(Link::is_good) {
            Some(link) => link,
            None => self.open(broker).await?,
        };
        link.publish(broker, key, body).await?;
        *kept = Some(link);
        Ok(())
    }

    /// Connects to the broker that was good last, else to the next ones.
    async fn open(&self, broker: &BrokerSettings) -> Result<Link, Error> {
        let hosts = &broker.address.hosts;
        let first = self.host.load(Ordering::Relaxed);
        let mut told = None;
        for at in (0..hosts.len()).map(|n| (first + n) % hosts.len()) {
            match Link::open(broker, &hosts[at], &self.settings.publisher).await {
                Ok(link) => {
                    self.host.store(at, Ordering::Relaxed);
                    return Ok(link);
                }
                Err(error) => told = told.or(Some(error)),
            }
        }
        Err(told.unwrap_or_else(|| Error::Setting { option: "transport_url", remedy: "there is no host in it".to_owned() }))
    }
}
