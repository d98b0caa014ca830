// SPDX-License-Identifier: Apache-2.0
//! Runs programs: argument lists, never a shell, always with a time limit.

use crate::Error;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// Where programs are looked for; nodes have no other places.
const PATH: [&str; 5] = ["/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/// The program's full path.
pub fn find(program: &str) -> Result<PathBuf, Error> {
    let found = PATH.iter().map(|folder| Path::new(folder).join(program)).find(|path| path.is_file());
    found.ok_or_else(|| Error::Missing(program.to_owned()))
}

/// Runs a program to its end and answers its standard output; anything but exit code 0 is an error with the last
/// line it wrote to standard error.
pub fn run(program: &str, arguments: &[&str], limit: Duration) -> Result<String, Error> {
    run_with_input(program, arguments, "", limit)
}

/// As [`run`], with `input` (at most a pipe's 64 KiB) on standard input.
pub fn run_with_input(program: &str, arguments: &[&str], input: &str, limit: Duration) -> Result<String, Error> {
    let output = capture(program, arguments, input, limit)?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let stderr = String::from_utf8_lossy(&output.stderr);
    let stdout = String::from_utf8_lossy(&output.stdout);
    let last = last_line(&stderr).or_else(|| last_line(&stdout)).unwrap_or("no message");
    Err(Error::Command { program: program.to_owned(), what: format!("{}: {last}", output.status) })
}

/// Runs a program and answers whatever became of it.
pub fn capture(program: &str, arguments: &[&str], input: &str, limit: Duration) -> Result<Output, Error> {
    let failed = |what: String| Error::Command { program: program.to_owned(), what };
    let mut child = Command::new(find(program)?)
        .args(arguments)
        .env_clear()
        .env("PATH", PATH.join(":"))
        .env("LC_ALL", "C.UTF-8")
        .process_group(0)
        .stdin(if input.is_empty() { Stdio::null() } else { Stdio::piped() })
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| failed(format!("cannot start: {error}")))?;
    if let Some(mut stdin) = child.stdin.take() {
        // A program that does not read its input tells why in its exit code.
        let _ = stdin.write_all(input.as_bytes());
    }
    let pid = i32::try_from(child.id()).map_err(|_| failed("process id out of range".to_owned()))?;
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || sender.send(child.wait_with_output()));
    match receiver.recv_timeout(limit) {
        Ok(output) => output.map_err(|error| failed(error.to_string())),
        Err(_) => {
            let _ = killpg(Pid::from_raw(pid), Signal::SIGKILL);
            Err(failed(format!("timed out after {} s", limit.as_secs())))
        }
    }
}

fn last_line(text: &str) -> Option<&str> {
    text.lines().map(str::trim).rfind(|line| !line.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    #[test]
    fn a_program_gets_its_words_as_they_are_and_its_last_word_is_the_reason() {
        assert_eq!(run("echo", &["$(id)", "a b"], Duration::from_secs(5)).unwrap(), "$(id) a b\n");
        assert_eq!(run_with_input("cat", &[], "in", Duration::from_secs(5)).unwrap(), "in");
        let error = run("ls", &["/does/not/exist"], Duration::from_secs(5)).unwrap_err();
        assert!(error.to_string().contains("/does/not/exist"), "{error}");
        assert!(matches!(run("no-such-program", &[], Duration::from_secs(1)), Err(Error::Missing(_))));
    }

    #[test]
    fn a_program_that_hangs_is_ended() {
        let begin = Instant::now();
        let error = run("sleep", &["30"], Duration::from_millis(100)).unwrap_err();
        assert!(error.to_string().contains("timed out"), "{error}");
        assert!(begin.elapsed() < Duration::from_secs(5));
    }
}
