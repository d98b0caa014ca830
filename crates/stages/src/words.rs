// SPDX-License-Identifier: Apache-2.0
//! The judgement in words.

use crate::BOOT;
use crate::detail::split;
use crate::judgement::{Forecast, Judgement, NodeClock, Pace};
use jiff::Timestamp;

/// More nodes than this are counted and not named.
const NAMED: usize = 4;
/// More of what a stage waits for is left out of the sentence.
const LONGEST: usize = 200;
/// A stage is told how long it lasts once it takes at least this long, in milliseconds, and twice as long as usual.
const WORTH_TELLING: i64 = 5_000;

impl Judgement {
    /// One sentence over all nodes that are not up, for `status_reason`: those that hang first. Durations are rounded
    /// down, so that it does not change every second.
    pub fn sentence(&self) -> String {
        let rank = |node: &&NodeClock| match node.pace {
            Pace::Failed => 0,
            Pace::Hung => 1,
            Pace::Moving => 2,
            Pace::Waits => 3,
            Pace::Ready => 4,
        };
        let mut open: Vec<&NodeClock> = self.nodes.iter().filter(|n| n.pace != Pace::Ready).collect();
        open.sort_by_key(rank);
        let mut parts: Vec<String> = open.iter().take(NAMED).map(|node| node.sentence(self.at)).collect();
        match open.len().saturating_sub(NAMED) {
            0 => {}
            1 => parts.push("1 more node".to_owned()),
            more => parts.push(format!("{more} more nodes")),
        }
        parts.join("; ")
    }

    /// What is to be expected: `ready in about 12 s`.
    pub fn outlook(&self) -> String {
        match (self.forecast, self.deadline) {
            (Forecast::Done, _) => "every node is ready".to_owned(),
            (Forecast::Expected { in_ms }, _) if in_ms < 1_000 => "should be ready in a moment".to_owned(),
            (Forecast::Expected { in_ms }, _) => format!("should be ready in about {}", seconds(in_ms)),
            (Forecast::Late { .. }, Some(deadline)) => format!("will not be done before the deadline {}", clock_time(deadline)),
            (Forecast::Late { in_ms }, None) => format!("should be ready in about {}", seconds(in_ms)),
            (Forecast::Stuck, Some(deadline)) => {
                let left = deadline.as_millisecond() - self.at.as_millisecond();
                format!("no end in sight; the deadline is {}, in {}", clock_time(deadline), seconds(left))
            }
            (Forecast::Stuck, None) => "no end in sight, and no deadline".to_owned(),
        }
    }
}

impl NodeClock {
    /// How the node stands: `node master-0, step etcd: waiting for … since 40 s (usually 2 s)`.
    pub fn sentence(&self, now: Timestamp) -> String {
        if self.pace == Pace::Ready {
            return format!("node {} is ready", self.name);
        }
        let elapsed = rounded(self.elapsed_ms(now));
        let long = elapsed >= WORTH_TELLING && elapsed >= 2 * self.usual_ms;
        if self.stage == BOOT {
            return match self.pace {
                Pace::Failed => format!("node {}, {}", self.name, self.waits_for),
                _ if long => format!("node {} has reported nothing since it was started {} ago", self.name, seconds(elapsed)),
                _ => format!("node {}, has not reported yet", self.name),
            };
        }
        // Why not is the other nodes' matter.
        let what = if self.waits_on.is_empty() { self.waits_for.as_str() } else { split(&self.waits_for).0 };
        let waits_for: String = what.chars().take(LONGEST).collect();
        let mut text = format!("node {}, step {}", self.name, self.stage);
        match (self.pace, waits_for.is_empty()) {
            (Pace::Failed, _) => text.push_str(&format!(": {}", self.waits_for)),
            (_, true) if self.waits_on.is_empty() => text.push_str(" started"),
            (_, true) => text.push_str(&format!(": waiting for {}", members(&self.waits_on))),
            (_, false) => text.push_str(&format!(": waiting for {}", waits_for.trim_start_matches("waiting for "))),
        }
        if self.pace == Pace::Failed {
            return text;
        }
        if long {
            text.push_str(&format!(" since {} (usually {})", seconds(elapsed), seconds(self.usual_ms)));
        }
        if !self.waits_on.is_empty() && !waits_for.is_empty() {
            text.push_str(&format!(", held up by {}", members(&self.waits_on)));
        }
        if let Some(since) = self.hung_since {
            text.push_str(&format!(", hung since {}", clock_time(since)));
        }
        text
    }
}

/// `member master-1`, `2 members (master-1, master-2)`.
fn members(names: &[String]) -> String {
    match names {
        [one] => format!("member {one}"),
        _ => format!("{} members ({})", names.len(), names.join(", ")),
    }
}

/// Rounded down to 5 s, from a minute on to 15 s, from ten minutes on to a minute; in milliseconds.
fn rounded(ms: i64) -> i64 {
    let step = match ms {
        0..60_000 => 5_000,
        60_000..600_000 => 15_000,
        _ => 60_000,
    };
    ms - ms % step
}

/// A number of milliseconds as `0.2 s`, `12 s`, `4 min 30 s`, `2 h 5 min`.
pub fn seconds(ms: i64) -> String {
    let ms = ms.max(0);
    match ms.saturating_add(500) / 1000 {
        _ if ms < 950 => format!("0.{} s", (ms + 50) / 100),
        whole @ 0..60 => format!("{whole} s"),
        whole @ 60..3600 if whole % 60 == 0 => format!("{} min", whole / 60),
        whole @ 60..3600 => format!("{} min {} s", whole / 60, whole % 60),
        whole => format!("{} h {} min", whole / 3600, whole % 3600 / 60),
    }
}

/// The time of day, UTC: `15:04:05Z`.
pub fn clock_time(at: Timestamp) -> String {
    at.strftime("%H:%M:%SZ").to_string()
}
