// SPDX-License-Identifier: Apache-2.0
//! Talks to systemd and the journal: start units, and find out quickly why one does not stay up.

use crate::{Error, command, unit};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

const LIMIT: Duration = Duration::from_secs(15);
/// How old an answer about units may be.
const FRESH: Duration = Duration::from_millis(900);
/// A unit that systemd had to start again this often is not coming up.
const RESTARTS: u64 = 3;
const PROPERTIES: &str =
    "Id,LoadState,ActiveState,SubState,Result,ExecMainStatus,ExecMainCode,NRestarts,MainPID,StatusText,ActiveEnterTimestamp,UnitFileState";

/// The units of a node that whoever looks after it wants to know of.
pub const KNOWN: [&str; 13] = [
    "magnum-agent.service",
    "etcd.service",
    "kube-apiserver.service",
    "kube-controller-manager.service",
    "kube-scheduler.service",
    "kubelet.service",
    "kube-proxy.service",
    "flanneld.service",
    "containerd.service",
    "docker.service",
    "docker.socket",
    "kube-dns.service",
    "kube-dns-feed.service",
];

/// What systemd says about one unit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct State {
    pub properties: BTreeMap<String, String>,
}

impl State {
    /// A property's text, empty when there is none.
    pub fn get(&self, property: &str) -> &str {
        self.properties.get(property).map_or("", String::as_str)
    }

    /// A property as a number.
    pub fn number(&self, property: &str) -> u64 {
        self.get(property).parse().unwrap_or(0)
    }

    /// Whether systemd has read the unit's file. It looks for new ones when their folder's time has changed, which goes
    /// by the kernel's tick: of two files written in one tick, it may know the first one only, until it is told.
    fn is_known(&self) -> bool {
        self.get("LoadState") != "not-found"
    }

    /// Running, as far as systemd knows.
    pub fn is_active(&self) -> bool {
        self.get("ActiveState") == "active"
    }
}

/// The service manager, with the answers of the last second.
#[derive(Default)]
pub struct Systemd {
    seen: Mutex<Seen>,
    reload: Mutex<()>,
}

#[derive(Default)]
struct Seen {
    at: Option<Instant>,
    states: BTreeMap<String, State>,
    /// NRestarts when the unit was first looked at.
    before: BTreeMap<String, u64>,
}

impl Systemd {
    /// Starts units without waiting for them. `changed`: what they read was written anew, so those that run already
    /// are restarted.
    pub fn start(&self, units: &[&str], changed: bool) -> Result<(), Error> {
        let _one_at_a_time = self.reload.lock().unwrap_or_else(PoisonError::into_inner);
        if show(units)?.values().any(|state| !state.is_known() || changed && state.get("NeedDaemonReload") == "yes") {
            systemctl(&["daemon-reload"])?;
        }
        let mut words = vec![if changed { "restart" } else { "start" }, "--no-block"];
        words.extend(units);
        systemctl(&words)?;
        units.iter().try_for_each(|unit| unit::started(unit))
    }

    /// Restarts units without waiting for them.
    pub fn restart(&self, units: &[&str]) -> Result<(), Error> {
        let mut words = vec!["restart", "--no-block"];
        words.extend(units);
        systemctl(&words).map(drop)
    }

    /// Stops units, and waits until they are.
    pub fn stop(&self, units: &[&str]) -> Result<(), Error> {
        let mut words = vec!["stop"];
        words.extend(units);
        systemctl(&words).map(drop)
    }

    /// The unit's state, at most a second old.
    pub fn state(&self, unit: &str) -> Result<State, Error> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let known = seen.states.contains_key(unit);
        if !known || seen.at.is_none_or(|at| at.elapsed() > FRESH) {
            let mut names: Vec<String> = seen.states.keys().cloned().collect();
            if !known {
                names.push(unit.to_owned());
            }
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let states = show(&names)?;
            for (name, state) in &states {
                seen.before.entry(name.clone()).or_insert_with(|| state.number("NRestarts"));
            }
            seen.states = states;
            seen.at = Some(Instant::now());
        }
        Ok(seen.states.get(unit).cloned().unwrap_or_default())
    }

    /// An error when the unit cannot be expected to come up any more.
    pub fn check(&self, unit: &str) -> Result<(), Error> {
        let state = self.state(unit)?;
        let before = self.seen.lock().unwrap_or_else(PoisonError::into_inner).before.get(unit).copied().unwrap_or(0);
        let looping = state.number("NRestarts").saturating_sub(before) >= RESTARTS;
        if !state.is_known() {
            return Err(Error::Unit { unit: unit.to_owned(), what: "systemd does not know it".to_owned() });
        }
        // Between the two halves of a restart, a unit that had to be killed is failed for a moment.
        let failed = state.get("ActiveState") == "failed" && matches!(state.get("Job"), "" | "0");
        if !failed && !looping {
            return Ok(());
        }
        Err(Error::Unit { unit: unit.to_owned(), what: reason(unit, &state) })
    }

    /// Forgets how often units were restarted so far: from now on counts.
    pub fn forget(&self) {
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Seen::default();
    }
}

