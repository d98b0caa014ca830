// SPDX-License-Identifier: Apache-2.0
//! `[oslo_messaging_kafka]`: a library of the Python Magnum.

use crate::definition::Group;

pub(crate) static GROUP: Group = Group::library("oslo_messaging_kafka", "Connections to Kafka.", "notifications go to RabbitMQ only", &[]);
