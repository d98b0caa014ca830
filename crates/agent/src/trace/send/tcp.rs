// SPDX-License-Identifier: Apache-2.0
//! A TCP connection, closed as soon as it is there.

use magnum_path::wire::{Outcome, Probe};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{AddressFamily, SockFlag, SockType, SockaddrIn, bind, connect, getsockopt, setsockopt, socket, sockopt};
use rustix::net::sockopt::set_socket_linger;
use std::os::fd::{AsFd, AsRawFd};
use std::time::{Duration, Instant};

pub fn run(probe: &Probe) -> Result<Outcome, Errno> {
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    let socket = socket(AddressFamily::Inet, SockType::Stream, flags, None)?;
    setsockopt(&socket, sockopt::ReuseAddr, &true)?;
    // Closing resets it, so that the port is free at once.
    set_socket_linger(&socket, Some(Duration::ZERO)).map_err(|errno| Errno::from_raw(errno.raw_os_error()))?;
    bind(socket.as_raw_fd(), &SockaddrIn::new(0, 0, 0, 0, probe.source_port))?;
    let [a, b, c, d] = probe.to.octets();
    let begin = Instant::now();
    let mut result = connect(socket.as_raw_fd(), &SockaddrIn::new(a, b, c, d, probe.port));
    let mut sent = matches!(result, Ok(()) | Err(Errno::ECONNREFUSED));
    if result == Err(Errno::EINPROGRESS) {
        sent = true;
        let mut waited = [PollFd::new(socket.as_fd(), PollFlags::POLLOUT)];
        if poll(&mut waited, PollTimeout::from(probe.wait_ms)) != Ok(0) {
            let error = getsockopt(&socket, sockopt::SocketError)?;
            result = if error == 0 { Ok(()) } else { Err(Errno::from_raw(error)) };
        }
    }
    let mut outcome = Outcome { sent: u16::from(sent), ..Outcome::default() };
    if matches!(result, Ok(()) | Err(Errno::ECONNREFUSED)) {
        outcome.answered = 1;
        outcome.rtt_us = Some(u32::try_from(begin.elapsed().as_micros()).unwrap_or(u32::MAX));
    }
    // Nothing but silence has no words.
    outcome.errors.extend(result.err().filter(|errno| *errno != Errno::EINPROGRESS).map(|errno| errno.desc().to_owned()));
    Ok(outcome)
}
