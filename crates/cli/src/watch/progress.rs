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

/// What a node is doing: `overlay 41.0s (usually 2.5s): waiting for the overlay network, held up by master-0`.
pub(super) fn row(node: &NodeClock, progress: &Progress) -> String {
    let (now, began) = (progress.judgement.at, progress.judgement.began);
    let stage = plain(&node.stage);
    let mut row = match node.pace {
        Pace::Ready => return format!("ready ({})", seconds(between(began, node.since))),
        Pace::Failed => return format!("{stage} failed: {}", one_line(&node.waits_for)),
        _ if node.stage == magnum_stages::BOOT => "waiting to boot".to_owned(),
        _ => stage,
    };
    row.push_str(&format!(" {} (usually {})", seconds(between(node.since, now)), seconds(milliseconds(node.usual_ms))));
    row.push_str(&waiting(node));
    if let Some(since) = node.hung_since {
        row.push_str(&format!(", hung since {}", clock_time(since)));
    }
    row
}

/// `overlay hung since 15:04:05Z: waiting for the overlay network (usually 2.5s)`.
pub(super) fn hung(node: &NodeClock) -> Option<String> {
    let since = node.hung_since.filter(|_| node.pace == Pace::Hung)?;
    let usual = seconds(milliseconds(node.usual_ms));
    Some(format!("{} hung since {}{} (usually {usual})", plain(&node.stage), clock_time(since), waiting(node)))
}

fn waiting(node: &NodeClock) -> String {
    let what = one_line(&node.waits_for);
    let what = what.trim_start_matches("waiting for ");
    let on = plain(&node.waits_on.join(", "));
    match (what.is_empty(), on.is_empty()) {
        (true, true) => String::new(),
        (true, false) => format!(": waiting for {on}"),
        (false, true) => format!(": waiting for {what}"),
        (false, false) => format!(": waiting for {what}, held up by {on}"),
    }
}

fn one_line(text: &str) -> String {
    plain(text).replace('\n', " ")
}

fn between(from: Timestamp, to: Timestamp) -> Duration {
    milliseconds(to.as_millisecond() - from.as_millisecond())
}

fn milliseconds(ms: i64) -> Duration {
    Duration::from_millis(u64::try_from(ms).unwrap_or_default())
}
