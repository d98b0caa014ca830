// SPDX-License-Identifier: Apache-2.0
//! Everything on this machine that a cluster is made of, to be compared before and after.

use anyhow::{Context, Result, ensure};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

/// State directories of this process's own servers.
static OWN: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// What belongs to a server of this state directory is ours from now on.
pub(crate) fn claim(state: &Path) {
    if let Ok(mut own) = OWN.lock() {
        own.insert(state.to_owned());
    }
}

/// Programs that only nodes and their networks run here.
const PROGRAMS: &[&str] = &[
    "lxc-start",
    "[lxc",
    "haproxy",
    "dnsmasq",
    "magnum",
    "magnum-agent",
    "kubelet",
    "dockerd",
    "containerd",
    "etcd",
    "uwsgi",
    "beam.smp",
    "epmd",
];

/// Namespaces, cgroups, links, mounts and processes, one line each; not those of other servers that run on this machine.
pub fn leftovers() -> Result<BTreeSet<String>> {
    let mut things = BTreeSet::new();
    let foreign = foreign()?;
    let is_foreign = |text: &str| foreign.iter().any(|mark| text.contains(mark));
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
    // Directories of servers; that of a test that still runs is not left.
    for entry in std::fs::read_dir(std::env::temp_dir()).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let owner = ["magnum-keystone-", "magnum-rabbit-"]
            .iter()
            .find_map(|start| name.strip_prefix(start))
            .and_then(|rest| rest.split('-').next());
        if name.starts_with("mgdb-") || owner.is_some_and(|pid| !Path::new("/proc").join(pid).exists()) {
            things.insert(format!("directory {name}"));
        }
    }
    let mounts = std::fs::read_to_string("/proc/mounts").context("reading /proc/mounts")?;
    // The first `ip netns add` makes its folder a mount of its own, once for the whole machine.
    let paths = mounts.lines().filter_map(|l| l.split(' ').nth(1)).filter(|m| *m != "/run/netns");
    things.extend(paths.map(|m| format!("mount {m}")));
    things.retain(|thing| !is_foreign(thing));
    for (pid, line) in processes()? {
        let program = line.split_whitespace().next().unwrap_or_default().rsplit('/').next().unwrap_or_default();
        let counts = PROGRAMS.contains(&program) && (program != "magnum" || is_server(&line));
        let groups = std::fs::read_to_string(format!("/proc/{pid}/cgroup")).unwrap_or_default();
        if counts && !is_foreign(&line) && !is_foreign(&groups) {
            things.insert(format!("process {pid} {line}"));
        }
    }
    Ok(things)
}

/// Marks of what belongs to other servers: their state directories, and the prefix of their names.
fn foreign() -> Result<Vec<String>> {
    let own = OWN.lock().map(|own| own.clone()).unwrap_or_default();
    let mut marks = Vec::new();
    for (_, line) in processes()?.into_iter().filter(|(_, line)| is_server(line)) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let Some(state) = words.windows(2).find(|pair| pair[0] == "--state-dir").map(|pair| pair[1]) else { continue };
        if own.contains(Path::new(state)) {
            continue;
        }
        marks.push(format!("{state}/"));
        marks.push(format!("--state-dir {state}"));
        let instance = std::fs::read(Path::new(state).join("instance.json")).unwrap_or_default();
        let instance: serde_json::Value = serde_json::from_slice(&instance).unwrap_or_default();
        marks.extend(instance["id"].as_str().map(|id| format!("mg-{id}")));
    }
    Ok(marks)
}

/// Whether a command line is that of a process of Magnum's server.
fn is_server(line: &str) -> bool {
    ["magnum serve ", "magnum api ", "magnum conductor "].iter().any(|words| line.contains(words))
}

/// Process ids with their command lines.
fn processes() -> Result<Vec<(u32, String)>> {
    let output = Command::new("ps").args(["-eo", "pid=,args="]).output().context("running ps")?;
    ensure!(output.status.success(), "ps ended with {}", output.status);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let parsed =
        text.lines().filter_map(|line| line.trim().split_once(' ')).filter_map(|(pid, args)| Some((pid.parse().ok()?, args.to_owned())));
    Ok(parsed.collect())
}
