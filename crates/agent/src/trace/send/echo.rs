// SPDX-License-Identifier: Apache-2.0
//! Echo requests.

use crate::trace::payload;
use crate::trace::send::icmp;
use crate::trace::send::packets::{Answer, Channel};
use etherparse::{IcmpEchoHeader, Icmpv4Header, Icmpv4Slice, Icmpv4Type, LaxIpv4Slice};
use magnum_path::wire::Probe;
use nix::errno::Errno;
use nix::sys::socket::{AddressFamily, MsgFlags, SockFlag, SockProtocol, SockType, SockaddrIn, recv, sendto, socket};
use rustix::net::sockopt::{Ipv4PathMtuDiscovery, set_ip_mtu_discover};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

/// IP header and ICMP header.
const HEADERS: usize = 28;

pub struct Echo {
    socket: OwnedFd,
    to: SockaddrIn,
    nonce: u32,
    number: u16,
    length: usize,
}

impl Echo {
    pub fn open(nonce: u32, probe: &Probe) -> Result<Self, Errno> {
        let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        let socket = socket(AddressFamily::Inet, SockType::Raw, flags, SockProtocol::Icmp)?;
        // Never fragmented, and always tried, whatever was learnt of the way before.
        set_ip_mtu_discover(&socket, Ipv4PathMtuDiscovery::PROBE).map_err(|errno| Errno::from_raw(errno.raw_os_error()))?;
        let [a, b, c, d] = probe.to.octets();
        let length = usize::from(probe.bytes).saturating_sub(HEADERS);
        Ok(Self { socket, to: SockaddrIn::new(a, b, c, d, 0), nonce, number: probe.number, length })
    }

    /// One for each probe: of two packets of one connection that the kernel sees first at the same time, it drops one.
    fn identifier(&self) -> u16 {
        let [_, _, high, low] = self.nonce.to_be_bytes();
        u16::from_be_bytes([high, low]).wrapping_add(self.number)
    }

    fn is_own(&self, bytes: &[u8]) -> Option<u16> {
        payload::parse(bytes, self.nonce).filter(|(number, _)| *number == self.number).map(|(_, turn)| turn)
    }

    fn read(&self, bytes: &[u8]) -> Option<Answer> {
        let (ip, _) = LaxIpv4Slice::from_slice(bytes).ok()?;
        let icmp = Icmpv4Slice::from_slice(ip.payload().payload).ok()?;
        match icmp.type_u8() {
            0 => Some(Answer::Reply(Some(self.is_own(icmp.payload())?))),
            kind @ (3 | 11) => {
                let (quoted, _) = LaxIpv4Slice::from_slice(icmp.payload()).ok()?;
                let request = Icmpv4Slice::from_slice(quoted.payload().payload).ok()?;
                // What is cut off may be any probe's to this address.
                let cut = request.payload().len() < magnum_path::wire::PAYLOAD
                    && quoted.header().destination_addr() == self.to.ip()
                    && request.bytes5to8()[..2] == self.identifier().to_be_bytes();
                (cut || self.is_own(request.payload()).is_some())
                    .then(|| Answer::Error(icmp::error(ip.header().source_addr(), kind, icmp.code_u8())))
            }
            _ => None,
        }
    }
}

impl Channel for Echo {
    fn send(&mut self, turn: u16) -> Result<(), Errno> {
        let payload = payload::build(self.nonce, self.number, turn, self.length);
        let kind = Icmpv4Type::EchoRequest(IcmpEchoHeader { id: self.identifier(), seq: turn });
        let mut bytes = Icmpv4Header::with_checksum(kind, &payload).to_bytes().to_vec();
        bytes.extend(payload);
        sendto(self.socket.as_raw_fd(), &bytes, &self.to, MsgFlags::empty()).map(drop)
    }

    fn receive(&mut self) -> Option<Answer> {
        let mut bytes = [0; 2048];
        let length = recv(self.socket.as_raw_fd(), &mut bytes, MsgFlags::MSG_DONTWAIT).ok()?;
        Some(bytes.get(..length).and_then(|bytes| self.read(bytes)).unwrap_or(Answer::Other))
    }

    fn waits_on(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}
