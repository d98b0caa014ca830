// SPDX-License-Identifier: Apache-2.0
//! Forwarding entries of bridges and VXLAN devices.

use crate::collect::Collector;
use crate::collect::json_of;
use std::time::Duration;

pub static COLLECTOR: Collector =
    Collector { name: "fdb", limit: Duration::from_secs(5), run: || json_of("bridge", &["-j", "-d", "fdb", "show"]) };
