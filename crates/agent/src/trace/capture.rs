// SPDX-License-Identifier: Apache-2.0
//! Captures: one socket per network namespace, which sees the packets of all its devices.

use crate::trace::decode::Wanted;
use crate::trace::namespace;
use magnum_path::wire::Sighting;
use nix::cmsg_space;
use nix::errno::Errno;
use nix::net::if_::if_indextoname;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{
    AddressFamily, ControlMessageOwned, LinkAddr, MsgFlags, SockFlag, SockProtocol, SockType, recvmsg, setsockopt, socket, sockopt,
};
use nix::sys::time::TimeSpec;
use std::collections::HashMap;
use std::io::{self, IoSliceMut, PipeReader, PipeWriter};
use std::net::Ipv4Addr;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::thread::{self, JoinHandle};

/// Of a trace's own packets, and of others' TCP packets; more than that is lost.
const MOST: usize = 20_000;
/// What the kernel keeps until it is read.
const RECEIVE_BUFFER: usize = 16 << 20;
/// Headers, with vxlan around and ICMP's longest quote inside.
const SNAP: usize = 1024;
/// The kernel's `PACKET_OUTGOING`.
const OUTGOING: u8 = 4;
const LOOPBACK: &str = "lo";

/// A network namespace that is watched.
#[derive(Clone)]
pub struct Place {
    /// The container's address whose namespace this is.
    pub inside: Option<Ipv4Addr>,
    /// What [`Sighting::namespace`] says.
    pub namespace: String,
    /// None is the node's own.
    pub file: Option<PathBuf>,
}

/// Captures that are running. Dropping them ends them.
pub struct Captures {
    stop: PipeWriter,
    threads: Vec<JoinHandle<Caught>>,
}

/// What one saw.
#[derive(Default)]
struct Caught {
    /// With their time in nanoseconds: a packet may pass several devices within a microsecond.
    sightings: Vec<(i64, Sighting)>,
    lost: u64,
}

impl Captures {
    /// Answers when all of them are running; the reason when one cannot.
    pub fn start(places: Vec<Place>, wanted: &Arc<Wanted>) -> io::Result<Self> {
        let (reader, stop) = io::pipe()?;
        let (sender, receiver) = channel();
        let mut threads = Vec::new();
        for place in places {
            let (reader, sender, wanted) = (reader.try_clone()?, sender.clone(), Arc::clone(wanted));
            let name = format!("capture {}", place.namespace);
            threads.push(thread::Builder::new().name(name).spawn(move || Capture::run(place, &wanted, &reader, sender))?);
        }
        drop(sender);
        for _ in &threads {
            receiver.recv().unwrap_or_else(|_| Err(io::Error::other("a capture's thread died")))?;
        }
        Ok(Self { stop, threads })
    }

    /// Ends them when what has arrived so far is looked at. Answers what they saw, in the order of time, and how many
    /// packets could not be looked at or kept.
    pub fn end(self) -> (Vec<Sighting>, u64) {
        drop(self.stop);
        let mut all = Caught::default();
        for thread in self.threads {
            let caught = thread.join().unwrap_or(Caught { sightings: Vec::new(), lost: 1 });
            all.sightings.extend(caught.sightings);
            all.lost += caught.lost;
        }
        all.sightings.sort_by_key(|(at, _)| *at);
        (all.sightings.into_iter().map(|(_, seen)| seen).collect(), all.lost)
    }
}

/// Has the kernel put the time on packets as long as it is kept. It begins a moment after it is told to: until then,
/// packets get the time when they are read.
pub fn keep_time() -> nix::Result<OwnedFd> {
    let socket = socket(AddressFamily::Inet, SockType::Datagram, SockFlag::SOCK_CLOEXEC, None)?;
    setsockopt(&socket, sockopt::ReceiveTimestampns, &true)?;
    Ok(socket)
}

struct Capture<'a> {
    place: Place,
    wanted: &'a Wanted,
    socket: OwnedFd,
    names: HashMap<usize, String>,
    caught: Caught,
    own: usize,
    /// What the kernel says it lost so far.
    overflow: u32,
}

