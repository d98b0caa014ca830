// SPDX-License-Identifier: Apache-2.0
//! Packets that were sent on purpose. Each probe is announced in the report; none changes anything.

use crate::topic::topics;
use serde::{Deserialize, Serialize};

topics!(
    /// Results of probes.
    ProbeFacts {
        /// Between nodes, on their own network.
        underlay: Vec<PairProbe> = UNDERLAY "probe.underlay",
        /// Between nodes, through the overlay.
        overlay: Vec<PairProbe> = OVERLAY "probe.overlay",
        /// Packet filter counters that rose while a burst was lost in the overlay.
        burst: Vec<CounterRise> = BURST "probe.burst",
        /// From this machine to the COE's API: how the connection ended.
        api: Reach = API "probe.api",
    }
);

/// How far a probe of one TCP port or address came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "result", rename_all = "kebab-case")]
pub enum Reach {
    Connected,
    /// Somebody answered that nothing listens: the path works.
    Refused,
    TimedOut,
    NoRoute,
    /// TCP works, TLS does not.
    Tls {
        detail: String,
    },
    Other {
        detail: String,
    },
}

impl Reach {
    /// Whether packets went there and back.
    pub fn path_works(&self) -> bool {
        matches!(self, Reach::Connected | Reach::Refused | Reach::Tls { .. })
    }
}

/// Probes from one node to another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PairProbe {
    pub from: String,
    pub to: String,
    pub address: String,
    /// ICMP echo requests sent and answered.
    pub sent: u32,
    pub received: u32,
    /// Median round trip in microseconds.
    pub rtt_us: Option<u32>,
    /// A TCP connection to the same address, made when ICMP was not answered.
    pub tcp: Option<Reach>,
}

impl PairProbe {
    /// Nothing came back in any way. ICMP alone being dropped does not count.
    pub fn is_dead(&self) -> bool {
        self.received == 0 && self.tcp.as_ref().is_none_or(|reach| !reach.path_works())
    }
}

/// A rule of a packet filter whose counter rose during a burst.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CounterRise {
    /// The node it belongs to.
    pub node: String,
    /// In front of the node's port (security group), not on the node itself.
    pub at_port: bool,
    /// The rule as printed by its tool.
    pub rule: String,
    pub before: u64,
    pub after: u64,
    /// Packets the burst sent towards that node.
    pub burst: u32,
}
