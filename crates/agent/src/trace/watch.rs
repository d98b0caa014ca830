// SPDX-License-Identifier: Apache-2.0
//! The process that `open` leaves behind: it captures until it is asked for what it saw, or until its time is over.

use crate::trace::capture::{self, Captures, Place};
use crate::trace::containers::{self, Found};
use crate::trace::decode::Wanted;
use crate::trace::drops::{self, Drops};
use crate::trace::{FOLDER, answer, counters, socket};
use magnum_path::wire::{Closed, Container, Open, Opened};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::SignalFd;
use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

/// What `close` says.
pub const CLOSE: &[u8] = b"close\n";
const LONGEST: Duration = Duration::from_secs(15);
const MOST_TRACES: usize = 4;
const CALLER: Duration = Duration::from_secs(2);

/// Captures, says so with one line, and waits for the end.
pub fn watch(open: &Open) {
    let deadline = Instant::now() + Duration::from_millis(u64::from(open.linger_ms)).min(LONGEST);
    // Not with the terminal or the group of who called.
    let _ = nix::unistd::setsid();
    match Watch::start(open) {
        Ok((watch, opened)) => {
            answer(&opened);
            let quiet = OpenOptions::new().write(true).open("/dev/null").map(nix::unistd::dup2_stdout);
            if matches!(quiet, Ok(Ok(()))) {
                watch.serve(open, deadline);
            }
        }
        Err(reason) => answer(&Opened { blind: Some(reason), ..Opened::default() }),
    }
}

/// The socket's file, which goes in every case.
struct Door {
    listener: UnixListener,
    path: PathBuf,
}

struct Watch {
    door: Door,
    signals: SignalFd,
    captures: Captures,
    drops: Option<Drops>,
    found: Vec<Found>,
    before: BTreeMap<String, String>,
}

impl Watch {
    fn start(open: &Open) -> Result<(Self, Opened), String> {
        let _early = capture::keep_time();
        let signals = signals().map_err(|errno| format!("signals: {}", errno.desc()))?;
        let prepared = if open.drops { Some(drops::prepare()) } else { None };
        let door = Door::open(open.nonce)?;
        let wanted =
            Arc::new(Wanted { nonce: open.nonce, overlay_ports: open.overlay_ports.clone(), source_ports: open.source_ports.clone() });
        let found = containers::find(&open.containers);
        let ((described, captures), before, drops) = thread::scope(|scope| {
            let before = scope.spawn(|| counters::take(&found));
            let drops = prepared.map(|prepared| scope.spawn(|| prepared.and_then(|()| Drops::start(open.nonce))));
            let described = containers::describe(&found);
            let captures = Captures::start(places(&described), &wanted);
            let drops = drops.map(|thread| thread.join().unwrap_or_else(|_| Err("the thread died".to_owned())));
            ((described, captures), before.join().unwrap_or_default(), drops)
        });
        let captures = captures.map_err(|error| format!("packets cannot be captured here: {}", words(&error)))?;
        let (drops, no_drops) = match drops {
            Some(Ok(drops)) => (Some(drops), None),
            Some(Err(reason)) => (None, Some(reason)),
            None => (None, None),
        };
        let opened = Opened { containers: described, blind: None, no_drops };
        Ok((Self { door, signals, captures, drops, found, before }, opened))
    }

    /// Waits for `close`, a signal to end, or the end of its time.
    fn serve(self, open: &Open, deadline: Instant) {
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let timeout = PollTimeout::try_from(left).unwrap_or(PollTimeout::ZERO);
            let mut waited =
                [PollFd::new(self.door.listener.as_fd(), PollFlags::POLLIN), PollFd::new(self.signals.as_fd(), PollFlags::POLLIN)];
            let ready = poll(&mut waited, timeout);
            if left.is_zero() || waited[1].any() != Some(false) {
                return;
            }
            if ready.is_ok_and(|ready| ready > 0)
                && let Ok((caller, _)) = self.door.listener.accept()
                && is_close(&caller)
            {
                self.close(open, caller);
                return;
            }
        }
    }

    /// What takes the kernel long to undo comes after the answer.
    fn close(self, open: &Open, mut caller: UnixStream) {
        let Self { door, captures, drops, found, before, .. } = self;
        drop(door);
        let reasons = drops.as_ref().map(Drops::end).unwrap_or_default();
        let (sightings, lost) = captures.end();
        let (after, connections) = thread::scope(|scope| {
            let after = scope.spawn(|| counters::take(&found));
            let connections = counters::connections(open.nonce, &open.source_ports);
            (after.join().unwrap_or_default(), connections)
        });
        let closed = Closed { sightings, lost, before, after, connections, drops: reasons };
        let mut text = serde_json::to_string(&closed).unwrap_or_default();
        text.push('\n');
        let _ = caller.set_write_timeout(Some(CALLER)).and_then(|()| caller.write_all(text.as_bytes()));
        drop(caller);
    }
}

impl Door {
    fn open(nonce: u32) -> Result<Self, String> {
        let failed = |error: io::Error| format!("{FOLDER}: {}", words(&error));
        DirBuilder::new().recursive(true).mode(0o700).create(FOLDER).map_err(failed)?;
        fs::set_permissions(FOLDER, Permissions::from_mode(0o700)).map_err(failed)?;
        let mut others = 0;
        for entry in fs::read_dir(FOLDER).map_err(failed)?.flatten() {
            match UnixStream::connect(entry.path()) {
                Ok(_) => others += 1,
                // A trace that was killed.
                Err(_) => drop(fs::remove_file(entry.path())),
            }
        }
        if others >= MOST_TRACES {
            return Err(format!("{others} traces are open here already"));
        }
        let path = socket(nonce);
        let listener = UnixListener::bind(&path).map_err(|error| match error.kind() {
            io::ErrorKind::AddrInUse => format!("trace {nonce} is open here already"),
            _ => failed(error),
        })?;
        let door = Self { listener, path };
        fs::set_permissions(&door.path, Permissions::from_mode(0o600)).map_err(failed)?;
        Ok(door)
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// The node's own namespace, its containers', and those that hold the other ends of their devices.
fn places(containers: &[Container]) -> Vec<Place> {
    let mut places = vec![Place { inside: None, namespace: String::new(), file: None }];
    for one in containers {
        places.push(Place { inside: one.address, namespace: String::new(), file: Some(PathBuf::from(&one.namespace)) });
        if !one.peer_namespace.is_empty() {
            let file = Some(PathBuf::from(&one.peer_namespace));
            places.push(Place { inside: None, namespace: one.peer_namespace.clone(), file });
        }
    }
    let mut seen = Vec::new();
    places.retain(|place| {
        let fresh = !seen.contains(&place.file);
        seen.push(place.file.clone());
        fresh
    });
    places
}

/// Signals to end come as something to read, so that everything is put away first.
fn signals() -> nix::Result<SignalFd> {
    let mut wanted = SigSet::empty();
    wanted.add(Signal::SIGTERM);
    wanted.add(Signal::SIGINT);
    wanted.add(Signal::SIGHUP);
    wanted.thread_block()?;
    SignalFd::new(&wanted)
}

fn is_close(caller: &UnixStream) -> bool {
    let mut word = [0; CLOSE.len()];
    let mut caller = caller;
    caller.set_read_timeout(Some(CALLER)).is_ok() && caller.read_exact(&mut word).is_ok() && word == *CLOSE
}

/// The kernel's words, without a number behind them.
fn words(error: &io::Error) -> String {
    error.raw_os_error().map_or_else(|| error.to_string(), |number| nix::errno::Errno::from_raw(number).desc().to_owned())
}
