// SPDX-License-Identifier: Apache-2.0
//! Which packets are a trace's, and what is in them.

use crate::trace::payload;
use etherparse::{Ethernet2Slice, Icmpv4Slice, IpNumber, LaxIpv4Slice, TcpHeaderSlice, UdpSlice};
use magnum_path::wire::{IcmpError, Kind, Outer, Sighting};

#[cfg(test)]
mod tests;

const ECHO_REPLY: u8 = 0;
const UNREACHABLE: u8 = 3;
const ECHO_REQUEST: u8 = 8;
const TIME_EXCEEDED: u8 = 11;
const FRAGMENTATION_NEEDED: u8 = 4;
/// Flags and a reserved field, network number, one reserved byte.
const VXLAN_HEADER: usize = 8;
const ETHERTYPE_IPV4: u16 = 0x0800;

/// What a trace wants to see.
pub struct Wanted {
    pub nonce: u32,
    /// UDP ports of vxlan.
    pub overlay_ports: Vec<u16>,
    /// Source ports of the probes.
    pub source_ports: Vec<u16>,
}

/// An IPv4 packet, perhaps cut off.
struct Packet<'a> {
    ip: LaxIpv4Slice<'a>,
    /// What ICMP quotes may be cut off after 8 bytes.
    quoted: bool,
}

impl Wanted {
    /// What of a trace is in an IPv4 packet; its place and time are not set.
    pub fn look(&self, bytes: &[u8]) -> Option<Sighting> {
        let packet = Packet::parse(bytes, false)?;
        if packet.protocol() == IpNumber::UDP
            && let Ok(udp) = UdpSlice::from_slice_lax(packet.payload())
            && self.overlay_ports.contains(&udp.destination_port())
        {
            let (vni, inner) = vxlan(udp.payload())?;
            let header = packet.ip.header();
            let outer = Outer { source: header.source_addr(), destination: header.destination_addr(), port: udp.destination_port(), vni };
            let seen = self.packet(&Packet::parse(inner, false)?)?;
            return Some(Sighting { outer: Some(outer), ..seen });
        }
        self.packet(&packet)
    }

    /// Whether a packet is surely this trace's. Of TCP, others' are kept too, as address translation may change ports.
    pub fn is_own(&self, seen: &Sighting) -> bool {
        seen.kind != Some(Kind::Tcp) || self.is_own_port(seen.source_port, seen.port)
    }

    fn is_own_port(&self, source: u16, destination: u16) -> bool {
        self.source_ports.contains(&source) || self.source_ports.contains(&destination)
    }

    fn packet(&self, packet: &Packet) -> Option<Sighting> {
        match packet.protocol() {
            IpNumber::ICMP => self.icmp(packet),
            IpNumber::UDP => self.udp(packet),
            IpNumber::TCP => self.tcp(packet),
            _ => None,
        }
    }

    fn icmp(&self, packet: &Packet) -> Option<Sighting> {
        let icmp = Icmpv4Slice::from_slice(packet.payload()).ok()?;
        let [high, low, third, fourth] = icmp.bytes5to8();
        match icmp.type_u8() {
            kind @ (ECHO_REQUEST | ECHO_REPLY) => {
                let found = payload::parse(icmp.payload(), self.nonce);
                let cut = packet.quoted && icmp.payload().len() < magnum_path::wire::PAYLOAD;
                let identified = cut && [high, low] == self.nonce.to_be_bytes()[2..];
                (found.is_some() || identified).then(|| Sighting {
                    kind: Some(Kind::Echo),
                    reply: kind == ECHO_REPLY,
                    number: found.map(|(number, _)| number),
                    turn: found.map(|(_, turn)| turn),
                    ..packet.sighting()
                })
            }
            kind @ (UNREACHABLE | TIME_EXCEEDED) if !packet.quoted => {
                let quoted = self.packet(&Packet::parse(icmp.payload(), true)?)?;
                let header = packet.ip.header();
                let needed = kind == UNREACHABLE && icmp.code_u8() == FRAGMENTATION_NEEDED;
                let error = IcmpError {
                    from: header.source_addr(),
                    to: header.destination_addr(),
                    kind,
                    code: icmp.code_u8(),
                    mtu: if needed { u16::from_be_bytes([third, fourth]) } else { 0 },
                };
                Some(Sighting { error: Some(error), bytes: header.total_len(), reply: false, ..quoted })
            }
            _ => None,
        }
    }

