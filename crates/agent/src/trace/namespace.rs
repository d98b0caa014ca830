// SPDX-License-Identifier: Apache-2.0
//! Network namespaces that have a file, as containers' have.

use nix::sched::{CloneFlags, setns};
use std::fs::{self, File};
use std::io;
use std::os::linux::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::thread;

/// Where CNI plugins and Docker keep them.
const FOLDERS: [&str; 2] = ["/run/netns", "/run/docker/netns"];
/// Docker's names of overlay networks' namespaces begin so.
const OVERLAY: &str = "1-";
const MOST: usize = 512;

/// The files of all namespaces that are here, each once, without the node's own.
pub fn files() -> Vec<PathBuf> {
    let mut seen: Vec<(u64, u64)> = own().into_iter().collect();
    let mut files = Vec::new();
    for entry in FOLDERS.iter().filter_map(|folder| fs::read_dir(folder).ok()).flatten().flatten().take(MOST) {
        let file = entry.path();
        if let Ok(found) = fs::metadata(&file)
            && !seen.contains(&(found.st_dev(), found.st_ino()))
        {
            seen.push((found.st_dev(), found.st_ino()));
            files.push(file);
        }
    }
    files
}

/// Those of [`files`] that are a docker overlay's, which holds the other ends of its containers' devices.
pub fn overlays() -> Vec<PathBuf> {
    let overlay =
        |file: &PathBuf| file.starts_with(FOLDERS[1]) && file.file_name().is_some_and(|name| name.to_string_lossy().starts_with(OVERLAY));
    files().into_iter().filter(overlay).collect()
}

/// Device and inode of the namespace of this thread; no other on the machine has the same.
pub fn own() -> Option<(u64, u64)> {
    fs::metadata("/proc/thread-self/ns/net").ok().map(|found| (found.st_dev(), found.st_ino()))
}

/// Moves this thread into a namespace. Threads and programs that it starts, and sockets that it makes, are in it too.
pub fn enter(file: &Path) -> io::Result<()> {
    let file = File::open(file)?;
    setns(file, CloneFlags::CLONE_NEWNET).map_err(io::Error::from)
}

/// Does `work` on a thread in a namespace, or in the node's own.
pub fn inside<T: Send>(file: Option<&Path>, work: impl FnOnce() -> T + Send) -> io::Result<T> {
    let Some(file) = file else { return Ok(work()) };
    thread::scope(|scope| {
        let thread = thread::Builder::new().stack_size(512 << 10).spawn_scoped(scope, || enter(file).map(|()| work()))?;
        thread.join().unwrap_or_else(|_| Err(io::Error::other("the thread died")))
    })
}
