// SPDX-License-Identifier: Apache-2.0
//! What the doctor says to a node's agent about probes and captures, and what it answers: `magnum-agent trace
//! open|send|close`, each with one of these as JSON on standard input and one on standard output.
//!
//! `open` answers when every capture is running, and leaves a process behind that holds them; `close` fetches what it
//! saw and ends it. Nobody has to wait for a moment to pass. Whatever is left behind ends by itself.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::net::Ipv4Addr;

/// Bytes that every probe's payload begins with: [`MAGIC`], the nonce, the probe's number and the packet's turn in it,
/// the last three big-endian (4, 2 and 2 bytes).
pub const PAYLOAD: usize = 12;

/// The first bytes of a probe's payload.
pub const MAGIC: [u8; 4] = *b"mgnp";

/// Begins the captures on a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Open {
    /// Tells one trace from all others.
    pub nonce: u32,
    /// Containers' addresses whose network namespaces are watched beside the node's own, where they are on this node.
    pub containers: Vec<Ipv4Addr>,
    /// UDP ports of vxlan: packets in their packets are seen as themselves.
    pub overlay_ports: Vec<u16>,
    /// Source ports of the TCP and UDP probes. Of TCP, only packets with SYN or RST are kept.
    pub source_ports: Vec<u16>,
    /// Also collects why the kernel drops packets (doctor.md 1.1), which is of the whole machine.
    pub drops: bool,
    /// When nobody closes them, the captures end after this long.
    pub linger_ms: u32,
}

/// The captures are running.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Opened {
    /// Where a container's address was found on this node.
    pub containers: Vec<Container>,
    /// Why nothing can be captured here: no right to.
    pub blind: Option<String>,
    /// Why the kernel's reasons cannot be had here.
    pub no_drops: Option<String>,
}

/// A container's network namespace, seen from inside it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Container {
    pub address: Option<Ipv4Addr>,
    /// The namespace's file: `/run/netns/cni-…`.
    pub namespace: String,
    /// The device with the address, inside.
    pub device: String,
    /// The other end of that device: its name in the node's own namespace, or in `peer_namespace`.
    pub peer: String,
    /// Where the other end is when it is not in the node's own namespace: a docker overlay's.
    pub peer_namespace: String,
    /// Whether packets may leave the bridge by the port they came in at (`hairpin` of the other end).
    pub hairpin: Option<bool>,
    /// `ip -j -d address show`, `ip -j -d route show`, `ip -j neigh show` inside.
    pub links: Value,
    pub routes: Value,
    pub neighbours: Value,
}

impl Container {
    /// What `ip` says of the container's own device under this name: `mtu`, `address`, `flags`.
    pub fn own(&self, field: &str) -> Option<&Value> {
        let links = self.links.as_array()?;
        links.iter().find(|link| link.get("ifname").and_then(Value::as_str) == Some(&self.device))?.get(field)
    }

    /// The MTU of the container's own device, in bytes.
    pub fn mtu(&self) -> Option<u32> {
        self.own("mtu")?.as_u64().and_then(|mtu| u32::try_from(mtu).ok())
    }

    /// The hardware address of the container's own device.
    pub fn mac(&self) -> Option<&str> {
        self.own("address")?.as_str()
    }
}

/// Sends probes from a node or from a container on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Send {
    pub nonce: u32,
    /// The container's address; none = from the node itself.
    pub from: Option<Ipv4Addr>,
    /// All are sent at once, each with its own gap.
    pub probes: Vec<Probe>,
}

/// Packets to one address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probe {
    /// Tells the probes of one trace apart.
    pub number: u16,
    pub kind: Kind,
    pub to: Ipv4Addr,
    /// Destination and source port; not for [`Kind::Echo`].
    pub port: u16,
    pub source_port: u16,
    /// Size of each packet with its IP header; packets may not be fragmented. Not for [`Kind::Tcp`].
    pub bytes: u16,
    pub count: u16,
    pub gap_ms: u16,
    /// How long the last answer is waited for; for TCP, how long the connection may take.
    pub wait_ms: u16,
}

