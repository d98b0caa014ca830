// SPDX-License-Identifier: Apache-2.0
//! All nftables rules, also those iptables wrote.

use crate::collect::Collector;
use crate::collect::json_of;
use std::time::Duration;

pub static COLLECTOR: Collector =
    Collector { name: "nft", limit: Duration::from_secs(5), run: || json_of("nft", &["-j", "list", "ruleset"]) };
