// SPDX-License-Identifier: Apache-2.0
//! Why the kernel drops packets: its `kfree_skb` events, in a trace instance of our own.
//!
//! The file system that they are in is mounted where nobody else sees it, and goes with this process.

use crate::trace::namespace;
use magnum_path::wire::Drop as Dropped;
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The kernel makes this empty folder for it.
const TRACEFS: &str = "/sys/kernel/tracing";
const PREFIX: &str = "magnum-";
const EVENT: &str = "events/skb/kfree_skb/enable";
/// Per processor; about ten thousand drops.
const BUFFER_KIB: &str = "1024";
/// Long after the last of a trace that ends as it should.
const LEFT_BEHIND: Duration = Duration::from_secs(120);
const MOST: usize = 200;

/// Events that are being written down. Dropping it removes its instance.
pub struct Drops {
    instance: PathBuf,
}

/// Mounts the file system for this process alone. Call it before there are other threads.
pub fn prepare() -> Result<(), String> {
    let failed = |what: &str, errno: nix::errno::Errno| format!("{what}: {}", errno.desc());
    if !Path::new(TRACEFS).is_dir() {
        return Err("this kernel tells no reasons".to_owned());
    }
    unshare(CloneFlags::CLONE_NEWNS).map_err(|errno| failed("no mounts of its own", errno))?;
    let nothing: Option<&str> = None;
    mount(nothing, "/", nothing, MsFlags::MS_REC | MsFlags::MS_SLAVE, nothing).map_err(|errno| failed("no mounts of its own", errno))?;
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    mount(Some("tracefs"), TRACEFS, Some("tracefs"), flags, nothing).map_err(|errno| failed("tracefs cannot be mounted", errno))
}

impl Drops {
    /// Begins, after [`prepare`]. Several nodes may be on one kernel, so the name is of this node's network namespace too.
    pub fn start(nonce: u32) -> Result<Self, String> {
        let instances = Path::new(TRACEFS).join("instances");
        sweep(&instances);
        let node = namespace::own().map(|(_, inode)| inode).unwrap_or_default();
        let drops = Self { instance: instances.join(format!("{PREFIX}{nonce}-{node}")) };
        let failed = |error: io::Error| format!("no kernel trace: {error}");
        fs::create_dir(&drops.instance).map_err(failed)?;
        fs::write(drops.instance.join("buffer_size_kb"), BUFFER_KIB).map_err(failed)?;
        fs::write(drops.instance.join(EVENT), "1").map_err(failed)?;
        Ok(drops)
    }

    /// Stops writing down, and counts. Taking the events back, which takes the kernel long, is left to the end.
    pub fn end(&self) -> Vec<Dropped> {
        let _ = fs::write(self.instance.join("tracing_on"), "0");
        fs::File::open(self.instance.join("trace")).map(|file| count(BufReader::new(file))).unwrap_or_default()
    }
}

impl Drop for Drops {
    fn drop(&mut self) {
        remove(&self.instance);
    }
}

fn remove(instance: &Path) {
    let _ = fs::write(instance.join(EVENT), "0");
    let _ = fs::remove_dir(instance);
}

/// Removes what traces that were killed left in the kernel.
fn sweep(instances: &Path) {
    for entry in fs::read_dir(instances).into_iter().flatten().flatten() {
        let old = entry.metadata().and_then(|found| found.modified()).is_ok_and(|at| at.elapsed().is_ok_and(|age| age > LEFT_BEHIND));
        if old && entry.file_name().to_string_lossy().starts_with(PREFIX) {
            remove(&entry.path());
        }
    }
}

fn count(lines: impl BufRead) -> Vec<Dropped> {
    let mut counts: BTreeMap<(String, String), u32> = BTreeMap::new();
    for line in lines.lines().map_while(Result::ok) {
        if let Some(place) = place(&line) {
            *counts.entry(place).or_default() += 1;
        }
    }
    let mut drops: Vec<Dropped> = counts.into_iter().map(|((location, reason), count)| Dropped { location, reason, count }).collect();
    drops.sort_by_key(|one| std::cmp::Reverse(one.count));
    drops.truncate(MOST);
    drops
}

/// Function and reason of `… kfree_skb: … location=nft_do_chain+0x3c/0x5a0 [nf_tables] reason: NETFILTER_DROP`.
fn place(line: &str) -> Option<(String, String)> {
    let (_, event) = line.split_once(" kfree_skb: ")?;
    let (_, rest) = event.split_once("location=")?;
    let (location, reason) = rest.split_once(" reason: ")?;
    let function = location.split(['+', ' ']).next()?;
    Some((function.to_owned(), reason.trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drops_are_counted_by_function_and_reason() {
        let text = "# tracer: nop\n#\n#           TASK-PID     CPU#  |||||  TIMESTAMP  FUNCTION\n\
            ping-1 [000] b.s3.  1.1: kfree_skb: skbaddr=00000000e5a84f3e rx_sk=0000000000000000 protocol=2048 location=unix_release_sock+0x1/0x2 reason: SOCKET_CLOSE\n\
            ping-1 [000] b.s3.  1.2: kfree_skb: skbaddr=00000000e5a84f3e protocol=2048 location=nft_do_chain+0x1/0x2 [nf_tables] reason: NETFILTER_DROP\n\
            ping-1 [001] b.s3.  1.3: kfree_skb: skbaddr=00000000e5a84f3e protocol=2048 location=nft_do_chain+0x1/0x2 [nf_tables] reason: NETFILTER_DROP\n\
            CPU:1 [LOST 3 EVENTS]\n";
        let counted: Vec<_> =
            count(text.as_bytes()).into_iter().map(|one| format!("{} {} {}", one.location, one.reason, one.count)).collect();
        assert_eq!(counted, ["nft_do_chain NETFILTER_DROP 2", "unix_release_sock SOCKET_CLOSE 1"]);
    }
}
