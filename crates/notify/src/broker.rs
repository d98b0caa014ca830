// SPDX-License-Identifier: Apache-2.0
//! One connection to a RabbitMQ: login, the exchange and the queues as oslo.messaging has them, publishing with confirmation.

use crate::address::Host;
use crate::error::Error;
use crate::settings::BrokerSettings;
use crate::socket::{connect, kit};
use lapin::auth::AuthProvider;
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions, ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable, LongString, ShortString};
use lapin::uri::{AMQPAuthority, AMQPQueryString, AMQPScheme, AMQPUri, AMQPUserInfo};
use lapin::{AsyncTcpStream, BasicProperties, Channel, Confirmation, Connection, ConnectionProperties, ErrorKind, ExchangeKind};
use secrecy::{ExposeSecret, SecretString};
use std::collections::BTreeSet;
use std::future::Future;
use std::sync::Mutex;
use std::time::Duration;

/// For connecting and logging in.
const CONNECT: Duration = Duration::from_secs(10);
/// For every other answer.
const ANSWER: Duration = Duration::from_secs(20);
/// The message is to outlive the broker's restart, if its queue does.
const PERSISTENT: u8 = 2;
const LOOKING: &str = "looking for exchange and queue";

/// A connection that is logged in.
pub(crate) struct Link {
    connection: Connection,
    channel: Channel,
    place: String,
    /// Queues that are known to be there.
    ready: BTreeSet<String>,
}

impl Link {
    /// Connects to this host and logs in. `name` is how the connection is called in the broker's lists.
    pub async fn open(settings: &BrokerSettings, host: &Host, name: &str) -> Result<Self, Error> {
        let port = host.port.unwrap_or(if settings.tls.is_some() { 5671 } else { 5672 });
        let place = format!("{}:{port}", host.name);
        let late = |_| Error::TimedOut { place: place.clone(), doing: "connecting", limit: CONNECT };
        let socket = tokio::time::timeout(CONNECT, connect(&host.name, port, settings.tls.as_ref())).await.map_err(late)??;
        let socket = Mutex::new(Some(socket));
        let take = async move |_, _| {
            let made = socket.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
            made.map(AsyncTcpStream::Plain).ok_or_else(|| std::io::Error::other("there is one connection only").into())
        };
        let properties = ConnectionProperties::default()
            .with_connection_name(LongString::from(name))
            .with_client_property(ShortString::from("product"), LongString::from("magnum"))
            .with_auth_provider(Login { external: settings.external, user: host.user.clone(), password: host.password.clone() });
        let opening = Connection::connector(uri(settings, host, port), async_rs::Runtime::new(kit()), take, properties);
        let opened = tokio::time::timeout(CONNECT, opening).await.map_err(late)?;
        let connection = opened.map_err(|source| refused(settings, host, &place, source))?;
        let channel = new_channel(&connection, &place).await?;
        Ok(Self { connection, channel, place, ready: BTreeSet::new() })
    }

    /// Whether the connection is still good, as far as is known.
    pub fn is_good(&self) -> bool {
        self.connection.status().connected() && self.channel.status().connected()
    }

    /// Publishes, and waits until the broker has the message in a queue.
    pub async fn publish(&mut self, settings: &BrokerSettings, key: &str, body: &[u8]) -> Result<(), Error> {
        if !self.ready.contains(key) {
            self.make_ready(settings, key).await?;
            self.ready.insert(key.to_owned());
        }
        let properties = BasicProperties::default()
            .with_content_type("application/json".into())
            .with_content_encoding("utf-8".into())
            .with_delivery_mode(PERSISTENT)
            .with_priority(0);
        let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
        let publishing = async {
            let sent = self.channel.basic_publish(settings.exchange.as_str().into(), key.into(), options, body, properties).await?;
            sent.await
        };
        let why = match self.answer("taking a notification", publishing).await? {
            Confirmation::Ack(None) => return Ok(()),
            // The queue went away since it was made sure of.
            Confirmation::Ack(Some(_)) => "no queue is bound for it",
            Confirmation::Nack(_) => "it was refused",
            Confirmation::NotRequested => "it was not confirmed",
        };
        self.ready.clear();
        Err(Error::NotTaken { place: self.place.clone(), why })
    }

