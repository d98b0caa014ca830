// SPDX-License-Identifier: Apache-2.0
//! `magnum-agent trace`: probes and captures for the doctor (docs/agent-trace.md).
//!
//! `open` leaves a process behind that captures until `close` asks it for what it saw, or until its time is over;
//! `send` sends probes. Each reads one JSON object (`magnum_path::wire`) and prints one, on one line.

mod capture;
mod containers;
mod counters;
mod decode;
mod drops;
mod namespace;
mod payload;
mod send;
mod watch;

use crate::report::{complain, say};
use magnum_path::wire::{Close, Opened};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

/// Holds the sockets of the traces that are open here.
const FOLDER: &str = "/run/magnum/trace";
/// A request is far smaller.
const MOST_INPUT: u64 = 1 << 20;
/// What begins a trace has limits that end before this.
const LONGEST_START: u16 = 10_000;
const LONGEST_CLOSE: Duration = Duration::from_secs(10);

/// Runs `open`, `send` or `close`. Exit codes: 0 answered (also with a reason why nothing could be seen), 1 failed, 2 wrong
/// usage or input.
pub fn main(words: &[&str]) -> ExitCode {
    let outcome = match words {
        ["open"] => text_of_input().and_then(|text| open(&text)),
        ["send"] => input().map(|request| answer(&send::send(&request))),
        ["close"] => input().and_then(|request| close(&request)),
        ["watch"] => input().map(|request| watch::watch(&request)),
        _ => Err(Failure::Usage("usage: magnum-agent trace open|send|close, with a JSON object on standard input".to_owned())),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Usage(text)) => {
            complain(&format!("magnum-agent: {text}"));
            ExitCode::from(2)
        }
        Err(Failure::Failed(text)) => {
            complain(&format!("magnum-agent: {text}"));
            ExitCode::FAILURE
        }
    }
}

enum Failure {
    Usage(String),
    Failed(String),
}

fn text_of_input() -> Result<String, Failure> {
    let mut text = String::new();
    let read = std::io::stdin().take(MOST_INPUT).read_to_string(&mut text);
    read.map(|_| text).map_err(|error| Failure::Usage(format!("standard input: {error}")))
}

fn input<T: DeserializeOwned>() -> Result<T, Failure> {
    parse(&text_of_input()?)
}

fn parse<T: DeserializeOwned>(text: &str) -> Result<T, Failure> {
    serde_json::from_str(text).map_err(|error| Failure::Usage(format!("standard input is not what it has to be: {error}")))
}

fn answer(value: &impl Serialize) {
    say(&serde_json::to_string(value).unwrap_or_default());
}

fn socket(nonce: u32) -> PathBuf {
    PathBuf::from(FOLDER).join(format!("{nonce}.sock"))
}

/// Starts the process that captures and passes its first line on. Nothing of this process stays open in it.
fn open(text: &str) -> Result<(), Failure> {
    parse::<magnum_path::wire::Open>(text)?;
    let failed = |error: std::io::Error| Failure::Failed(format!("cannot start the captures: {error}"));
    let mut child = Command::new("/proc/self/exe")
        .arg0("magnum-agent")
        .args(["trace", "watch"])
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(failed)?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(text.as_bytes()).map_err(failed)?;
    }
    let mut line = String::new();
    if let Some(stdout) = child.stdout.take() {
        let mut waited = [PollFd::new(stdout.as_fd(), PollFlags::POLLIN)];
        let ready = poll(&mut waited, PollTimeout::from(LONGEST_START)).map_err(|errno| failed(errno.into()))?;
        if ready > 0 {
            BufReader::new(stdout).read_line(&mut line).map_err(failed)?;
        }
    }
    if !line.ends_with('\n') {
        let _ = child.kill();
        let _ = child.wait();
        return Err(Failure::Failed("the captures did not start".to_owned()));
    }
    if parse::<Opened>(&line).is_ok_and(|opened| opened.blind.is_some()) {
        let _ = child.wait();
    }
    say(line.trim_end());
    Ok(())
}

/// Fetches what the process saw, and so ends it.
fn close(request: &Close) -> Result<(), Failure> {
    let gone = || Failure::Failed(format!("no trace {} is open here", request.nonce));
    let mut stream = UnixStream::connect(socket(request.nonce)).map_err(|_| gone())?;
    let mut text = String::new();
    let asked = stream
        .set_read_timeout(Some(LONGEST_CLOSE))
        .and_then(|()| stream.write_all(watch::CLOSE))
        .and_then(|()| stream.read_to_string(&mut text));
    match asked {
        Ok(_) if text.ends_with('\n') => {
            say(text.trim_end());
            Ok(())
        }
        Ok(_) => Err(gone()),
        Err(error) if matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset) => Err(gone()),
        Err(error) => Err(Failure::Failed(format!("trace {}: {error}", request.nonce))),
    }
}
