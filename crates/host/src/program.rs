// SPDX-License-Identifier: Apache-2.0
//! Other programs: started with an argument list (never a shell), a time limit, a limit on their output, and a clean
//! environment. A program that overruns its time is killed with all its children.

use crate::Error;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use std::ffi::{OsStr, OsString};
use std::io::{Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

/// Where programs are looked for, whatever `PATH` this process was given.
pub const SEARCH_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// How long output may still arrive after the program itself has ended.
const OUTPUT_GRACE: Duration = Duration::from_millis(200);

/// A program about to be run.
#[derive(Debug, Clone)]
pub struct Program {
    name: String,
    arguments: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
    folder: Option<PathBuf>,
    stdin: Vec<u8>,
    time_limit: Duration,
    max_output: usize,
}

/// How a program ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// None when a signal ended it.
    pub code: Option<i32>,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
    /// It was killed at its time limit.
    pub timed_out: bool,
    /// Some output was dropped.
    pub truncated: bool,
}

/// The program's path, or None when it is not installed.
pub fn find(name: &str) -> Option<PathBuf> {
    if name.contains('/') {
        return Some(PathBuf::from(name)).filter(|p| p.is_file());
    }
    SEARCH_PATH.split(':').map(|folder| Path::new(folder).join(name)).find(|p| p.is_file())
}

impl Program {
    /// `name` with no arguments, no input, ten seconds and a mebibyte of output.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            arguments: Vec::new(),
            environment: Vec::new(),
            folder: None,
            stdin: Vec::new(),
            time_limit: Duration::from_secs(10),
            max_output: 1 << 20,
        }
    }

    /// One more argument.
    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.arguments.push(argument.as_ref().to_owned());
        self
    }

    /// More arguments.
    pub fn args<S: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = S>) -> Self {
        self.arguments.extend(arguments.into_iter().map(|a| a.as_ref().to_owned()));
        self
    }

    /// An environment variable beside `PATH` and `LC_ALL`; nothing is inherited.
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.environment.push((name.as_ref().to_owned(), value.as_ref().to_owned()));
        self
    }

    /// The folder to run in.
    pub fn folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = Some(folder.into());
        self
    }

    /// What the program reads.
    pub fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = bytes.into();
        self
    }

    /// When it is killed.
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.time_limit = limit;
        self
    }

    /// Bytes kept of each of its outputs.
    pub fn max_output(mut self, bytes: usize) -> Self {
        self.max_output = bytes;
        self
    }

    /// Runs it and answers its output; any exit code but 0 is an error with the last line of its error output.
    pub fn run(self) -> Result<Vec<u8>, Error> {
        self.run_watched(&mut |_| {})
    }

    /// As [`Program::run`], showing every piece of its output as it comes.
    pub fn run_watched(self, watch: &mut dyn FnMut(&[u8])) -> Result<Vec<u8>, Error> {
        let (name, seconds) = (self.name.clone(), self.time_limit.as_secs());
        let ended = self.watched(watch)?;
        if ended.timed_out {
            return Err(Error::TimedOut { program: name, seconds });
        }
        match ended.code {
            Some(0) => Ok(ended.stdout),
            code => {
                let status = code.map_or_else(|| "a signal".to_owned(), |c| format!("exit code {c}"));
                Err(Error::Failed { program: name, status, last_line: last_line(&ended.stderr, &ended.stdout) })
            }
        }
    }

    /// Runs it to whatever end.
    pub fn end(self) -> Result<Ended, Error> {
        self.watched(&mut |_| {})
    }

    fn watched(self, watch: &mut dyn FnMut(&[u8])) -> Result<Ended, Error> {
        let path = find(&self.name).ok_or_else(|| Error::NotInstalled { program: self.name.clone() })?;
        let mut command = Command::new(path);
        command.args(&self.arguments).env_clear().env("PATH", SEARCH_PATH).env("LC_ALL", "C.UTF-8");
        command.envs(self.environment.iter().map(|(k, v)| (k, v))).process_group(0);
        command.stdin(if self.stdin.is_empty() { Stdio::null() } else { Stdio::piped() }).stdout(Stdio::piped()).stderr(Stdio::piped());
        if let Some(folder) = &self.folder {
            command.current_dir(folder);
        }
        let mut child = command.spawn().map_err(|source| Error::Start { program: self.name.clone(), source })?;
        let group = Pid::from_raw(child.id() as i32);
        let (sender, events) = mpsc::channel();
        if let Some(mut pipe) = child.stdin.take() {
            let bytes = self.stdin;
            spawn(move || drop(pipe.write_all(&bytes)))?;
        }
        let mut open = 0;
        if let Some(pipe) = child.stdout.take() {
            open += 1;
            read(pipe, false, sender.clone())?;
        }
        if let Some(pipe) = child.stderr.take() {
            open += 1;
            read(pipe, true, sender.clone())?;
        }
        spawn(move || drop(child.wait().map(|status| sender.send(Event::Exit(status)))))?;
        Ok(collect(&events, open, group, self.time_limit, self.max_output, watch))
    }
}