/// `exit code 1: <the line in the journal that tells most>`.
fn reason(unit: &str, state: &State) -> String {
    let code = match (state.get("ExecMainCode"), state.get("ExecMainStatus")) {
        ("2" | "3", signal) => format!("killed by signal {signal}"),
        (_, "203") => "the program could not be started".to_owned(),
        (_, "0" | "") if state.get("Result") == "success" => "it does not stay up".to_owned(),
        (_, "0" | "") => state.get("Result").to_owned(),
        (_, status) => format!("exit code {status}"),
    };
    match journal(unit, 1500) {
        Ok(lines) => match telling_line(&lines) {
            Some(line) => format!("{code}: {line}"),
            None => code,
        },
        Err(_) => code,
    }
}

/// The unit's own last lines, without systemd's about it.
pub fn journal(unit: &str, lines: u32) -> Result<Vec<String>, Error> {
    let matches = format!("_SYSTEMD_UNIT={unit}");
    let count = lines.to_string();
    let text = command::run("journalctl", &["--no-pager", "-q", "-o", "cat", "-b", "-n", &count, &matches], LIMIT)?;
    Ok(text.lines().map(str::to_owned).collect())
}

/// The last `lines` lines of each of several units, oldest first, in one reading of the journal's end.
pub fn journals(units: &[&str], lines: usize) -> Result<BTreeMap<String, Vec<String>>, Error> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let limit = lines.to_string();
    for unit in units {
        // One unit that talks a lot must not crowd out the others.
        let matches = format!("_SYSTEMD_UNIT={unit}");
        let text = command::run("journalctl", &["--no-pager", "-q", "-o", "cat", "-b", "-n", &limit, &matches], Duration::from_secs(2))?;
        found.insert((*unit).to_owned(), text.lines().map(str::to_owned).collect());
    }
    Ok(found)
}

/// The line that ended the program if it says so (klog's `F…`), else the last that says error, else the last; lines of
/// stack traces and indented ones, such as usage text, tell nothing.
fn telling_line(lines: &[String]) -> Option<&str> {
    let trace = |line: &str| {
        line.starts_with([' ', '\t']) || line.starts_with("goroutine ") || line.starts_with("created by ") || line.contains("(0x")
    };
    let lines: Vec<&str> = lines.iter().map(|line| line.trim_end()).filter(|line| !line.is_empty() && !trace(line)).collect();
    let klog_fatal = |line: &&str| line.starts_with('F') && line.as_bytes().get(1..5).is_some_and(|d| d.iter().all(u8::is_ascii_digit));
    let says_error = |line: &&str| {
        let lower = line.to_ascii_lowercase();
        ["error", "fatal", "panic:", "failed", "cannot", "unable"].iter().any(|word| lower.contains(word))
    };
    let found = lines.iter().copied().rfind(klog_fatal).or_else(|| lines.iter().copied().rfind(says_error));
    found.or_else(|| lines.last().copied()).map(|line| line.get(..400).unwrap_or(line))
}

/// systemd itself may be away for a moment, while it reads its files again or goes down.
fn systemctl(words: &[&str]) -> Result<String, Error> {
    command::run("systemctl", words, LIMIT).map_err(|error| match error {
        Error::Command { what, .. } if ["endpoint", "onnection", "to bus", "timed out"].iter().any(|part| what.contains(part)) => {
            Error::Unreachable { peer: "systemd".to_owned(), what }
        }
        other => other,
    })
}

/// Asks systemd about units.
pub fn show(units: &[&str]) -> Result<BTreeMap<String, State>, Error> {
    let properties = format!("--property={PROPERTIES},NeedDaemonReload,Job");
    let mut words = vec!["show", "--timestamp=unix", &properties, "--"];
    words.extend(units);
    let text = systemctl(&words)?;
    let mut states = BTreeMap::new();
    for (block, asked) in text.split("\n\n").zip(units) {
        let pairs = block.lines().filter_map(|line| line.split_once('='));
        let properties: BTreeMap<String, String> = pairs.map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
        states.insert((*asked).to_owned(), State { properties });
    }
    Ok(states)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_journal_line_that_tells_most_is_picked() {
        let pick = |lines: &[&str]| telling_line(&lines.iter().map(|l| (*l).to_owned()).collect::<Vec<_>>()).unwrap_or("").to_owned();
        assert_eq!(
            pick(&[
                "starting",
                "F1123 05:00:00.1 1 server.go:1] unknown flag",
                "goroutine 1 [running]:",
                "main.main(0xc1, 0x2)",
                "\t/x.go:1",
                "created by main"
            ]),
            "F1123 05:00:00.1 1 server.go:1] unknown flag"
        );
        assert_eq!(pick(&["Error: bad flag", "Usage:", "  etcd [flags]", "", "more words"]), "Error: bad flag");
        assert_eq!(pick(&["panic: boom", "goroutine 7 [running]:", "error.fail(0xc0)", "created by errors.New"]), "panic: boom");
        assert_eq!(pick(&["one", "two", ""]), "two");
        assert_eq!(pick(&[]), "");
    }
}
