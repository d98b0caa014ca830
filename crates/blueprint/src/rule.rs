// SPDX-License-Identifier: Apache-2.0
//! Short ways to write security rules.

use crate::{PortRange, Protocol, SecurityRule, Source};
use ipnet::Ipv4Net;

pub(crate) fn any(protocol: Protocol, ports: Option<(u16, u16)>, purpose: &'static str) -> SecurityRule {
    SecurityRule { source: Source::Anywhere, protocol, ports: ports.map(|(from, to)| PortRange { from, to }), purpose }
}

pub(crate) fn from(source: Ipv4Net, protocol: Protocol, (from, to): (u16, u16), purpose: &'static str) -> SecurityRule {
    SecurityRule { source: Source::Cidr(source), protocol, ports: Some(PortRange { from, to }), purpose }
}
