// SPDX-License-Identifier: Apache-2.0
//! Neighbours: which MAC an address has.

use crate::collect::Collector;
use crate::collect::json_of;
use std::time::Duration;

pub static COLLECTOR: Collector =
    Collector { name: "neigh", limit: Duration::from_secs(5), run: || json_of("ip", &["-j", "-d", "neigh", "show"]) };
