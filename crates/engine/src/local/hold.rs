// SPDX-License-Identifier: Apache-2.0
//! Who works on what: one piece of work per cluster at a time, and one on the external network, among all threads of all
//! processes that share a state directory. A process that dies gives up what it held.

use crate::Error;
use crate::local::failed;
use crate::local::machine::Machine;
use magnum_host::{file, process};
use magnum_types::ClusterId;
use nix::fcntl::Flock;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The folder of the locks in the state directory.
const LOCKS: &str = "locks";
/// How long one piece of work may have another wait; more is a hang.
const CLUSTER_LIMIT: Duration = Duration::from_secs(180);
const EXTERNAL_LIMIT: Duration = Duration::from_secs(60);
/// How long containers that a killed process was starting may take.
const START_LIMIT: Duration = Duration::from_secs(30);

/// What is held, until it is dropped.
#[derive(Debug)]
pub(crate) struct Held {
    lock: Flock<File>,
    path: PathBuf,
}

impl Held {
    /// Holds the external network of a state directory, and with it the list of clusters on this machine.
    pub fn external(state_dir: &Path) -> Result<Self, Error> {
        Self::take(state_dir.join(LOCKS).join("external"), EXTERNAL_LIMIT, "external network")
    }

    /// Waits for `path`; `what` is told when the wait is in vain.
    fn take(path: PathBuf, limit: Duration, what: &str) -> Result<Self, Error> {
        let folder = path.parent().unwrap_or(Path::new("/"));
        file::folder(folder, 0o700).map_err(failed("state directory"))?;
        let lock = file::lock(&path, limit).map_err(failed(what))?;
        let lock = lock.ok_or_else(|| Error::Resource {
            resource: what.to_owned(),
            what: format!("other work on it has not ended within {} s", limit.as_secs()),
        })?;
        Ok(Self { lock, path })
    }

    /// Writes down who holds it; answers whether the one before was somebody else.
    fn sign(&mut self, name: &str) -> Result<bool, Error> {
        let path = self.path.clone();
        let mut attempt = || -> std::io::Result<bool> {
            let file: &mut File = &mut self.lock;
            let mut before = String::new();
            file.seek(SeekFrom::Start(0))?;
            file.read_to_string(&mut before)?;
            if before == name {
                return Ok(false);
            }
            file.set_len(0)?;
            file.seek(SeekFrom::Start(0))?;
            file.write_all(name.as_bytes())?;
            Ok(!before.is_empty())
        };
        attempt().map_err(|error| failed("cluster")(magnum_host::Error::file("sign", &path, error)))
    }

    /// The lock is not needed any more: what it was for is gone.
    pub fn remove(self) -> Result<(), Error> {
        file::remove(&self.path).map_err(failed("state directory"))
    }
}

impl Machine {
    /// Holds the cluster. When another process worked on it last, what that one was starting has started.
    pub fn hold(&self, cluster: ClusterId) -> Result<Held, Error> {
        let names = self.names(cluster);
        let mut held = Held::take(self.config.state_dir.join(LOCKS).join(names.short()), CLUSTER_LIMIT, "cluster")?;
        if held.sign(&self.holder)? {
            self.await_starting(&names.node_prefix())?;
        }
        Ok(held)
    }

    /// Holds the external network, and with it the list of clusters on this machine.
    pub fn hold_external(&self) -> Result<Held, Error> {
        Held::external(&self.config.state_dir)
    }

    /// Waits for containers that a killed process was just starting: they are neither running nor stopped.
    fn await_starting(&self, prefix: &str) -> Result<(), Error> {
        let folder = self.containers_dir().display().to_string();
        let starting = |pid: &i32| {
            let arguments = process::command_line(*pid);
            let of_cluster = || arguments.iter().any(|argument| argument.starts_with(prefix));
            arguments.first().is_some_and(|a| a.ends_with("lxc-start")) && arguments.contains(&folder) && of_cluster()
        };
        let pids: Vec<i32> = process::all().into_iter().filter(starting).collect();
        process::wait_gone(&pids, START_LIMIT).map_err(failed("containers"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_holder_at_a_time_and_the_next_learns_who_was_before() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("locks/x");
        let take = |limit| Held::take(path.clone(), limit, "cluster");
        let mut held = take(CLUSTER_LIMIT).unwrap();
        assert!(!held.sign("a").unwrap(), "nobody before");
        let text = take(Duration::from_millis(1)).unwrap_err().to_string();
        assert_eq!(text, "cluster: other work on it has not ended within 0 s");
        drop(held);
        assert!(!take(CLUSTER_LIMIT).unwrap().sign("a").unwrap(), "oneself before");
        assert!(take(CLUSTER_LIMIT).unwrap().sign("longer").unwrap(), "another before");
        assert!(take(CLUSTER_LIMIT).unwrap().sign("b").unwrap(), "another before");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "b");
        take(CLUSTER_LIMIT).unwrap().remove().unwrap();
        assert!(!path.exists());
    }
}
