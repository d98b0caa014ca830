// SPDX-License-Identifier: Apache-2.0
//! The router's address translation and filter, as one nftables table in its namespace.
//!
//! Inside, only DNS, Magnum and the load balancer are answered; from outside, only what a floating address leads to.
//! What is refused is refused at once, so that nothing waits for a time-out.

use magnum_blueprint::Blueprint;
use magnum_host::nft;
use std::fmt::Write;

use crate::local::names::{INSIDE, OUTSIDE};

/// The table's name in its namespace.
pub(crate) const TABLE: &str = "router";

/// The text for nft.
pub(crate) fn rules(blueprint: &Blueprint) -> String {
    let network = &blueprint.network;
    let (mut incoming, mut outgoing, mut vip) = (String::new(), String::new(), String::new());
    // Writing to a String cannot fail.
    for floating in &blueprint.floating {
        let _ = writeln!(incoming, "    ip daddr {} dnat to {} comment \"floating address\"", floating.external, floating.private);
        let _ = writeln!(
            outgoing,
            "    oifname \"{OUTSIDE}\" ip saddr {} snat to {} comment \"floating address\"",
            floating.private, floating.external
        );
    }
    if let Some(balancer) = &blueprint.load_balancer {
        let _ = writeln!(vip, "    ip daddr {} tcp dport {} counter accept comment \"load balancer\"", balancer.vip, balancer.port);
    }
    let (range, gateway, port) = (network.cidr, network.gateway, network.magnum_port);
    let body = format!(
        "  chain prerouting {{
    type nat hook prerouting priority dstnat; policy accept
{incoming}  }}
  chain postrouting {{
    type nat hook postrouting priority srcnat; policy accept
{outgoing}    oifname \"{OUTSIDE}\" ip saddr {range} masquerade comment \"the router's own address\"
    oifname \"{INSIDE}\" ip saddr {range} ct status dnat masquerade comment \"own floating address from inside\"
  }}
  chain forward {{
    type filter hook forward priority filter; policy drop
    ct state established,related accept
    iifname \"{INSIDE}\" oifname \"{OUTSIDE}\" counter accept comment \"nodes to outside\"
    ct status dnat counter accept comment \"floating address\"
    counter reject with icmp type admin-prohibited
  }}
  chain input {{
    type filter hook input priority filter; policy drop
    iifname \"lo\" accept
    ct state established,related accept
    meta l4proto icmp accept
{vip}    iifname \"{INSIDE}\" ip daddr {gateway} udp dport 53 accept comment \"DNS\"
    iifname \"{INSIDE}\" ip daddr {gateway} tcp dport {{ 53, {port} }} accept comment \"DNS and Magnum\"
    meta l4proto tcp counter reject with tcp reset
    counter reject
  }}
"
    );
    nft::replace_table("ip", TABLE, &body)
}
