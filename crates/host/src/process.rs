// SPDX-License-Identifier: Apache-2.0
//! Processes of others: found by what the kernel says about them, ended by id, never by name.

use crate::Error;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, Instant};

/// How often a process that was told to end is looked at.
const LOOK_AGAIN: Duration = Duration::from_millis(2);

/// The ids of all processes.
pub fn all() -> Vec<i32> {
    fs::read_dir("/proc").into_iter().flatten().flatten().filter_map(|e| e.file_name().to_str()?.parse().ok()).collect()
}

/// Whether the process is there and not merely waiting to be reaped.
pub fn is_alive(pid: i32) -> bool {
    stat(pid).is_some_and(|s| !matches!(s.state, 'Z' | 'X'))
}

/// The daemon whose id is in `pid_file`, if it is alive and was started with `argument`: an id that was reused by
/// another program is nobody.
pub fn daemon(pid_file: &Path, argument: &str) -> Option<i32> {
    let pid: i32 = fs::read_to_string(pid_file).ok()?.trim().parse().ok()?;
    (is_alive(pid) && command_line(pid).iter().any(|a| a == argument)).then_some(pid)
}

/// The argument list of a process.
pub fn command_line(pid: i32) -> Vec<String> {
    let bytes = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    bytes.split(|b| *b == 0).filter(|a| !a.is_empty()).map(|a| String::from_utf8_lossy(a).into_owned()).collect()
}

/// The processes whose network namespace is `namespace`.
pub fn in_network_namespace(namespace: &crate::Namespace) -> Vec<i32> {
    let Ok(wanted) = fs::metadata(namespace.path()).map(|m| (m.dev(), m.ino())) else { return Vec::new() };
    let inside = |pid: &i32| fs::metadata(format!("/proc/{pid}/ns/net")).is_ok_and(|m| (m.dev(), m.ino()) == wanted);
    all().into_iter().filter(inside).collect()
}

/// Kills the processes and waits until they are gone.
pub fn end(pids: &[i32], limit: Duration) -> Result<(), Error> {
    for pid in pids {
        // An error means that it is gone already.
        let _ = kill(Pid::from_raw(*pid), Signal::SIGKILL);
    }
    wait_gone(pids, limit)
}

/// Waits until none of the processes is alive.
pub fn wait_gone(pids: &[i32], limit: Duration) -> Result<(), Error> {
    let deadline = Instant::now() + limit;
    while let Some(pid) = pids.iter().copied().find(|p| is_alive(*p)) {
        if Instant::now() > deadline {
            return Err(Error::Unkillable { pid, seconds: limit.as_secs() });
        }
        std::thread::sleep(LOOK_AGAIN);
    }
    Ok(())
}

/// What the kernel says about a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stat {
    pub state: char,
    pub parent: i32,
    /// It is on its way out and will not run again.
    pub exiting: bool,
}

/// The kernel's flag for a process that has begun to end (`PF_EXITING`).
const EXITING: u64 = 0x4;

/// Whether the process will be gone in a moment: it has begun to end, or was sent `SIGKILL` and has not met it yet.
pub fn is_dying(pid: i32) -> bool {
    let killed = |status: String| status.lines().any(is_killed);
    stat(pid).is_none_or(|s| s.exiting) || fs::read_to_string(format!("/proc/{pid}/status")).map_or(true, killed)
}

/// A line of `/proc/<pid>/status` with `SIGKILL` (the ninth bit) among the waiting signals.
fn is_killed(line: &str) -> bool {
    let waiting = line.strip_prefix("SigPnd:").or_else(|| line.strip_prefix("ShdPnd:"));
    waiting.and_then(|bits| u64::from_str_radix(bits.trim(), 16).ok()).is_some_and(|bits| bits & (1 << 8) != 0)
}

/// Reads `/proc/<pid>/stat`.
pub fn stat(pid: i32) -> Option<Stat> {
    parse_stat(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

fn parse_stat(text: &str) -> Option<Stat> {
    let mut fields = text.get(text.rfind(')')? + 1..)?.split_whitespace();
    let (state, parent) = (fields.next()?.chars().next()?, fields.next()?.parse().ok()?);
    // Group, session, terminal and its group lie between.
    let flags: u64 = fields.nth(4).and_then(|flags| flags.parse().ok()).unwrap_or(0);
    Some(Stat { state, parent, exiting: flags & EXITING != 0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_brackets_do_not_confuse() {
        assert_eq!(parse_stat("12 (a) R 1 (x)) S 7 12 12 0"), Some(Stat { state: 'S', parent: 7, exiting: false }));
        assert_eq!(parse_stat("nonsense"), None);
    }

    #[test]
    fn a_process_that_was_killed_is_dying_before_it_is_dead() {
        assert_eq!(parse_stat("1 (x) R 7 1 1 0 -1 4194560 0"), Some(Stat { state: 'R', parent: 7, exiting: false }));
        assert!(parse_stat("1 (x) R 7 1 1 0 -1 4194564 0").unwrap().exiting);
        assert!(is_killed("SigPnd:\t0000000000000100") && is_killed("ShdPnd:\t0000000000000100"));
        assert!(!is_killed("SigPnd:\t0000000000000200") && !is_killed("SigCgt:\t0000000000000100"));
        assert!(!is_dying(i32::try_from(std::process::id()).unwrap()), "this very process lives");
        assert!(is_dying(i32::MAX), "what is not there does not come back");
    }

    #[test]
    fn a_daemon_is_its_pid_file_and_its_argument() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pid");
        fs::write(&file, std::process::id().to_string()).unwrap();
        let own = command_line(std::process::id() as i32);
        assert_eq!(daemon(&file, &own[0]), Some(std::process::id() as i32));
        assert_eq!(daemon(&file, "another program's argument"), None);
    }
}
