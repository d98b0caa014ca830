// SPDX-License-Identifier: Apache-2.0
//! Control groups: which layout the machine has, which processes belong to which container, and the removal of what
//! a killed container monitor left behind.

use nix::sys::statfs::{CGROUP2_SUPER_MAGIC, statfs};
use std::fs;
use std::path::{Path, PathBuf};

const ROOT: &str = "/sys/fs/cgroup";
const PAYLOAD: &str = "lxc.payload.";
const MONITOR: &str = "lxc.monitor.";
const PIVOT: &str = "lxc.pivot.";

/// The two layouts of control groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// A hierarchy per controller.
    V1,
    /// One hierarchy.
    V2,
}

impl Layout {
    /// What this machine has. With both mounted, the controllers are in version 1.
    pub fn detect() -> Self {
        match statfs(ROOT) {
            Ok(s) if s.filesystem_type() == CGROUP2_SUPER_MAGIC => Layout::V2,
            _ => Layout::V1,
        }
    }
}

/// A live process of a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    pub container: String,
    pub pid: i32,
    pub parent: i32,
    /// It is the container's monitor, outside; else it runs inside.
    pub monitor: bool,
    /// It was killed, and is there only until the kernel has dealt with it.
    pub dying: bool,
}

/// The names of a container's own groups: what it runs in, its monitor, and where its monitor moves to at the end.
pub fn group_names(container: &str) -> [String; 3] {
    [format!("{PAYLOAD}{container}"), format!("{MONITOR}{container}"), format!("{PIVOT}{container}")]
}

/// All live processes of containers whose name begins with `prefix`.
pub fn members(prefix: &str) -> Vec<Member> {
    let mut members = Vec::new();
    for pid in crate::process::all() {
        let Some((container, monitor)) = fs::read_to_string(format!("/proc/{pid}/cgroup")).ok().and_then(|text| member_of(&text)) else {
            continue;
        };
        if !container.starts_with(prefix) {
            continue;
        }
        if let Some(stat) = crate::process::stat(pid).filter(|s| !matches!(s.state, 'Z' | 'X')) {
            members.push(Member { container, pid, parent: stat.parent, monitor, dying: crate::process::is_dying(pid) });
        }
    }
    members
}

/// The container that a process with this `/proc/<pid>/cgroup` belongs to, and whether it is its monitor.
fn member_of(text: &str) -> Option<(String, bool)> {
    for line in text.lines() {
        for part in line.splitn(3, ':').nth(2).unwrap_or_default().split('/') {
            if let Some(name) = part.strip_prefix(PAYLOAD) {
                return Some((name.to_owned(), false));
            }
            if let Some(name) = part.strip_prefix(MONITOR).or_else(|| part.strip_prefix(PIVOT)) {
                return Some((name.to_owned(), true));
            }
        }
    }
    None
}

/// Removes the container's groups in every hierarchy, as far as they are empty.
pub fn remove(container: &str) {
    for hierarchy in hierarchies() {
        for name in group_names(container) {
            remove_tree(&hierarchy.join(name));
        }
    }
}

/// Containers whose name begins with `prefix` and of which there is a group, with or without processes.
pub fn containers(prefix: &str) -> Vec<String> {
    let mut found: Vec<String> = hierarchies()
        .iter()
        .flat_map(|h| crate::file::names(h))
        .filter_map(|name| {
            let container = [PAYLOAD, MONITOR, PIVOT].iter().find_map(|p| name.strip_prefix(p))?;
            container.starts_with(prefix).then(|| container.to_owned())
        })
        .collect();
    found.sort();
    found.dedup();
    found
}

fn hierarchies() -> Vec<PathBuf> {
    match Layout::detect() {
        Layout::V2 => vec![PathBuf::from(ROOT)],
        Layout::V1 => fs::read_dir(ROOT)
            .into_iter()
            .flatten()
            .flatten()
            .filter(|e| e.file_type().is_ok_and(|t| t.is_dir()))
            .map(|e| e.path())
            .collect(),
    }
}

fn remove_tree(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten().filter(|e| e.file_type().is_ok_and(|t| t.is_dir())) {
        remove_tree(&entry.path());
    }
    if let Err(error) = fs::remove_dir(folder) {
        tracing::debug!(group = %folder.display(), %error, "control group stays");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processes_are_matched_to_containers_in_both_layouts() {
        for (text, expected) in [
            ("9:name=systemd:/lxc.payload.mg-1-a/system.slice/x\n0::/lxc.payload.mg-1-a\n", Some(("mg-1-a", false))),
            ("0::/lxc.monitor.mg-1-a\n", Some(("mg-1-a", true))),
            ("0::/user.slice/lxc.payload.n/docker/1\n", Some(("n", false))),
            ("4:memory:/lxc.pivot.n\n", Some(("n", true))),
            ("0::/init.scope\n", None),
            ("", None),
        ] {
            assert_eq!(member_of(text), expected.map(|(n, m)| (n.to_owned(), m)), "{text}");
        }
    }
}
