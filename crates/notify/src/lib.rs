// SPDX-License-Identifier: Apache-2.0
//! Notifications for other services, as oslo.messaging sends them: to RabbitMQ, to the log, or nowhere.
//!
//! What must stay true: a message has the same ids however often it is sent, so that a listener can tell; a message counts as
//! sent when the broker has confirmed it; passwords never come into a text; every step has a time limit.

mod address;
mod broker;
mod error;
mod message;
mod notifier;
mod settings;
mod socket;
mod tls;

pub use error::Error;
pub use message::Message;
pub use notifier::Notifier;
pub use settings::Settings;
