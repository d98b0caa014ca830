// SPDX-License-Identifier: Apache-2.0
//! `[oslo_messaging_notifications]`: what others are told.

use crate::definition::{Group, Kind, option};

pub(crate) static GROUP: Group = Group::library(
    "oslo_messaging_notifications",
    "What other services are told about clusters.",
    "it tunes a library that is not used",
    &[
        option("driver", Kind::Many, "Where notifications go: messaging, messagingv2, log, noop. Unset: nowhere.")
            .formerly(&[("DEFAULT", "notification_driver")]),
        option("transport_url", Kind::Text, "Broker for notifications. Unset: that of [DEFAULT].")
            .secret()
            .formerly(&[("DEFAULT", "notification_transport_url")]),
        option("topics", Kind::List(false), "Topics of notifications.")
            .default("notifications")
            .formerly(&[("DEFAULT", "notification_topics"), ("rpc_notifier2", "topics")]),
        option("retry", Kind::Integer(None, None), "Attempts to send one; -1 for ever.").default("-1"),
    ],
);
