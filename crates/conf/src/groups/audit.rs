// SPDX-License-Identifier: Apache-2.0
//! `[audit_middleware_notifications]`: records of requests by keystonemiddleware.

use crate::definition::Group;

pub(crate) static GROUP: Group = Group::library(
    "audit_middleware_notifications",
    "Records of requests by keystonemiddleware, which is not part of Magnum's pipeline.",
    "every change is an operation in the database, which can be listed",
    &[],
);
