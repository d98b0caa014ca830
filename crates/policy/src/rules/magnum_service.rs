// SPDX-License-Identifier: Apache-2.0
//! The running services.

use crate::definition::{DefaultRule, administrator};

pub(crate) const RULES: &[DefaultRule] =
    &[administrator("magnum-service:get_all", &[("GET", "/v1/mservices")], "List the running services.")];
