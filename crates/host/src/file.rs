// SPDX-License-Identifier: Apache-2.0
//! Files: written whole or not at all, removed whether there or not, locked while something long goes on.

use crate::Error;
use nix::fcntl::{Flock, FlockArg};
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Between two looks at a lock that another holds.
const LOOK: Duration = Duration::from_millis(10);

/// Makes `path` hold `bytes` with `mode`: readers see the old file or the new one, also after a crash.
pub fn write(path: &Path, bytes: &[u8], mode: u32) -> Result<(), Error> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let new = path.with_file_name(name);
    let attempt = || -> io::Result<()> {
        let _ = fs::remove_file(&new);
        let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&new)?;
        file.set_permissions(Permissions::from_mode(mode))?;
        file.write_all(bytes)?;
        fs::rename(&new, path)
    };
    attempt().map_err(|e| Error::file("write", path, e))
}

/// As [`write`], but leaves a file that already has these bytes alone.
pub fn write_if_changed(path: &Path, bytes: &[u8], mode: u32) -> Result<bool, Error> {
    if fs::read(path).is_ok_and(|old| old == bytes) {
        return Ok(false);
    }
    write(path, bytes, mode).map(|()| true)
}

/// Makes the folder, if it is not there, with exactly `mode`, and those above it.
pub fn folder(path: &Path, mode: u32) -> Result<(), Error> {
    if path.is_dir() {
        return Ok(());
    }
    let made = DirBuilder::new().recursive(true).mode(mode).create(path);
    made.and_then(|()| fs::set_permissions(path, Permissions::from_mode(mode))).map_err(|e| Error::file("create folder", path, e))
}

/// Removes a file or a folder with all it holds; nothing there is no error.
pub fn remove(path: &Path) -> Result<(), Error> {
    let result = match fs::symlink_metadata(path) {
        Ok(meta) if meta.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(e) => Err(e),
    };
    match result {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(Error::file("remove", path, e)),
        _ => Ok(()),
    }
}

/// The names in a folder, sorted; none when there is no such folder.
pub fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).into_iter().flatten().flatten().filter_map(|e| e.file_name().into_string().ok()).collect();
    names.sort();
    names
}

/// The last `bytes` of a file, as text.
pub fn tail(path: &Path, bytes: usize) -> Result<String, Error> {
    let attempt = || -> io::Result<Vec<u8>> {
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(bytes as u64)))?;
        let mut text = Vec::new();
        file.take(bytes as u64).read_to_end(&mut text)?;
        Ok(text)
    };
    attempt().map(|text| String::from_utf8_lossy(&text).into_owned()).map_err(|e| Error::file("read", path, e))
}

/// Copies a file unless the copy has the same size and is not older.
pub fn refresh(source: &Path, copy: &Path, mode: u32) -> Result<(), Error> {
    let fresh = |path: &Path| fs::metadata(path).and_then(|m| Ok((m.len(), m.modified()?))).ok();
    if let (Some((size, changed)), Some((copy_size, copied))) = (fresh(source), fresh(copy))
        && size == copy_size
        && copied >= changed
    {
        return Ok(());
    }
    let new: PathBuf = copy.with_extension("new");
    let attempt = || -> io::Result<()> {
        fs::copy(source, &new)?;
        fs::set_permissions(&new, Permissions::from_mode(mode))?;
        fs::rename(&new, copy)
    };
    attempt().map_err(|e| Error::file("copy", source, e))
}

/// Holds the lock file `path` until dropped, or None when another process holds it.
pub fn try_lock(path: &Path) -> Result<Option<Flock<File>>, Error> {
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .mode(0o600)
        .open(path)
        .map_err(|e| Error::file("open", path, e))?;
    match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
        Ok(lock) => Ok(Some(lock)),
        Err((_, nix::errno::Errno::EWOULDBLOCK)) => Ok(None),
        Err((_, errno)) => Err(Error::file("lock", path, errno.into())),
    }
}

/// Holds the lock file `path` until dropped, waiting up to `limit` for whoever holds it now, be it another thread or another
/// process. None when it is still held then. The holder may remove the file while it holds it.
pub fn lock(path: &Path, limit: Duration) -> Result<Option<Flock<File>>, Error> {
    let deadline = Instant::now() + limit;
    loop {
        if let Some(held) = try_lock(path)? {
            // A file that its holder has removed meanwhile is not the one that the next taker finds.
            let is_same = match (held.metadata(), fs::metadata(path)) {
                (Ok(held), Ok(there)) => held.ino() == there.ino() && held.dev() == there.dev(),
                _ => false,
            };
            if is_same {
                return Ok(Some(held));
            }
        } else if Instant::now() >= deadline {
            return Ok(None);
        } else {
            std::thread::sleep(LOOK);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_written_whole_and_read_from_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        write(&path, b"hello world", 0o600).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(!write_if_changed(&path, b"hello world", 0o600).unwrap());
        assert_eq!(tail(&path, 5).unwrap(), "world");
        assert_eq!(tail(&path, 500).unwrap(), "hello world");
        assert_eq!(names(folder.path()), ["a"]);
        remove(&path).unwrap();
        remove(&path).unwrap();
        assert!(tail(&path, 5).unwrap_err().to_string().starts_with("cannot read "));
    }

    #[test]
    fn a_lock_has_one_holder() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let held = try_lock(&path).unwrap();
        assert!(held.is_some() && try_lock(&path).unwrap().is_none());
        drop(held);
        assert!(try_lock(&path).unwrap().is_some());
    }

    #[test]
    fn a_lock_that_is_waited_for_stays_one_when_its_file_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let long = Duration::from_secs(20);
        let inside = std::sync::atomic::AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..20 {
                        let held = lock(&path, long).unwrap().expect("nobody holds it for long");
                        assert_eq!(inside.fetch_add(1, std::sync::atomic::Ordering::SeqCst), 0, "two hold it");
                        inside.fetch_sub(1, std::sync::atomic::Ordering::SeqCst);
                        fs::remove_file(&path).unwrap();
                        drop(held);
                    }
                });
            }
        });
        let _held = try_lock(&path).unwrap().expect("free");
        assert!(lock(&path, Duration::from_millis(1)).unwrap().is_none(), "held by another");
    }
}
