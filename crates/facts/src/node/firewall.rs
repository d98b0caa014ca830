// SPDX-License-Identifier: Apache-2.0
//! Packet filters: tables, chains and rules with their counters, as iptables and nftables print them, and what they
//! decide for one packet.
//!
//! The decision is honest about its limits: a rule with a condition that is not understood here may or may not match,
//! and makes the answer [`Decision::Unsure`] unless a later rule could not change it.

mod decide;
mod iptables;
mod model;
mod nft;
mod rise;

pub use decide::{Decision, Packet};
pub use model::{Chain, FirewallRule, Hook, Match, Ports, Proto, Ruleset, Table, Verdict};
pub use rise::Rise;
