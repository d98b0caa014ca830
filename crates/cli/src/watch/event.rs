// SPDX-License-Identifier: Apache-2.0
//! One event of the timeline, as a line for a person.

use crate::context::text;
use crate::output::plain;
use serde_json::Value;
use std::time::Duration;

/// Something that happened to a node, or that the conductor did (`node` is empty).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Event {
    pub at: String,
    pub node: String,
    pub step: String,
    pub state: String,
    pub detail: String,
    pub duration: Option<Duration>,
}

impl Event {
    pub fn read(value: &Value) -> Self {
        let field = |name: &str| plain(text(value, name)).replace('\n', " | ");
        let duration = value.get("duration_ms").and_then(Value::as_u64).map(Duration::from_millis);
        Self { at: field("at"), node: field("node"), step: field("step"), state: field("state"), detail: field("detail"), duration }
    }

    /// `master-0  etcd done (1.2s)`.
    pub fn line(&self) -> String {
        let who = if self.node.is_empty() { "magnum" } else { &self.node };
        format!("{who:10} {}", self.happening())
    }

    /// Whether the server's own doctor names a cause.
    pub fn is_cause(&self) -> bool {
        self.node.is_empty() && self.step == "doctor" && self.detail.starts_with("cause: ")
    }

    /// `etcd done (1.2s)`.
    pub fn happening(&self) -> String {
        if self.is_cause() {
            return self.detail.clone();
        }
        let duration = self.duration.map(|duration| format!(" ({})", seconds(duration))).unwrap_or_default();
        let detail = if self.detail.is_empty() { String::new() } else { format!(": {}", self.detail) };
        format!("{} {}{duration}{detail}", self.step, self.state)
    }
}

/// `0.4s`, `12.3s`, `4m10s`.
pub(crate) fn seconds(duration: Duration) -> String {
    let whole = duration.as_secs();
    if whole < 60 { format!("{}.{}s", whole, duration.subsec_millis() / 100) } else { format!("{}m{:02}s", whole / 60, whole % 60) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_event_is_one_line() {
        let event = json!({"id": 1, "at": "t", "node": "master-0", "step": "etcd", "state": "failed", "detail": "a\nb\u{1b}[2J", "duration_ms": 1250});
        assert_eq!(Event::read(&event).line(), "master-0   etcd failed (1.2s): a | b\u{fffd}[2J");
        let event = json!({"id": 1, "at": "t", "node": null, "step": "network", "state": "done", "duration_ms": null});
        assert_eq!(Event::read(&event).line(), "magnum     network done");
        for (ms, wanted) in [(0, "0.0s"), (940, "0.9s"), (59_999, "59.9s"), (60_000, "1m00s"), (250_000, "4m10s")] {
            assert_eq!(seconds(Duration::from_millis(ms)), wanted);
        }
    }
}
