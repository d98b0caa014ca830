// SPDX-License-Identifier: Apache-2.0
//! The stage clock as the server judges it, in the words of a row or a line.

use super::event::seconds;
use crate::context::text;
use crate::output::plain;
use jiff::Timestamp;
use magnum_stages::{Judgement, NodeClock, Pace, clock_time};
use serde::Deserialize;
use serde_json::Value;
use std::time::Duration;

/// How the cluster's nodes get on.
#[derive(Debug, Clone)]
pub(crate) struct Progress {
    pub judgement: Judgement,
    /// What is to be expected, in the server's words.
    pub outlook: String,
    pub in_progress: bool,
}

impl Progress {
    /// None for an answer of another form.
    pub fn read(value: &Value) -> Option<Self> {
        let judgement = Judgement::deserialize(value).ok()?;
        let in_progress = value.get("in_progress").and_then(Value::as_bool).unwrap_or_default();
        Some(Self { judgement, outlook: plain(text(value, "outlook")), in_progress })
    }
}

/// What a node is doing: `overlay 41.0s (usually 2.5s), hung since 15:04:05Z: the overlay network`. What matters most
/// comes first: a terminal may be narrow.
pub(super) fn row(node: &NodeClock, now: Timestamp) -> String {
    let stage = plain(&node.stage);
    let mut row = match node.pace {
        Pace::Ready => return node.took_ms.map_or(stage, |took| format!("ready ({})", seconds(milliseconds(took)))),
        Pace::Failed => return format!("{stage} failed: {}", one_line(&node.waits_for)),
        _ if node.stage == magnum_stages::BOOT => "waiting to boot".to_owned(),
        _ => stage,
    };
    row.push_str(&format!(" {} (usually {})", seconds(milliseconds(node.elapsed_ms(now))), seconds(milliseconds(node.usual_ms))));
    if let Some(since) = node.hung_since {
        row.push_str(&format!(", hung since {}", clock_time(since)));
    }
    row.push_str(&waiting(node));
    row
}

/// `overlay hung since 15:04:05Z (usually 2.5s): waiting for the overlay network`.
pub(super) fn hung(node: &NodeClock) -> Option<String> {
    let since = node.hung_since.filter(|_| node.pace == Pace::Hung)?;
    let usual = seconds(milliseconds(node.usual_ms));
    Some(format!("{} hung since {} (usually {usual}){}", plain(&node.stage), clock_time(since), waiting(node)))
}

fn waiting(node: &NodeClock) -> String {
    let what = one_line(&node.waits_for);
    let what = what.trim_start_matches("waiting for ");
    let held = if node.waits_on.is_empty() { String::new() } else { format!(", held up by {}", plain(&node.waits_on.join(", "))) };
    if what.is_empty() { held } else { format!("{held}: waiting for {what}") }
}

fn one_line(text: &str) -> String {
    plain(text).replace('\n', " ")
}

fn milliseconds(ms: i64) -> Duration {
    Duration::from_millis(u64::try_from(ms).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::SignedDuration;
    use magnum_types::Role;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_secs(seconds)
    }

    #[test]
    fn a_row_says_what_matters_first() {
        let node = |pace, stage: &str, waits_for: &str, waits_on: &[&str]| NodeClock {
            name: "node-0".to_owned(),
            role: Role::Worker,
            stage: stage.to_owned(),
            since: at(2),
            pace,
            hung_since: (pace == Pace::Hung).then(|| at(5)),
            waits_for: waits_for.to_owned(),
            waits_on: waits_on.iter().map(|name| (*name).to_owned()).collect(),
            usual_ms: 2_500,
            measured: 0,
            took_ms: (pace == Pace::Ready).then_some(9_400),
            remaining_ms: None,
        };
        for (node, expected, line) in [
            (node(Pace::Moving, "boot", "", &[]), "waiting to boot 1m00s (usually 2.5s)", None),
            (node(Pace::Moving, "etcd", "", &[]), "etcd 1m00s (usually 2.5s)", None),
            (
                node(Pace::Waits, "overlay", "waiting for the\nnetwork", &["master-0", "master-1"]),
                "overlay 1m00s (usually 2.5s), held up by master-0, master-1: waiting for the network",
                None,
            ),
            (
                node(Pace::Hung, "overlay", "etcd\u{1b}[2J", &[]),
                "overlay 1m00s (usually 2.5s), hung since 00:00:05Z: waiting for etcd\u{fffd}[2J",
                Some("overlay hung since 00:00:05Z (usually 2.5s): waiting for etcd\u{fffd}[2J"),
            ),
            (node(Pace::Failed, "etcd", "no space", &[]), "etcd failed: no space", None),
            (node(Pace::Ready, "ready", "", &[]), "ready (9.4s)", None),
        ] {
            assert_eq!((row(&node, at(62)).as_str(), hung(&node).as_deref()), (expected, line));
        }
    }
}
