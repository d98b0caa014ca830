// SPDX-License-Identifier: Apache-2.0
//! `[oslo_messaging_rabbit]`: how RabbitMQ is spoken to, which notifications go to.

use crate::definition::{Group, Kind, option};

const LOGINS: &[&str] = &["PLAIN", "AMQPLAIN", "EXTERNAL"];

pub(crate) static GROUP: Group = Group::library(
    "oslo_messaging_rabbit",
    "How RabbitMQ is spoken to, which notifications go to.",
    "it tunes a library that is not used",
    &[
        option("ssl", Kind::Bool, "Whether the connection is encrypted.")
            .default("false")
            .formerly(&[("oslo_messaging_rabbit", "rabbit_use_ssl")]),
        option("ssl_ca_file", Kind::Text, "File with the authorities that the broker's certificate may be of. Unset: the system's.")
            .formerly(&[("oslo_messaging_rabbit", "kombu_ssl_ca_certs")]),
        option("ssl_cert_file", Kind::Text, "File with a certificate to show to the broker.")
            .formerly(&[("oslo_messaging_rabbit", "kombu_ssl_certfile")]),
        option("ssl_key_file", Kind::Text, "File with the certificate's key.").formerly(&[("oslo_messaging_rabbit", "kombu_ssl_keyfile")]),
        option("rabbit_login_method", Kind::Choice(LOGINS), "How to log in: by password, or EXTERNAL, by certificate.")
            .default("AMQPLAIN")
            .formerly(&[("DEFAULT", "rabbit_login_method")]),
        option("rabbit_retry_interval", Kind::Integer(Some(0), None), "Seconds after which a first failure is tried again.").default("1"),
        option("rabbit_retry_backoff", Kind::Integer(Some(0), None), "Seconds that each further failure adds to that.")
            .default("2")
            .formerly(&[("DEFAULT", "rabbit_retry_backoff")]),
        option("rabbit_interval_max", Kind::Integer(Some(1), None), "Most seconds between two attempts.").default("30"),
        option(
            "heartbeat_timeout_threshold",
            Kind::Integer(Some(0), Some(65535)),
            "Seconds of silence after which a broker is gone; 0: never.",
        )
        .default("60"),
        option("amqp_durable_queues", Kind::Bool, "Whether exchange and queues that are made outlive the broker's restart.")
            .default("false"),
        option("amqp_auto_delete", Kind::Bool, "Whether they go when nobody uses them any more.")
            .default("false")
            .formerly(&[("DEFAULT", "amqp_auto_delete")]),
        option("rabbit_quorum_queue", Kind::Bool, "Whether queues that are made are replicated quorum queues.").default("false"),
        option(
            "rabbit_quorum_delivery_limit",
            Kind::Integer(Some(0), None),
            "Deliveries after which a quorum queue drops a message; 0: any.",
        )
        .default("0"),
        option("rabbit_ha_queues", Kind::Bool, "Whether queues that are made ask to be mirrored.")
            .default("false")
            .formerly(&[("DEFAULT", "rabbit_ha_queues")]),
    ],
);
