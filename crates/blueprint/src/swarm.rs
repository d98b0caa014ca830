// SPDX-License-Identifier: Apache-2.0
//! Docker swarm mode: what its nodes run and what may reach them.

use crate::compose::Plan;
use crate::rule::{any, from};
use crate::{Protocol, SecurityGroup, SwarmSpec};

/// Docker's TLS port. (The Python driver used 2375 without TLS unless told otherwise.)
pub(crate) const API_PORT: u16 = 2376;

pub(crate) fn workload(plan: &Plan<'_>) -> SwarmSpec {
    SwarmSpec { managers: plan.masters.clone(), api_port: plan.api_port, api_sans: plan.api_sans.clone() }
}

/// Swarm's documented ports between nodes, the API on managers, published ports on all.
pub(crate) fn security_groups(plan: &Plan<'_>) -> Vec<SecurityGroup> {
    let nodes = plan.ranges.nodes;
    let shared = [
        any(Protocol::Icmp, None, "ping"),
        any(Protocol::Tcp, Some((22, 22)), "ssh"),
        any(Protocol::Tcp, Some((80, 80)), "published web ports"),
        any(Protocol::Tcp, Some((443, 443)), "published web ports"),
        any(Protocol::Tcp, Some((8000, 9000)), "published web ports"),
        any(Protocol::Tcp, Some((30000, 32767)), "published ports"),
        any(Protocol::Udp, Some((30000, 32767)), "published ports"),
        from(nodes, Protocol::Tcp, (7946, 7946), "gossip between nodes"),
        from(nodes, Protocol::Udp, (7946, 7946), "gossip between nodes"),
        from(nodes, Protocol::Udp, (4789, 4789), "overlay networks"),
    ];
    let mut manager = shared.to_vec();
    manager.extend([
        any(Protocol::Tcp, Some((plan.api_port, plan.api_port)), "the Docker API"),
        from(nodes, Protocol::Tcp, (2377, 2377), "swarm management"),
    ]);
    vec![
        SecurityGroup { name: "master".to_owned(), ingress: manager },
        SecurityGroup { name: "worker".to_owned(), ingress: shared.to_vec() },
    ]
}