impl<'a> Capture<'a> {
    fn run(place: Place, wanted: &'a Wanted, stop: &PipeReader, ready: Sender<io::Result<()>>) -> Caught {
        let opened = place.file.as_deref().map_or(Ok(()), namespace::enter).and_then(|()| open());
        let (socket, result) = match opened {
            Ok(socket) => (Some(socket), Ok(())),
            Err(error) => (None, Err(error)),
        };
        let told = ready.send(result);
        drop(ready);
        match socket {
            Some(socket) if told.is_ok() => {
                let mut capture = Self { place, wanted, socket, names: HashMap::new(), caught: Caught::default(), own: 0, overflow: 0 };
                capture.watch(stop);
                capture.caught.lost += u64::from(capture.overflow);
                capture.caught
            }
            _ => Caught::default(),
        }
    }

    fn watch(&mut self, stop: &PipeReader) {
        let mut bytes = [0; SNAP];
        let mut control = cmsg_space!(u32, TimeSpec);
        loop {
            let mut waited = [PollFd::new(self.socket.as_fd(), PollFlags::POLLIN), PollFd::new(stop.as_fd(), PollFlags::POLLIN)];
            let _ = poll(&mut waited, PollTimeout::NONE);
            let ending = waited[1].any().unwrap_or(true);
            // At the end, what waits is still read; more than the buffer holds does not wait.
            for _ in 0..RECEIVE_BUFFER / SNAP {
                match self.receive(&mut bytes, &mut control) {
                    Ok(()) | Err(Errno::EINTR | Errno::ENETDOWN) => {}
                    Err(_) => break,
                }
            }
            if ending {
                return;
            }
        }
    }

    fn receive(&mut self, bytes: &mut [u8], control: &mut [u8]) -> Result<(), Errno> {
        let mut slices = [IoSliceMut::new(bytes)];
        let received = recvmsg::<LinkAddr>(self.socket.as_raw_fd(), &mut slices, Some(control), MsgFlags::MSG_DONTWAIT)?;
        let mut at = None;
        for message in received.cmsgs()? {
            match message {
                ControlMessageOwned::RxqOvfl(lost) => self.overflow = lost,
                ControlMessageOwned::ScmTimestampns(told) => at = Some(told.tv_sec() * 1_000_000_000 + told.tv_nsec()),
                _ => {}
            }
        }
        let (address, length) = (received.address, received.bytes);
        let Some(address) = address.filter(|address| u16::from_be(address.protocol()) == 0x0800) else { return Ok(()) };
        let Some(seen) = bytes.get(..length).and_then(|packet| self.wanted.look(packet)) else { return Ok(()) };
        let device = self.names.entry(address.ifindex()).or_insert_with(|| name(address.ifindex()));
        if device == LOOPBACK {
            return Ok(());
        }
        let device = device.clone();
        let own = self.wanted.is_own(&seen);
        self.own += usize::from(own);
        let kept = if own { self.own } else { self.caught.sightings.len() - self.own + 1 };
        if kept > MOST {
            self.own -= usize::from(own);
            self.caught.lost += 1;
            return Ok(());
        }
        let at = at.unwrap_or_else(|| jiff::Timestamp::now().as_microsecond() * 1000);
        let seen = Sighting {
            inside: self.place.inside,
            namespace: self.place.namespace.clone(),
            device,
            out: address.pkttype() == OUTGOING,
            at_us: at / 1000,
            ..seen
        };
        self.caught.sightings.push((at, seen));
        Ok(())
    }
}

fn open() -> io::Result<OwnedFd> {
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    let socket = socket(AddressFamily::Packet, SockType::Datagram, flags, SockProtocol::EthAll)?;
    setsockopt(&socket, sockopt::RxqOvfl, &1)?;
    setsockopt(&socket, sockopt::ReceiveTimestampns, &true)?;
    // Without the right to that much, what is lost is counted all the same.
    if setsockopt(&socket, sockopt::RcvBufForce, &RECEIVE_BUFFER).is_err() {
        setsockopt(&socket, sockopt::RcvBuf, &RECEIVE_BUFFER)?;
    }
    Ok(socket)
}

/// A device's name in this thread's namespace.
fn name(index: usize) -> String {
    let found = u32::try_from(index).ok().and_then(|index| if_indextoname(index).ok());
    found.map_or_else(|| format!("if{index}"), |name| name.to_string_lossy().into_owned())
}
