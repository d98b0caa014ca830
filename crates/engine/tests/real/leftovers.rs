// SPDX-License-Identifier: Apache-2.0
//! What a machine has that a cluster could have left behind, to be compared before and after.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Everything of an instance (and everything mounted or attached) there is now.
pub fn of(state_dir: &Path, instance: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut add = |kind: &str, what: String| {
        found.insert(format!("{kind} {what}"));
    };
    let ours = |text: &str| text.contains(&format!("mg-{instance}")) || text.contains(state_dir.to_str().unwrap());
    for folder in ["/run/netns", "/sys/class/net"] {
        names(folder).into_iter().filter(|n| ours(n)).for_each(|n| add(folder, n));
    }
    for line in fs::read_to_string("/proc/mounts").unwrap().lines().filter(|l| ours(l)) {
        add("mount", line.to_owned());
    }
    for line in fs::read_to_string("/proc/net/route").unwrap().lines().filter(|l| ours(l)) {
        add("route", line.to_owned());
    }
    for hierarchy in names("/sys/fs/cgroup") {
        names(&format!("/sys/fs/cgroup/{hierarchy}")).into_iter().filter(|n| ours(n)).for_each(|n| add(&hierarchy, n));
    }
    for pid in magnum_host::process::all().into_iter().filter(|p| magnum_host::process::is_alive(*p)) {
        let line = magnum_host::process::command_line(pid).join(" ");
        let groups = fs::read_to_string(format!("/proc/{pid}/cgroup")).unwrap_or_default();
        if ours(&line) || ours(&groups) {
            add("process", line);
        }
    }
    for device in names("/sys/block").into_iter().filter(|n| n.starts_with("loop")) {
        let file = fs::read_to_string(format!("/sys/block/{device}/loop/backing_file")).unwrap_or_default();
        if ours(&file) {
            add("loop", file);
        }
    }
    for folder in [state_dir.join("clusters"), state_dir.join("lxc"), Path::new("/run/lxc/lock").join(state_dir.strip_prefix("/").unwrap())]
    {
        if folder.exists() {
            add("folder", folder.display().to_string());
        }
    }
    found
}

fn names(folder: &str) -> Vec<String> {
    magnum_host::file::names(Path::new(folder))
}
