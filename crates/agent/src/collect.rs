// SPDX-License-Identifier: Apache-2.0
//! `magnum-agent collect`: what this node can see of itself, as JSON Lines (docs/agent-collect.md).
//!
//! A collector is one file in `src/collectors/` with a `pub static COLLECTOR`; `build.rs` finds it. Each runs in its own
//! thread against its own limit, and its line is printed the moment it is there: whoever stops reading early keeps what
//! came. Collectors look and never change anything.

use crate::command;
use crate::error::Error;
use crate::report::{complain, now};
use serde_json::{Value, json};
use std::io::Write;
use std::process::ExitCode;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};
use std::{panic, thread};

/// One way of looking.
pub struct Collector {
    pub name: &'static str,
    /// After this long its line says that it did not end.
    pub limit: Duration,
    pub run: fn() -> Result<Value, Error>,
}

mod collectors {
    use crate::collect::Collector;
    include!(concat!(env!("OUT_DIR"), "/collectors.rs"));
}

/// Runs the named collectors, or `all`.
pub fn main(names: &[&str]) -> ExitCode {
    let all = names == ["all"];
    let chosen: Vec<&'static Collector> = collectors::ALL.iter().copied().filter(|one| all || names.contains(&one.name)).collect();
    if let Some(unknown) = names.iter().find(|name| !all && !collectors::ALL.iter().any(|one| one.name == **name)) {
        let known: Vec<&str> = collectors::ALL.iter().map(|one| one.name).collect();
        complain(&format!("magnum-agent: no collector {unknown:?}; there are {}", known.join(", ")));
        return ExitCode::from(2);
    }
    print_all(&chosen, &mut std::io::stdout());
    ExitCode::SUCCESS
}

/// What a program prints as JSON; nothing printed is an empty list.
pub fn json_of(program: &str, words: &[&str]) -> Result<Value, Error> {
    let text = command::run(program, words, Duration::from_secs(5))?;
    if text.trim().is_empty() {
        return Ok(json!([]));
    }
    serde_json::from_str(&text).map_err(|error| Error::Answer { peer: program.to_owned(), what: error.to_string() })
}

fn print_all(chosen: &[&'static Collector], out: &mut impl Write) {
    let begin = Instant::now();
    let at = now();
    let (sender, receiver) = channel();
    for (index, one) in chosen.iter().copied().enumerate() {
        let sender = sender.clone();
        let work = move || {
            let outcome = panic::catch_unwind(one.run).unwrap_or_else(|_| Err(Error::Spec("this collector has a fault".to_owned())));
            sender.send((index, outcome, begin.elapsed()))
        };
        let builder = thread::Builder::new().name(one.name.to_owned()).stack_size(512 << 10);
        drop(builder.spawn(work));
    }
    drop(sender);
    let mut open: Vec<Option<&'static Collector>> = chosen.iter().copied().map(Some).collect();
    while open.iter().any(Option::is_some) {
        let next = open.iter().flatten().map(|one| one.limit).min().unwrap_or_default();
        match receiver.recv_timeout(next.saturating_sub(begin.elapsed())) {
            Ok((index, outcome, took)) => {
                if let Some(one) = open.get_mut(index).and_then(Option::take) {
                    print(out, one.name, &at, outcome.map_err(|error| error.chain()), took);
                }
            }
            // All threads have ended: those still open could not start or died.
            Err(RecvTimeoutError::Disconnected) => {
                open.iter_mut()
                    .filter_map(Option::take)
                    .for_each(|one| print(out, one.name, &at, Err("could not be run".to_owned()), begin.elapsed()));
            }
            Err(RecvTimeoutError::Timeout) => {
                let late = open.iter_mut().filter(|one| one.is_some_and(|one| one.limit <= begin.elapsed()));
                for one in late.filter_map(Option::take) {
                    print(out, one.name, &at, Err(format!("timed out after {} s", one.limit.as_secs_f32())), begin.elapsed());
                }
            }
        }
    }
}

fn print(out: &mut impl Write, name: &str, at: &str, outcome: Result<Value, String>, took: Duration) {
    let ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    let line = match outcome {
        Ok(value) => json!({"name": name, "at": at, "ok": true, "value": value, "ms": ms}),
        Err(error) => json!({"name": name, "at": at, "ok": false, "error": error, "ms": ms}),
    };
    let _ = writeln!(out, "{line}");
    let _ = out.flush();
}

#[cfg(test)]
mod tests {
    use super::*;

    static QUICK: Collector = Collector { name: "quick", limit: Duration::from_secs(5), run: || Ok(json!(1)) };
    static BAD: Collector = Collector { name: "bad", limit: Duration::from_secs(5), run: || Err(Error::Spec("no".to_owned())) };
    static DEAD: Collector = Collector { name: "dead", limit: Duration::from_secs(5), run: || panic!("dies") };
    static SLOW: Collector = Collector {
        name: "slow",
        limit: Duration::from_millis(100),
        run: || {
            thread::sleep(Duration::from_secs(20));
            Ok(json!(2))
        },
    };

    #[test]
    fn one_that_hangs_fails_or_dies_stops_no_other() {
        let begin = Instant::now();
        let mut out = Vec::new();
        print_all(&[&SLOW, &BAD, &DEAD, &QUICK], &mut out);
        assert!(begin.elapsed() < Duration::from_secs(15));
        let mut lines: Vec<Value> = String::from_utf8(out).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        lines.sort_by_key(|line| line["name"].as_str().unwrap().to_owned());
        let seen: Vec<_> = lines.iter().map(|line| (line["name"].as_str().unwrap(), line["ok"].as_bool().unwrap())).collect();
        assert_eq!(seen, [("bad", false), ("dead", false), ("quick", true), ("slow", false)]);
        assert!(lines[3]["error"].as_str().unwrap().contains("timed out"));
    }

    #[test]
    fn every_documented_collector_exists() {
        let page = include_str!("../../../docs/agent-collect.md");
        let documented: Vec<&str> =
            page.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`')).map(|(name, _)| name).collect();
        for one in collectors::ALL {
            assert!(documented.contains(&one.name), "{} is not in docs/agent-collect.md", one.name);
        }
        assert_eq!(documented.len() - 4, collectors::ALL.len(), "four of the rows describe the line itself");
    }
}
