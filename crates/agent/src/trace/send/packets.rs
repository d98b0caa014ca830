// SPDX-License-Identifier: Apache-2.0
//! Packets one after the other, and what comes back for them.

use magnum_path::wire::{Outcome, Probe};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

/// Sends packets of one kind, and reads what comes back.
pub trait Channel {
    fn send(&mut self, turn: u16) -> Result<(), Errno>;
    /// The next that came back, without waiting.
    fn receive(&mut self) -> Option<Answer>;
    fn waits_on(&self) -> BorrowedFd<'_>;
}

/// What came back.
pub enum Answer {
    /// For this turn, as far as it is told.
    Reply(Option<u16>),
    /// The target itself has nobody at this port.
    Refused,
    /// An ICMP error from the way.
    Error(String),
    /// Not for this probe.
    Other,
}

/// Sends all packets and waits for their answers.
pub fn run(probe: &Probe, channel: &mut impl Channel) -> Outcome {
    let gap = Duration::from_millis(u64::from(probe.gap_ms));
    let wait = Duration::from_millis(u64::from(probe.wait_ms));
    let mut progress = Progress { outcome: Outcome::default(), sent_at: Vec::new(), answered: Vec::new() };
    let mut next = Instant::now();
    loop {
        progress.drain(channel);
        let all_sent = progress.sent_at.len() >= usize::from(probe.count);
        if all_sent && (progress.outcome.answered >= progress.outcome.sent || next.elapsed() >= wait) {
            return progress.outcome;
        }
        if !all_sent && Instant::now() >= next {
            progress.send(channel);
            let more = progress.sent_at.len() < usize::from(probe.count);
            next = Instant::now() + if more { gap } else { Duration::ZERO };
            continue;
        }
        let until = if all_sent { next + wait } else { next };
        // Rounded up, so that nothing spins through a last part of a millisecond.
        let left = until.saturating_duration_since(Instant::now()) + Duration::from_micros(999);
        let mut waited = [PollFd::new(channel.waits_on(), PollFlags::POLLIN)];
        let _ = poll(&mut waited, PollTimeout::try_from(left).unwrap_or(PollTimeout::ZERO));
    }
}

struct Progress {
    outcome: Outcome,
    /// One for each turn, also of those that the kernel did not take.
    sent_at: Vec<Option<Instant>>,
    /// Turns whose answer was counted.
    answered: Vec<u16>,
}

impl Progress {
    fn send(&mut self, channel: &mut impl Channel) {
        let turn = u16::try_from(self.sent_at.len()).unwrap_or(u16::MAX);
        let at = Instant::now();
        let mut sent = channel.send(turn);
        if sent.is_err() {
            // It may be what came back for an earlier packet.
            self.drain(channel);
            sent = channel.send(turn);
        }
        match sent {
            Ok(()) => self.outcome.sent += 1,
            Err(errno) => self.error(errno.desc().to_owned()),
        }
        self.sent_at.push(sent.is_ok().then_some(at));
    }

    fn drain(&mut self, channel: &mut impl Channel) {
        while let Some(answer) = channel.receive() {
            match answer {
                Answer::Reply(Some(turn)) if self.answered.contains(&turn) => {}
                Answer::Reply(turn) => {
                    self.answered.extend(turn);
                    self.count(turn);
                }
                Answer::Refused => {
                    self.count(None);
                    self.error(Errno::ECONNREFUSED.desc().to_owned());
                }
                Answer::Error(text) => self.error(text),
                Answer::Other => {}
            }
        }
    }

    fn count(&mut self, turn: Option<u16>) {
        self.outcome.answered = self.outcome.answered.saturating_add(1).min(self.outcome.sent);
        let at = match turn {
            Some(turn) => self.sent_at.get(usize::from(turn)).copied().flatten(),
            None => self.sent_at.iter().rev().find_map(|at| *at),
        };
        if let Some(at) = at {
            let took = u32::try_from(at.elapsed().as_micros()).unwrap_or(u32::MAX);
            self.outcome.rtt_us = Some(self.outcome.rtt_us.map_or(took, |quickest| quickest.min(took)));
        }
    }

    fn error(&mut self, text: String) {
        if !self.outcome.errors.contains(&text) {
            self.outcome.errors.push(text);
        }
    }
}
