// SPDX-License-Identifier: Apache-2.0
//! Devices with their addresses and counters.

use crate::collect::Collector;
use crate::collect::json_of;
use std::time::Duration;

pub static COLLECTOR: Collector =
    Collector { name: "links", limit: Duration::from_secs(5), run: || json_of("ip", &["-j", "-d", "-s", "address", "show"]) };
