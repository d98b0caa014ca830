// SPDX-License-Identifier: Apache-2.0
//! Sends probes, all at once, from the node or from a container on it.

mod echo;
mod icmp;
mod packets;
mod tcp;
mod udp;

use crate::trace::{containers, namespace};
use magnum_path::wire::{Kind, Outcome, Probe, Send, Sent};
use nix::errno::Errno;
use std::thread;

/// Sends everything and waits for the answers.
pub fn send(request: &Send) -> Sent {
    if let Some(address) = request.from {
        let Some(found) = containers::find(&[address]).pop() else {
            return blind(format!("no container here has the address {address}"));
        };
        if let Err(error) = namespace::enter(&found.file) {
            return blind(format!("{}: {error}", found.file.display()));
        }
    }
    let outcomes = thread::scope(|scope| {
        let threads: Vec<_> = request.probes.iter().map(|probe| scope.spawn(|| one(request.nonce, probe))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap_or(Err(Errno::EIO))).collect::<Vec<_>>()
    });
    let no_right = outcomes.iter().all(|outcome| matches!(outcome, Err(Errno::EPERM | Errno::EACCES)));
    if no_right && !outcomes.is_empty() {
        return blind("no right to send probes".to_owned());
    }
    let told = |(probe, outcome): (&Probe, Result<Outcome, Errno>)| {
        let failed = |errno: Errno| Outcome { errors: vec![errno.desc().to_owned()], ..Outcome::default() };
        Outcome { number: probe.number, ..outcome.unwrap_or_else(failed) }
    };
    Sent { outcomes: request.probes.iter().zip(outcomes).map(told).collect(), blind: None }
}

fn blind(reason: String) -> Sent {
    Sent { outcomes: Vec::new(), blind: Some(reason) }
}

/// Fails when there is no socket for it.
fn one(nonce: u32, probe: &Probe) -> Result<Outcome, Errno> {
    match probe.kind {
        Kind::Echo => Ok(packets::run(probe, &mut echo::Echo::open(nonce, probe)?)),
        Kind::Udp => Ok(packets::run(probe, &mut udp::Udp::open(nonce, probe)?)),
        Kind::Tcp => tcp::run(probe),
    }
}
