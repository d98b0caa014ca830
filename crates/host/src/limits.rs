// SPDX-License-Identifier: Apache-2.0
//! Limits of the whole machine that a handful of nodes would exhaust.
//!
//! Nodes share the host's user, and so its number of inotify instances: Debian allows 128, a Kubernetes node takes about
//! thirty, and what comes too late fails with "too many open files". Limits are only ever raised.

use crate::Error;
use std::path::Path;

/// Files under `/proc/sys`, with the least value that many nodes need.
const LEAST: [(&str, u64); 3] =
    [("fs/inotify/max_user_instances", 8_192), ("fs/inotify/max_user_watches", 524_288), ("kernel/keys/maxkeys", 2_000)];

/// Raises what is too low; answers what was changed, in words.
pub fn raise() -> Result<Vec<String>, Error> {
    raise_below(Path::new("/proc/sys"))
}

fn raise_below(root: &Path) -> Result<Vec<String>, Error> {
    let mut raised = Vec::new();
    for (name, least) in LEAST {
        let path = root.join(name);
        // A kernel without the limit has nothing to raise.
        let Some(now) = std::fs::read_to_string(&path).ok().and_then(|text| text.trim().parse::<u64>().ok()) else { continue };
        if now < least {
            std::fs::write(&path, least.to_string()).map_err(|e| Error::file("write", &path, e))?;
            raised.push(format!("{} raised from {now} to {least}", name.replace('/', ".")));
        }
    }
    Ok(raised)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_raised_and_never_lowered() {
        let root = tempfile::tempdir().unwrap();
        for (name, value) in [("fs/inotify/max_user_instances", "128\n"), ("fs/inotify/max_user_watches", "9999999\n")] {
            let path = root.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, value).unwrap();
        }
        assert_eq!(raise_below(root.path()).unwrap(), ["fs.inotify.max_user_instances raised from 128 to 8192"]);
        assert!(raise_below(root.path()).unwrap().is_empty());
        assert_eq!(std::fs::read_to_string(root.path().join("fs/inotify/max_user_watches")).unwrap(), "9999999\n");
    }
}