enum Event {
    Output { error: bool, bytes: Vec<u8> },
    Closed,
    Exit(ExitStatus),
}

fn collect(
    events: &mpsc::Receiver<Event>,
    mut open: usize,
    group: Pid,
    limit: Duration,
    max: usize,
    watch: &mut dyn FnMut(&[u8]),
) -> Ended {
    let mut ended = Ended { code: None, stdout: Vec::new(), stderr: Vec::new(), timed_out: false, truncated: false };
    let mut deadline = Instant::now() + limit;
    let mut exit: Option<ExitStatus> = None;
    while open > 0 || exit.is_none() {
        match events.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(Event::Output { error, bytes }) => {
                watch(&bytes);
                let kept = if error { &mut ended.stderr } else { &mut ended.stdout };
                let room = max.saturating_sub(kept.len());
                ended.truncated |= bytes.len() > room;
                kept.extend(bytes.iter().take(room));
            }
            Ok(Event::Closed) => open -= 1,
            Ok(Event::Exit(status)) => {
                exit = Some(status);
                deadline = deadline.min(Instant::now() + OUTPUT_GRACE);
            }
            Err(RecvTimeoutError::Timeout) if exit.is_some() || ended.timed_out => break,
            Err(RecvTimeoutError::Timeout) => {
                // An error means that the group is gone already: its exit is on its way.
                let _ = killpg(group, Signal::SIGKILL);
                ended.timed_out = true;
                deadline = Instant::now() + Duration::from_secs(1);
            }
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    if !ended.timed_out {
        ended.code = exit.and_then(|status| status.code().or_else(|| status.signal().is_none().then_some(1)));
    }
    ended
}

fn read(mut pipe: impl Read + Send + 'static, error: bool, sender: mpsc::Sender<Event>) -> Result<(), Error> {
    spawn(move || {
        let mut buffer = vec![0; 16 << 10];
        while let Ok(count) = pipe.read(&mut buffer) {
            let bytes: Vec<u8> = buffer.iter().take(count).copied().collect();
            if count == 0 || sender.send(Event::Output { error, bytes }).is_err() {
                break;
            }
        }
        let _ = sender.send(Event::Closed);
    })
}

fn spawn(work: impl FnOnce() + Send + 'static) -> Result<(), Error> {
    std::thread::Builder::new().spawn(work).map(drop).map_err(|_| Error::Thread)
}

/// The last line with text, of the error output if it has any.
fn last_line(stderr: &[u8], stdout: &[u8]) -> String {
    let line = |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes);
        text.lines().map(str::trim).rfind(|l| !l.is_empty()).map(|l| l.chars().take(300).collect::<String>())
    };
    line(stderr).or_else(|| line(stdout)).unwrap_or_else(|| "no output".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(script: &str) -> Program {
        Program::new("sh").args(["-c", script])
    }

    #[test]
    fn a_failure_says_program_code_and_last_line() {
        let error = sh("echo first >&2; echo 'no such link' >&2; exit 3").run().unwrap_err();
        assert_eq!(error.to_string(), "sh ended with exit code 3: no such link");
        assert_eq!(sh("kill -9 $$").run().unwrap_err().to_string(), "sh ended with a signal: no output");
        assert_eq!(Program::new("no-such-program").run().unwrap_err().to_string(), "no-such-program is not installed");
    }

    #[test]
    fn input_goes_in_and_output_comes_out_up_to_its_limit() {
        assert_eq!(Program::new("cat").stdin("x".repeat(300_000)).run().unwrap().len(), 300_000);
        let ended = Program::new("cat").stdin("abcdef").max_output(4).end().unwrap();
        assert_eq!((ended.stdout.as_slice(), ended.truncated), (b"abcd".as_slice(), true));
    }

    #[test]
    fn an_overrun_ends_the_program_and_its_children() {
        let started = Instant::now();
        let ended = sh("sleep 60 & sleep 60").time_limit(Duration::from_millis(100)).end().unwrap();
        assert!(ended.timed_out && ended.code.is_none());
        assert!(started.elapsed() < Duration::from_secs(5));
    }

    #[test]
    fn a_daemon_that_keeps_the_pipe_open_does_not_hold_us() {
        let started = Instant::now();
        let ended = sh("sleep 3 & echo up").end().unwrap();
        assert_eq!((ended.code, ended.stdout.as_slice()), (Some(0), b"up\n".as_slice()));
        assert!(started.elapsed() < Duration::from_secs(2));
    }

    #[test]
    fn nothing_of_our_environment_is_passed_on() {
        let output = Program::new("env").env("ONLY", "this").run().unwrap();
        let text = String::from_utf8(output).unwrap();
        assert_eq!(text.lines().count(), 3, "{text}");
    }
}
