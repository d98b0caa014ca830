// SPDX-License-Identifier: Apache-2.0
//! Tells others what happens to clusters, as `[oslo_messaging_notifications]` says.

use crate::state::hostname;
use jiff::Timestamp;
use magnum_cli::HookError;
use magnum_conductor::Announce;
use magnum_conf::Config;
use magnum_engine::Boxed;
use magnum_notify::{Error, Message, Notifier, Settings};
use magnum_store::Notice;
use std::sync::Arc;
use std::time::Duration;

/// Who tells others, if the settings name a driver. Nothing is connected yet: a broker that is away must not hold anything up.
pub fn announcer(config: &Config) -> Result<Option<Arc<dyn Announce>>, HookError> {
    let settings = Settings::from_config(config, &hostname()).map_err(|error| wrong(&error))?;
    Ok(settings.map(|settings| Arc::new(Announcer(Notifier::new(settings))) as Arc<dyn Announce>))
}

/// Whether the broker answers and lets us in, if one is needed; the error says why not. Settings that are wrong are told by
/// [`announcer`].
pub async fn reach(config: &Config) -> Result<(), String> {
    match Settings::from_config(config, &hostname()) {
        Ok(Some(settings)) => Notifier::new(settings).reach().await.map_err(|error| error.told()),
        Ok(None) | Err(_) => Ok(()),
    }
}

fn wrong(error: &Error) -> HookError {
    HookError::new(error.told()).hint("magnum config check looks whether the broker answers")
}

struct Announcer(Notifier);

impl Announce for Announcer {
    fn announce<'a>(&'a self, notice: &'a Notice) -> Boxed<'a, Result<(), String>> {
        let message = Message {
            id: notice.message_id,
            at: Timestamp::from_millisecond(notice.at).unwrap_or_default(),
            event_type: &notice.event_type,
            priority: notice.priority.as_str(),
            context: &notice.context,
            payload: &notice.payload,
        };
        Box::pin(async move { self.0.send(&message).await.map_err(|error| error.told()) })
    }

    fn patience(&self, failures: u32) -> Option<Duration> {
        self.0.patience(failures)
    }
}
