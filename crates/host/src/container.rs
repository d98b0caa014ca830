// SPDX-License-Identifier: Apache-2.0
//! LXC system containers: start, power off, a program inside. Whether one runs is read from the control groups of the
//! live processes, so it is true whatever happened to the process that started it.

use crate::cgroup::{self, Member};
use crate::{Ended, Error, Program, process};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long a container may take until its first process runs.
const START_LIMIT: Duration = Duration::from_secs(30);
/// How long the kernel may take to end a container's processes.
const END_LIMIT: Duration = Duration::from_secs(10);
/// How long a monitor may take to tidy up after its container.
const MONITOR_LIMIT: Duration = Duration::from_secs(2);

/// A container of this name, there or not.
#[derive(Debug, Clone)]
pub struct Container {
    folder: PathBuf,
    name: String,
}

/// Whether and how a container runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Running {
    No,
    /// Its first process, as seen from the host.
    Yes {
        init: i32,
    },
    /// Processes are left, but its monitor or its first process is gone, or about to be.
    Broken,
}

impl Container {
    /// `folder` is the one that holds all containers' folders.
    pub fn new(folder: impl Into<PathBuf>, name: impl Into<String>) -> Self {
        Self { folder: folder.into(), name: name.into() }
    }

    /// Its own folder.
    pub fn path(&self) -> PathBuf {
        self.folder.join(&self.name)
    }

    /// Its name, unique on the machine.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Starts it; answers when its first process runs. Its folder holds `config`.
    pub fn start(&self) -> Result<(), Error> {
        let log = self.path().join("lxc.log");
        crate::file::remove(&log)?;
        let program = self.program("lxc-start").args(["-d", "-l", "WARN", "-o"]).arg(&log).time_limit(START_LIMIT);
        program.run().map(drop).map_err(|error| with_log(error, &log))
    }

    /// Ends it as a power cut would: everything in it is killed, nothing is told. Also ends what is left of a
    /// container whose monitor has died, and removes its control groups.
    pub fn power_off(&self) -> Result<(), Error> {
        let members = |monitor: bool| -> Vec<i32> {
            cgroup::members(&self.name).into_iter().filter(|m| m.container == self.name && m.monitor == monitor).map(|m| m.pid).collect()
        };
        let monitors = members(true);
        // New processes can appear between looking and killing; the first process takes the rest with it.
        while let inside = members(false)
            && !inside.is_empty()
        {
            process::end(&inside, END_LIMIT)?;
        }
        if process::wait_gone(&monitors, MONITOR_LIMIT).is_err() {
            process::end(&monitors, END_LIMIT)?;
        }
        cgroup::remove(&self.name);
        Ok(())
    }

    /// Runs a program inside, through the kernel only: the container's network is not used.
    pub fn attach(&self, argv: &[String], stdin: &[u8], time_limit: Duration, max_output: usize) -> Result<Ended, Error> {
        let environment = ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LANG=C.UTF-8"];
        let mut program = self.program("lxc-attach").arg("--clear-env");
        for variable in environment {
            program = program.args(["-v", variable]);
        }
        program.arg("--").args(argv).stdin(stdin).time_limit(time_limit).max_output(max_output).end()
    }

    fn program(&self, name: &str) -> Program {
        Program::new(name).arg("-P").arg(&self.folder).args(["-n", &self.name])
    }
}

/// How the container of this name runs, given all [`cgroup::members`].
pub fn running(members: &[Member], container: &str) -> Running {
    let own: Vec<&Member> = members.iter().filter(|m| m.container == container).collect();
    let monitor = own.iter().find(|m| m.monitor).map(|m| m.pid);
    let init = own.iter().find(|m| !m.monitor && Some(m.parent) == monitor);
    match (init, own.iter().any(|m| !m.monitor)) {
        (Some(init), _) if init.dying => Running::Broken,
        (Some(init), _) => Running::Yes { init: init.pid },
        (None, true) => Running::Broken,
        (None, false) => Running::No,
    }
}

/// LXC prints only where to look; its log has the reason.
fn with_log(error: Error, log: &Path) -> Error {
    let text = crate::file::tail(log, 16 << 10).unwrap_or_default();
    let reason = text.lines().find(|l| l.contains(" ERROR ")).and_then(|l| l.rsplit_once(" - ")).map(|(_, reason)| reason.to_owned());
    match (error, reason) {
        (Error::Failed { program, status, .. }, Some(last_line)) => Error::Failed { program, status, last_line },
        (other, _) => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_container_runs_when_its_monitor_has_its_first_process() {
        let member = |pid, parent, monitor| Member { container: "c".to_owned(), pid, parent, monitor, dying: false };
        for (members, expected) in [
            (vec![], Running::No),
            (vec![member(10, 1, true)], Running::No),
            (vec![member(12, 11, false), member(11, 10, false), member(10, 1, true)], Running::Yes { init: 11 }),
            (vec![member(11, 1, false)], Running::Broken),
            (vec![member(10, 1, true), Member { dying: true, ..member(11, 10, false) }], Running::Broken),
        ] {
            assert_eq!(running(&members, "c"), expected);
        }
        assert_eq!(running(&[member(11, 1, false)], "other"), Running::No);
    }
}