    /// Makes sure of the exchange, and of a queue that keeps messages for listeners that come later. What is there already is
    /// taken as it is, whatever its properties: others may have made it.
    async fn make_ready(&mut self, settings: &BrokerSettings, key: &str) -> Result<(), Error> {
        let BrokerSettings { durable, auto_delete, .. } = *settings;
        let exchange = || ShortString::from(settings.exchange.as_str());
        let queue = || ShortString::from(key);
        let passive = ExchangeDeclareOptions { passive: true, ..ExchangeDeclareOptions::default() };
        let found = self.answer(LOOKING, self.channel.exchange_declare(exchange(), ExchangeKind::Topic, passive, FieldTable::default()));
        let found = found.await;
        if self.is_missing(found).await? {
            let options = ExchangeDeclareOptions { durable, auto_delete, ..ExchangeDeclareOptions::default() };
            let made = self.channel.exchange_declare(exchange(), ExchangeKind::Topic, options, FieldTable::default());
            self.answer("making the exchange", made).await?;
        }
        let passive = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
        let found = self.answer(LOOKING, self.channel.queue_declare(queue(), passive, FieldTable::default())).await;
        if self.is_missing(found).await? {
            let options = QueueDeclareOptions { durable, auto_delete, ..QueueDeclareOptions::default() };
            let made = self.channel.queue_declare(queue(), options, arguments(settings));
            self.answer("making a queue", made).await?;
        }
        let bound = self.channel.queue_bind(queue(), exchange(), queue(), QueueBindOptions::default(), FieldTable::default());
        self.answer("binding a queue", bound).await
    }

    /// Whether the broker does not know what was asked for. It closes the channel then, and there is a new one.
    async fn is_missing<T>(&mut self, found: Result<T, Error>) -> Result<bool, Error> {
        match found {
            Ok(_) => Ok(false),
            Err(Error::Amqp { source, .. }) if code(&source) == Some(404) => {
                self.channel = new_channel(&self.connection, &self.place).await?;
                Ok(true)
            }
            Err(error) => Err(error),
        }
    }

    async fn answer<T>(&self, doing: &'static str, asking: impl Future<Output = lapin::Result<T>>) -> Result<T, Error> {
        answer(&self.place, doing, asking).await
    }

    /// Says good-bye to the broker.
    pub async fn close(self) {
        // A broker that does not answer notices by itself that we are gone.
        let _ = tokio::time::timeout(Duration::from_secs(2), self.connection.close(200, "bye".into())).await;
    }
}

async fn answer<T>(place: &str, doing: &'static str, asking: impl Future<Output = lapin::Result<T>>) -> Result<T, Error> {
    match tokio::time::timeout(ANSWER, asking).await {
        Ok(answer) => answer.map_err(|source| Error::Amqp { place: place.to_owned(), doing, source: Box::new(source) }),
        Err(_) => Err(Error::TimedOut { place: place.to_owned(), doing, limit: ANSWER }),
    }
}

/// A channel on which every message is confirmed.
async fn new_channel(connection: &Connection, place: &str) -> Result<Channel, Error> {
    let channel = answer(place, "opening a channel", connection.create_channel()).await?;
    answer(place, "opening a channel", channel.confirm_select(ConfirmSelectOptions::default())).await?;
    Ok(channel)
}

/// Without the password: the library shows addresses in its own log.
fn uri(settings: &BrokerSettings, host: &Host, port: u16) -> AMQPUri {
    AMQPUri {
        scheme: AMQPScheme::AMQP,
        authority: AMQPAuthority {
            userinfo: AMQPUserInfo { username: host.user.clone(), password: String::new() },
            host: host.name.clone(),
            port,
        },
        vhost: settings.address.vhost.clone(),
        query: AMQPQueryString { heartbeat: Some(settings.heartbeat_seconds), ..AMQPQueryString::default() },
    }
}

fn arguments(settings: &BrokerSettings) -> FieldTable {
    let mut arguments = FieldTable::default();
    let mut say = |key: &str, value| {
        arguments.insert(key.into(), value);
    };
    if settings.mirrored {
        say("x-ha-policy", AMQPValue::LongString("all".into()));
    }
    if settings.quorum {
        say("x-queue-type", AMQPValue::LongString("quorum".into()));
    }
    if let Some(limit) = settings.delivery_limit {
        say("x-delivery-limit", AMQPValue::LongLongInt(limit));
    }
    arguments
}

/// AMQP's number for what the broker says.
fn code(error: &lapin::Error) -> Option<u16> {
    match error.kind() {
        ErrorKind::ProtocolError(error) => Some(error.get_id()),
        _ => None,
    }
}

fn refused(settings: &BrokerSettings, host: &Host, place: &str, source: lapin::Error) -> Error {
    let (place, user, number) = (place.to_owned(), host.user.clone(), code(&source));
    let source = Box::new(source);
    match number {
        Some(403) => Error::Login { place, user, source },
        Some(530) => Error::VirtualHost { place, vhost: settings.address.vhost.clone(), user, source },
        _ => Error::Amqp { place, doing: "opening the connection", source },
    }
}

struct Login {
    external: bool,
    user: String,
    password: SecretString,
}

impl AuthProvider for Login {
    fn mechanism(&self) -> ShortString {
        if self.external { "EXTERNAL".into() } else { "PLAIN".into() }
    }

    fn auth_starter(&self) -> Result<LongString, String> {
        if self.external {
            return Ok(LongString::from(""));
        }
        Ok(LongString::from(format!("\0{}\0{}", self.user, self.password.expose_secret())))
    }
}
