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
        /// TCP connections from nodes to the ports that the cluster's parts need of each other.
        ports: Vec<PortProbe> = PORTS "probe.ports",
        /// Echo requests of a full packet that may not be cut up, beside small ones.
        sizes: Vec<SizeProbe> = SIZES "probe.sizes",
        /// TCP connections to each pod behind a service, from that pod's own node; `what` is the service.
        endpoints: Vec<PortProbe> = ENDPOINTS "probe.endpoints",
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

/// A connection from a node to a port that the cluster needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PortProbe {
    pub from: String,
    /// The node it leads to; empty for an address that no node has, such as a service's.
    #[serde(default)]
    pub to: String,
    pub address: String,
    pub port: u16,
    /// What listens there: `etcd`, `etcd-peer`, `kube-apiserver`, `kubelet`, `swarm`, `gossip`, `service kubernetes`.
    pub what: String,
    pub reach: Reach,
}

/// Whether a full packet gets through where a small one does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SizeProbe {
    pub from: String,
    pub to: String,
    pub address: String,
    /// Through the overlay, not between the nodes' own addresses.
    pub overlay: bool,
    /// Size of the large packet with its IP header, in bytes: the MTU of the sender's device.
    pub bytes: u32,
    pub small_answered: u32,
    pub large_answered: u32,
    /// What the sender said, such as `message too long`.
    #[serde(default)]
    pub error: String,
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
