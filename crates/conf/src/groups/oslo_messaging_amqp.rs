// SPDX-License-Identifier: Apache-2.0
//! `[oslo_messaging_amqp]`: a library of the Python Magnum.

use crate::definition::Group;

pub(crate) static GROUP: Group =
    Group::library("oslo_messaging_amqp", "Connections to an AMQP 1.0 router.", "notifications go to RabbitMQ only", &[]);
