// SPDX-License-Identifier: Apache-2.0
//! Configuration files of the node's services: small, and without secrets.

use crate::collect::Collector;
use crate::error::Error;
use crate::systemd::KNOWN;
use serde_json::{Map, Value, json};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

pub static COLLECTOR: Collector = Collector { name: "configs", limit: Duration::from_secs(5), run };

/// Single files.
const FILES: [&str; 11] = [
    "/etc/hosts",
    "/etc/resolv.conf",
    "/etc/containerd/config.toml",
    "/etc/docker/daemon.json",
    "/etc/kubernetes/kubelet.yaml",
    "/etc/kubernetes/kube-proxy.yaml",
    "/etc/default/docker",
    "/run/flannel/subnet.env",
    "/run/flannel/docker",
    "/run/kube-dns/hosts",
    "/proc/mounts",
];
/// Folders whose files are read, and the endings that count.
const FOLDERS: [(&str, &[&str]); 2] =
    [("/etc/cni/net.d", &[".conf", ".conflist", ".json"]), ("/etc/containers/certs.d", &[".toml", ".crt"])];
/// Folders of which only the names are told.
const LISTED: [&str; 4] = ["/usr/lib/cni", "/opt/cni/bin", "/etc/cni/net.d", "/etc/systemd/system/multi-user.target.wants"];
const UNIT_FOLDERS: [&str; 3] = ["/etc/systemd/system", "/run/systemd/system", "/lib/systemd/system"];
/// What is longer is cut off.
const LONGEST: usize = 64 << 10;

fn run() -> Result<Value, Error> {
    let mut files = Map::new();
    for path in FILES {
        take(&mut files, Path::new(path));
    }
    for (folder, endings) in FOLDERS {
        for name in names(folder).unwrap_or_default().iter().filter(|n| endings.iter().any(|e| n.ends_with(e))) {
            take(&mut files, &Path::new(folder).join(name));
        }
    }
    for folder in UNIT_FOLDERS {
        for unit in KNOWN.iter().filter(|unit| unit.ends_with(".service")) {
            take(&mut files, &Path::new(folder).join(unit));
            let dropped = format!("{folder}/{unit}.d");
            for name in names(&dropped).unwrap_or_default().iter().filter(|n| n.ends_with(".conf")) {
                take(&mut files, &Path::new(&dropped).join(name));
            }
        }
    }
    let folders: Map<String, Value> = LISTED.iter().filter_map(|f| Some(((*f).to_owned(), json!(names(f)?)))).collect();
    Ok(json!({"files": files, "folders": folders}))
}

/// The names in a folder, sorted; None when it is not there.
fn names(folder: &str) -> Option<Vec<String>> {
    let entries = fs::read_dir(folder).ok()?;
    let mut names: Vec<String> = entries.filter_map(Result::ok).filter_map(|e| e.file_name().into_string().ok()).collect();
    names.sort();
    Some(names)
}

fn take(files: &mut Map<String, Value>, path: &Path) {
    let Ok(bytes) = fs::read(path) else { return };
    let text = String::from_utf8_lossy(bytes.get(..bytes.len().min(LONGEST)).unwrap_or_default()).into_owned();
    let mode = fs::metadata(path).map(|m| format!("{:04o}", m.permissions().mode() & 0o7777)).unwrap_or_default();
    files.insert(path.display().to_string(), json!({"text": text, "mode": mode}));
}