/// What a probe's packets are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// ICMP echo requests; the identifier is the low half of the nonce plus the probe's number.
    Echo,
    Udp,
    /// One connection, closed as soon as it is there.
    Tcp,
}

/// How the probes ended.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sent {
    pub outcomes: Vec<Outcome>,
    /// Why nothing could be sent: no such container here, no right to.
    pub blind: Option<String>,
}

/// How one probe ended.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Outcome {
    pub number: u16,
    /// Packets that the kernel took.
    pub sent: u16,
    /// Answers: echoes, datagrams, `port unreachable` of the target itself, or one for a TCP connection made or refused.
    pub answered: u16,
    /// The quickest answer, in microseconds.
    pub rtt_us: Option<u32>,
    /// What the sender's own kernel said, or an ICMP error from the way, each once: `Message too long`, `Connection
    /// refused`, `Network is unreachable`, `10.0.0.5: fragmentation needed`.
    pub errors: Vec<String>,
}

impl Outcome {
    /// The target answered that nobody listens there.
    pub fn is_refused(&self) -> bool {
        self.errors.iter().any(|error| is_refusal(error))
    }
}

/// Whether an error of [`Outcome::errors`] is the target's own answer.
pub fn is_refusal(error: &str) -> bool {
    error.contains("refused")
}

/// Ends the captures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Close {
    pub nonce: u32,
}

/// What was captured.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Closed {
    pub sightings: Vec<Sighting>,
    /// Packets that the kernel could not hand to a capture: then "not seen" proves nothing.
    pub lost: u64,
    /// `iptables-save -c`, `nft -j list ruleset` and `iptables-legacy-save -c` of the node when the captures began and
    /// when they ended; keys `iptables`, `nft`, `legacy`, and for the namespace of a container `iptables 10.100.1.2`, …
    pub before: std::collections::BTreeMap<String, String>,
    pub after: std::collections::BTreeMap<String, String>,
    /// Lines of `conntrack -L -o extended` that hold one of the source ports, or an echo identifier.
    pub connections: Vec<String>,
    /// Why the kernel dropped packets meanwhile, most first.
    pub drops: Vec<Drop>,
}

/// One packet at one device.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sighting {
    /// The container's address in whose namespace it was seen; none = the node's own.
    pub inside: Option<Ipv4Addr>,
    /// A namespace beside those two, a docker overlay's: its file.
    pub namespace: String,
    pub device: String,
    /// It left by the device; otherwise it came in.
    pub out: bool,
    /// By the node's clock, in microseconds.
    pub at_us: i64,
    /// The packet's own packet when it came in vxlan.
    pub outer: Option<Outer>,
    pub source: Option<Ipv4Addr>,
    pub destination: Option<Ipv4Addr>,
    pub kind: Option<Kind>,
    pub source_port: u16,
    pub port: u16,
    /// Of the IP packet.
    pub bytes: u16,
    /// An echo reply. Which way others go is told by their addresses.
    pub reply: bool,
    /// `S`, `SA`, `R`, `RA`; TCP only.
    pub flags: String,
    /// TCP only: the sequence number that the connection began with, which its first packets of both directions share
    /// and address translation leaves as it is.
    pub connection: Option<u32>,
    /// From the payload; TCP has neither.
    pub number: Option<u16>,
    pub turn: Option<u16>,
    /// This is an ICMP error about a probe, and the fields above (but `reply`, `outer`, `bytes`) are those of the packet
    /// that it quotes.
    pub error: Option<IcmpError>,
}

/// An ICMP error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IcmpError {
    pub from: Ipv4Addr,
    pub to: Ipv4Addr,
    pub kind: u8,
    pub code: u8,
    /// With "fragmentation needed", the size that would fit.
    pub mtu: u16,
}

/// The outside of a vxlan packet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outer {
    pub source: Ipv4Addr,
    pub destination: Ipv4Addr,
    pub port: u16,
    pub vni: u32,
}

/// Packets that the kernel dropped at one place for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drop {
    /// The function: `nft_do_chain`.
    pub location: String,
    /// `NETFILTER_DROP`, `IP_RPFILTER`.
    pub reason: String,
    pub count: u32,
}
