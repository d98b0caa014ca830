// SPDX-License-Identifier: Apache-2.0
//! Room on the file systems that matter.

use crate::collect::Collector;
use crate::error::Error;
use nix::sys::statvfs::{FsFlags, statvfs};
use serde_json::{Value, json};
use std::time::Duration;

pub static COLLECTOR: Collector = Collector { name: "disk", limit: Duration::from_secs(5), run };

const PATHS: [&str; 6] = ["/", "/var/lib/etcd", "/var/lib/docker", "/var/lib/containerd", "/var/lib/kubelet", "/run"];

fn run() -> Result<Value, Error> {
    let table = std::fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    let mounts: Vec<Value> = PATHS.iter().filter_map(|path| describe(path, &table)).collect();
    Ok(json!({"mounts": mounts}))
}

fn describe(path: &str, table: &str) -> Option<Value> {
    let found = statvfs(path).ok()?;
    let (device, fstype) = mount_of(path, table).unwrap_or(("", ""));
    let block = found.fragment_size();
    Some(json!({
        "path": path,
        "device": device,
        "fstype": fstype,
        // As df has it: what is kept back for root counts as neither used nor available.
        "bytes": (found.blocks() - found.blocks_free() + found.blocks_available()) * block,
        "bytes_available": found.blocks_available() * block,
        "inodes": found.files(),
        "inodes_available": found.files_available(),
        "read_only": found.flags().contains(FsFlags::ST_RDONLY),
    }))
}

/// Device and type of the mount that `path` is on: the longest mount point above it, the last of several.
fn mount_of<'a>(path: &str, table: &'a str) -> Option<(&'a str, &'a str)> {
    let mut best = None;
    for line in table.lines() {
        let mut words = line.split(' ');
        let (Some(device), Some(point), Some(fstype)) = (words.next(), words.next(), words.next()) else { continue };
        let above = point == "/" || path == point || path.strip_prefix(point).is_some_and(|rest| rest.starts_with('/'));
        if above && best.is_none_or(|(length, _)| point.len() >= length) {
            best = Some((point.len(), (device, fstype)));
        }
    }
    best.map(|(_, found)| found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_belongs_to_the_longest_mount_above_it() {
        let table = "overlay / overlay rw 0 0\n/dev/loop1 /var/lib/docker ext4 rw 0 0\ntmpfs /run tmpfs rw 0 0\n";
        assert_eq!(mount_of("/var/lib/docker", table), Some(("/dev/loop1", "ext4")));
        assert_eq!(mount_of("/var/lib/dockerx", table), Some(("overlay", "overlay")));
    }
}
