// SPDX-License-Identifier: Apache-2.0
//! The load balancer: haproxy in the router's namespace, TCP only, so that the COE's own TLS reaches its members.
//! A member that does not answer is left out within about a second.

use magnum_blueprint::LoadBalancer;
use std::fmt::Write;

/// haproxy's configuration.
pub(crate) fn config(balancer: &LoadBalancer) -> String {
    let mut text = format!(
        "global
    maxconn 4096
    user nobody
    group nogroup
    hard-stop-after 10s
defaults
    mode tcp
    option redispatch
    retries 2
    timeout connect 1s
    timeout check 1s
    timeout client 2h
    timeout server 2h
    default-server inter 500ms fastinter 100ms downinter 200ms fall 2 rise 1 on-marked-down shutdown-sessions
listen api
    bind {}:{}
    balance roundrobin
",
        balancer.vip, balancer.port
    );
    for (index, member) in balancer.members.iter().enumerate() {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "    server member-{index} {member}:{} check", balancer.port);
    }
    text
}