    fn udp(&self, packet: &Packet) -> Option<Sighting> {
        let udp = UdpSlice::from_slice_lax(packet.payload()).ok()?;
        let found = payload::parse(udp.payload(), self.nonce);
        let (source_port, port) = (udp.source_port(), udp.destination_port());
        (found.is_some() || self.is_own_port(source_port, port)).then(|| Sighting {
            kind: Some(Kind::Udp),
            source_port,
            port,
            number: found.map(|(number, _)| number),
            turn: found.map(|(_, turn)| turn),
            ..packet.sighting()
        })
    }

    fn tcp(&self, packet: &Packet) -> Option<Sighting> {
        let Ok(tcp) = TcpHeaderSlice::from_slice(packet.payload()) else { return self.cut_off_tcp(packet) };
        let flags = match (tcp.syn(), tcp.rst(), tcp.ack()) {
            (_, true, true) => "RA",
            (_, true, false) => "R",
            (true, false, true) => "SA",
            (true, false, false) => "S",
            // A quote of what has neither is not of a probe's first packet.
            (false, false, _) => return None,
        };
        Some(Sighting {
            kind: Some(Kind::Tcp),
            source_port: tcp.source_port(),
            port: tcp.destination_port(),
            flags: flags.to_owned(),
            connection: Some(connection(&tcp)),
            ..packet.sighting()
        })
    }

    /// Ports and sequence number, which every quote has.
    fn cut_off_tcp(&self, packet: &Packet) -> Option<Sighting> {
        let [a, b, c, d, rest @ ..] = packet.payload().first_chunk::<8>()?;
        let (source_port, port) = (u16::from_be_bytes([*a, *b]), u16::from_be_bytes([*c, *d]));
        (packet.quoted && self.is_own_port(source_port, port)).then(|| Sighting {
            kind: Some(Kind::Tcp),
            source_port,
            port,
            connection: Some(u32::from_be_bytes(*rest)),
            ..packet.sighting()
        })
    }
}

impl<'a> Packet<'a> {
    /// The first fragment counts, the others have no ports.
    fn parse(bytes: &'a [u8], quoted: bool) -> Option<Self> {
        let (ip, _) = LaxIpv4Slice::from_slice(bytes).ok()?;
        (ip.header().fragments_offset().value() == 0).then_some(Self { ip, quoted })
    }

    fn protocol(&self) -> IpNumber {
        self.ip.payload_ip_number()
    }

    fn payload(&self) -> &'a [u8] {
        self.ip.payload().payload
    }

    fn sighting(&self) -> Sighting {
        let header = self.ip.header();
        Sighting {
            source: Some(header.source_addr()),
            destination: Some(header.destination_addr()),
            bytes: header.total_len(),
            ..Sighting::default()
        }
    }
}

/// The number that both directions of a connection's first packets share: the first sequence number of who opened it.
fn connection(tcp: &TcpHeaderSlice) -> u32 {
    let answer = tcp.ack() && (tcp.syn() || tcp.sequence_number() == 0);
    match (answer, tcp.rst()) {
        (true, _) => tcp.acknowledgment_number().wrapping_sub(1),
        (false, true) => tcp.sequence_number().wrapping_sub(1),
        (false, false) => tcp.sequence_number(),
    }
}

/// Network number and the IPv4 packet inside.
fn vxlan(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (header, frame) = bytes.split_at_checked(VXLAN_HEADER)?;
    let vni = u32::from_be_bytes([0, *header.get(4)?, *header.get(5)?, *header.get(6)?]);
    let frame = Ethernet2Slice::from_slice_without_fcs(frame).ok()?;
    (frame.ether_type().0 == ETHERTYPE_IPV4).then(|| (vni, frame.payload_slice()))
}
