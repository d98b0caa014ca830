// SPDX-License-Identifier: Apache-2.0
//! `[oslo_messaging_rabbit]`: a library of the Python Magnum.

use crate::definition::Group;

pub(crate) static GROUP: Group =
    Group::library("oslo_messaging_rabbit", "Connections to RabbitMQ.", "the broker's URL is all that is needed", &[]);
