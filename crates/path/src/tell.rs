// SPDX-License-Identifier: Apache-2.0
//! What was judged, in rows and words.

use crate::cause::Found;
use crate::gap::Stop;
use crate::judge::{First, Inputs, not_sent};
use crate::round::Round;
use crate::route::{Hop, Place};
use crate::trace::{Outcome, Row, Shot, Way};
use crate::wire::Kind;
use magnum_facts::Facts;

pub(crate) fn rows(judged: &First<'_>, facts: &Facts) -> Vec<Row> {
    let main = &judged.main;
    let at = |stop: Option<&Stop>, hop: &Hop| stop.filter(|s| s.hop == *hop).map(|s| if s.back { Way::Back } else { Way::There });
    let lost = judged.gap.as_ref();
    let row = |hop: &Hop| Row {
        guide: hop.guide,
        node: hop.node.clone(),
        device: match (hop.place, main.group.round.device(hop)) {
            (Place::Inside, "") => "eth0".to_owned(),
            (_, name) => name.to_owned(),
        },
        container: hop.container.filter(|_| hop.place == Place::Inside).map(|a| a.to_string()),
        mtu: hop.mtu.or_else(|| mtu(main.group.round, hop, facts)),
        there: main.group.count(hop, false).known(),
        back: main.group.count(hop, true).known(),
        lost_after: at(lost.and_then(|g| g.last.as_ref()), hop),
        lost_before: at(lost.and_then(|g| g.next.as_ref()), hop),
    };
    main.route.iter().map(row).collect()
}

/// The MTU of a container's device, or of its other end.
fn mtu(round: &Round, hop: &Hop, facts: &Facts) -> Option<u32> {
    let name = round.device(hop);
    if hop.place != Place::Inside {
        return facts.nodes.get(&hop.node)?.links.value()?.iter().find(|l| l.name == name).map(|l| l.mtu);
    }
    round.container(hop.container?)?.1.mtu()
}

pub(crate) fn shots(round: &Round) -> Vec<Shot> {
    let mut all: Vec<Shot> = Vec::new();
    for probe in &round.probes {
        let what = match probe.kind {
            Kind::Echo => "ICMP".to_owned(),
            Kind::Udp => format!("UDP {}", probe.port),
            Kind::Tcp => format!("TCP {}", probe.port),
        };
        let outcome = round.outcome(probe).cloned().unwrap_or_default();
        match all.iter_mut().find(|s| s.what == what && s.bytes == probe.bytes) {
            Some(shot) => {
                shot.sent += probe.count;
                shot.answered += outcome.answered;
                shot.rtt_us = shot.rtt_us.into_iter().chain(outcome.rtt_us).min();
                shot.errors.extend(outcome.errors.into_iter().filter(|e| !shot.errors.contains(e)).collect::<Vec<_>>());
            }
            None => all.push(Shot {
                what,
                bytes: probe.bytes,
                sent: probe.count,
                answered: outcome.answered,
                rtt_us: outcome.rtt_us,
                errors: outcome.errors,
            }),
        }
    }
    all
}

pub(crate) fn translations(inputs: &Inputs<'_>) -> Vec<String> {
    let mut all = Vec::new();
    for connection in inputs.first.connections(&inputs.first.probes) {
        for change in connection.changes() {
            if !all.contains(&change) {
                all.push(change);
            }
        }
    }
    all
}

pub(crate) fn summary(inputs: &Inputs<'_>, judged: &First<'_>, cause: Option<&Found>) -> String {
    let (from, to) = (inputs.from.describe(), inputs.to.describe());
    let why = cause.map(|c| format!(": {}", c.text)).unwrap_or_default();
    match judged.outcome {
        Outcome::Works => format!("{from} reaches {to}"),
        Outcome::Refused => format!("{from} reaches {to}, which refuses the connection{why}"),
        Outcome::LargeLost => format!("full packets from {from} to {to} get lost {}{why}", place(judged)),
        Outcome::Lost => format!("packets from {from} to {to} get lost {}{why}", place(judged)),
        Outcome::Unclear if not_sent(inputs.first).is_some() => format!("whether {from} reaches {to} is not known: nothing could be sent"),
        Outcome::Unclear => format!("no answer from {to} to {from}; they get lost {}{why}", place(judged)),
    }
}

fn place(judged: &First<'_>) -> String {
    let round = judged.main.group.round;
    let name = |stop: &Stop| match (stop.hop.place, round.device(&stop.hop)) {
        (Place::Port, device) if !device.is_empty() => format!("{device} on {}", stop.hop.node),
        (Place::Inside, device) if !device.is_empty() => {
            format!("{device} of {}", stop.hop.container.map(|a| a.to_string()).unwrap_or_default())
        }
        _ => stop.hop.describe(),
    };
    let Some(gap) = &judged.gap else { return String::new() };
    let way = if gap.back() && gap.unseen.is_empty() { "on the way back " } else { "" };
    if !gap.unseen.is_empty() {
        let mut blind: Vec<&str> = gap.unseen.iter().map(|s| s.hop.node.as_str()).collect();
        blind.dedup();
        let after = gap.last.as_ref().map_or(String::new(), |last| format!("after {}, ", name(last)));
        return format!("{after}where nobody could look: on {}", blind.join(" and "));
    }
    match (&gap.last, &gap.next) {
        (None, Some(next)) => format!("{way}before they leave by {}", name(next)),
        (Some(last), Some(next)) if last.hop == next.hop => format!("at {}: they arrive, and no answer leaves", name(last)),
        (Some(last), Some(next)) => format!("{way}between {} and {}", name(last), name(next)),
        (Some(last), None) => format!("{way}after {}", name(last)),
        (None, None) => "where nobody could look".to_owned(),
    }
}
