// SPDX-License-Identifier: Apache-2.0
//! The main routing table.

use crate::collect::Collector;
use crate::collect::json_of;
use std::time::Duration;

pub static COLLECTOR: Collector =
    Collector { name: "routes", limit: Duration::from_secs(5), run: || json_of("ip", &["-j", "-d", "route", "show", "table", "main"]) };
