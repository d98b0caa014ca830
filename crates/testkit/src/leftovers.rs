// SPDX-License-Identifier: Apache-2.0
//! Everything on this machine that a cluster is made of, to be compared before and after.

use anyhow::{Context, Result, ensure};
use std::collections::BTreeSet;
use std::process::Command;

/// Programs that only nodes and their networks run here.
const PROGRAMS: &[&str] =
    &["lxc-start", "[lxc", "haproxy", "dnsmasq", "magnum", "magnum-agent", "kubelet", "dockerd", "containerd", "etcd"];

/// Namespaces, cgroups, links, mounts and processes, one line each.
pub fn leftovers() -> Result<BTreeSet<String>> {
    let mut things = BTreeSet::new();
    for (kind, dir) in
        [("namespace", "/run/netns"), ("cgroup", "/sys/fs/cgroup/memory"), ("cgroup", "/sys/fs/cgroup"), ("link", "/sys/class/net")]
    {
        for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            // LXC makes lxc.pivot once for the whole machine, with its first container, and keeps it.
            if kind != "cgroup" || (name.starts_with("lxc.") && name != "lxc.pivot") {
                things.insert(format!("{kind} {name}"));
            }
        }
    }
    let mounts = std::fs::read_to_string("/proc/mounts").context("reading /proc/mounts")?;
    things.extend(mounts.lines().filter_map(|l| l.split(' ').nth(1)).map(|m| format!("mount {m}")));
    let output = Command::new("ps").args(["-eo", "pid=,args="]).output().context("running ps")?;
    ensure!(output.status.success(), "ps ended with {}", output.status);
    for line in String::from_utf8_lossy(&output.stdout).lines().map(str::trim) {
        let program = line.split_whitespace().nth(1).unwrap_or_default();
        if PROGRAMS.contains(&program.rsplit('/').next().unwrap_or_default()) {
            things.insert(format!("process {line}"));
        }
    }
    Ok(things)
}
