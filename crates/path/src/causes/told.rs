// SPDX-License-Identifier: Apache-2.0
//! Somebody on the way, or the sender's own kernel, says why it does not pass packets on.

use crate::cause::{Cause, Found, Look, Scene};
use crate::wire::is_refusal;

pub static CAUSE: Cause = Cause { id: "refused-on-the-way", rank: 80, look };

fn look(scene: &Scene<'_>) -> Look {
    let outcomes = scene.round.probes.iter().filter_map(|p| scene.round.outcome(p));
    let Some(said) = outcomes.flat_map(|o| &o.errors).find(|e| !is_refusal(e)) else { return Look::Nothing };
    let (_, to) = scene.addresses();
    let text = match said.split_once(": ") {
        Some((who, what)) => format!("{who} says of packets to {to}: {what}"),
        None => format!("the sender's own kernel says: {said}"),
    };
    let node = scene.from.node.as_deref().unwrap_or_default();
    Found::new(text)
        .seen(format!("what the probes were answered on {node}"), said.clone())
        .fix("Look at the one that says so: its routes and filters.")
        .run(scene.on(node, &format!("ip route get {to}")))
        .guilty()
}
