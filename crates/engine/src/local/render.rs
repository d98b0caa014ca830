// SPDX-License-Identifier: Apache-2.0
//! Typed values into the languages of the parts below: nftables, dnsmasq, haproxy, LXC, files in a node. Pure. Only
//! addresses, numbers and names whose type allows nothing but safe characters go in; there is no other way in.

pub(crate) mod balancer;
pub(crate) mod container;
pub(crate) mod dns;
pub(crate) mod node;
pub(crate) mod port;
pub(crate) mod router;
