// SPDX-License-Identifier: Apache-2.0
//! Datagrams.

use crate::trace::payload;
use crate::trace::send::icmp;
use crate::trace::send::packets::{Answer, Channel};
use magnum_path::wire::Probe;
use nix::cmsg_space;
use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, ControlMessageOwned, MsgFlags, SockFlag, SockType, SockaddrIn, bind, connect, recv, recvmsg, send, setsockopt, socket,
    sockopt,
};
use rustix::net::sockopt::{Ipv4PathMtuDiscovery, set_ip_mtu_discover};
use std::io::IoSliceMut;
use std::net::Ipv4Addr;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

/// IP header and UDP header.
const HEADERS: usize = 28;
/// The kernel's `SO_EE_ORIGIN_ICMP`.
const ORIGIN_ICMP: u8 = 2;
const PORT_UNREACHABLE: (u8, u8) = (3, 3);

pub struct Udp {
    socket: OwnedFd,
    to: Ipv4Addr,
    nonce: u32,
    number: u16,
    length: usize,
}

impl Udp {
    pub fn open(nonce: u32, probe: &Probe) -> Result<Self, Errno> {
        let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        let socket = socket(AddressFamily::Inet, SockType::Datagram, flags, None)?;
        set_ip_mtu_discover(&socket, Ipv4PathMtuDiscovery::PROBE).map_err(|errno| Errno::from_raw(errno.raw_os_error()))?;
        setsockopt(&socket, sockopt::ReuseAddr, &true)?;
        setsockopt(&socket, sockopt::Ipv4RecvErr, &true)?;
        bind(socket.as_raw_fd(), &SockaddrIn::new(0, 0, 0, 0, probe.source_port))?;
        let [a, b, c, d] = probe.to.octets();
        connect(socket.as_raw_fd(), &SockaddrIn::new(a, b, c, d, probe.port))?;
        let length = usize::from(probe.bytes).saturating_sub(HEADERS);
        Ok(Self { socket, to: probe.to, nonce, number: probe.number, length })
    }

    fn error(&self) -> Option<Answer> {
        let mut bytes = [0; 64];
        let mut slices = [IoSliceMut::new(&mut bytes)];
        // The kernel's `sock_extended_err` and the address of who said it.
        let mut control = cmsg_space!([u8; 64]);
        let flags = MsgFlags::MSG_ERRQUEUE | MsgFlags::MSG_DONTWAIT;
        let received = recvmsg::<SockaddrIn>(self.socket.as_raw_fd(), &mut slices, Some(&mut control), flags).ok()?;
        for message in received.cmsgs().ok()? {
            if let ControlMessageOwned::Ipv4RecvErr(error, Some(from)) = message
                && error.ee_origin == ORIGIN_ICMP
            {
                let from = SockaddrIn::from(from).ip();
                if from == self.to && (error.ee_type, error.ee_code) == PORT_UNREACHABLE {
                    return Some(Answer::Refused);
                }
                return Some(Answer::Error(icmp::error(from, error.ee_type, error.ee_code)));
            }
        }
        // What the kernel says of its own accord, `send` has said.
        Some(Answer::Other)
    }
}

impl Channel for Udp {
    fn send(&mut self, turn: u16) -> Result<(), Errno> {
        let payload = payload::build(self.nonce, self.number, turn, self.length);
        send(self.socket.as_raw_fd(), &payload, MsgFlags::empty()).map(drop)
    }

    fn receive(&mut self) -> Option<Answer> {
        if let Some(error) = self.error() {
            return Some(error);
        }
        let mut bytes = [0; 2048];
        match recv(self.socket.as_raw_fd(), &mut bytes, MsgFlags::MSG_DONTWAIT) {
            Ok(length) => {
                let own = bytes.get(..length).and_then(|bytes| payload::parse(bytes, self.nonce));
                Some(Answer::Reply(own.filter(|(number, _)| *number == self.number).map(|(_, turn)| turn)))
            }
            Err(Errno::EAGAIN) => None,
            // Once more what was in the queue of errors.
            Err(_) => Some(Answer::Other),
        }
    }

    fn waits_on(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}
