// SPDX-License-Identifier: Apache-2.0
//! The well-known units: how systemd sees them, and what they said last.

use crate::collect::Collector;
use crate::error::Error;
use crate::systemd::{self, KNOWN, State};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

pub static COLLECTOR: Collector = Collector { name: "units", limit: Duration::from_secs(5), run };

/// Lines of a journal that are told as they are.
const LINES: usize = 3;
/// Lines before them that are searched for words of trouble.
const SEARCHED: usize = 60;
/// Of those that speak of trouble, at most this many are told.
const TROUBLE: usize = 10;

fn run() -> Result<Value, Error> {
    let states = systemd::show(&KNOWN)?;
    let known: Vec<&str> =
        KNOWN.into_iter().filter(|unit| states.get(*unit).is_some_and(|state| state.get("LoadState") != "not-found")).collect();
    let (mut journals, unread) = match systemd::journals(&known, SEARCHED) {
        Ok(journals) => (journals, None),
        Err(error) => (BTreeMap::new(), Some(error.chain())),
    };
    Ok(json!({"units": KNOWN.map(|unit| describe(unit, states.get(unit), &mut journals)), "journals_error": unread}))
}

fn describe(unit: &str, state: Option<&State>, journals: &mut BTreeMap<String, Vec<String>>) -> Value {
    let empty = State::default();
    let state = state.unwrap_or(&empty);
    let (trouble, journal) = last_and_trouble(journals.remove(unit).unwrap_or_default());
    json!({
        "name": unit,
        "load": state.get("LoadState"),
        "active": state.get("ActiveState"),
        "sub": state.get("SubState"),
        "result": state.get("Result"),
        "status": state.number("ExecMainStatus"),
        "restarts": state.number("NRestarts"),
        "pid": state.number("MainPID"),
        "since": since(state.get("ActiveEnterTimestamp")),
        "status_text": state.get("StatusText"),
        "enabled": state.get("UnitFileState"),
        "journal": journal,
        "trouble": trouble,
    })
}

/// The lines that speak of trouble among the older ones, and the newest lines.
fn last_and_trouble(mut lines: Vec<String>) -> (Vec<String>, Vec<String>) {
    let last = lines.split_off(lines.len().saturating_sub(LINES));
    lines.retain(|line| speaks_of_trouble(line));
    let trouble = lines.split_off(lines.len().saturating_sub(TROUBLE));
    (trouble, last)
}

/// klog's `E`, `F` and `W` lines, and whatever says so in words.
fn speaks_of_trouble(line: &str) -> bool {
    const WORDS: [&str; 14] = [
        "error",
        "fail",
        "fatal",
        "panic",
        "denied",
        "refused",
        "forbidden",
        "unauthorized",
        "timed out",
        "timeout",
        "unable",
        "x509",
        "mismatch",
        "no space",
    ];
    let klog = line.starts_with(['E', 'F', 'W']) && line.as_bytes().get(1..5).is_some_and(|d| d.iter().all(u8::is_ascii_digit));
    let lower = line.to_ascii_lowercase();
    klog || WORDS.iter().any(|word| lower.contains(word))
}

/// `@1700000000` as RFC 3339.
fn since(stamp: &str) -> String {
    let seconds = stamp.strip_prefix('@').and_then(|text| text.parse().ok()).filter(|seconds| *seconds > 0);
    seconds.and_then(|seconds| jiff::Timestamp::from_second(seconds).ok()).map(|at| at.to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trouble_is_kept_when_it_has_scrolled_by() {
        let lines = ["one", "E1123 05:00:00.1 proxy.go:1] no such node", "two", "three", "connection refused", "four", "five"];
        let (trouble, last) = last_and_trouble(lines.map(str::to_owned).into());
        assert_eq!(trouble, ["E1123 05:00:00.1 proxy.go:1] no such node"]);
        assert_eq!(last, ["connection refused", "four", "five"]);
    }
}
