// SPDX-License-Identifier: Apache-2.0
//! Files of this node. Readers see either the old file or the whole new one. After a power cut a file may be empty:
//! every start of the agent looks at what is there and writes it again.
//!
//! A file is written by one thread at a time.

use crate::Error;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

/// Mode of files anybody on the node may read.
pub const PUBLIC: u32 = 0o644;
/// Mode of files with a secret.
pub const SECRET: u32 = 0o600;

/// Writes `text` unless the file already has exactly it, and answers whether it changed. Makes the folder.
pub fn write(path: &Path, text: &str, mode: u32) -> Result<bool, Error> {
    if fs::read(path).is_ok_and(|old| old == text.as_bytes()) && fs::metadata(path).is_ok_and(|m| m.permissions().mode() & 0o777 == mode) {
        return Ok(false);
    }
    if let Some(folder) = path.parent() {
        make_folder(folder, 0o755)?;
    }
    replace(path, text.as_bytes(), mode, false).map_err(|source| Error::File { action: "write", path: path.to_owned(), source })?;
    Ok(true)
}

/// As [`write()`], and on the disk when it returns. For what cannot be made again.
pub fn write_durably(path: &Path, text: &str, mode: u32) -> Result<(), Error> {
    if let Some(folder) = path.parent() {
        make_folder(folder, 0o755)?;
    }
    replace(path, text.as_bytes(), mode, true).map_err(|source| Error::File { action: "write", path: path.to_owned(), source })
}

fn replace(path: &Path, bytes: &[u8], mode: u32, durably: bool) -> io::Result<()> {
    let mut name = path.as_os_str().to_owned();
    name.push(".magnum-new");
    let fresh = PathBuf::from(name);
    let _ = fs::remove_file(&fresh);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&fresh)?;
    file.write_all(bytes)?;
    fs::set_permissions(&fresh, fs::Permissions::from_mode(mode))?;
    if durably {
        file.sync_all()?;
    }
    drop(file);
    fs::rename(&fresh, path)
}

/// Makes a folder and those above it, as far as they are missing.
pub fn make_folder(path: &Path, mode: u32) -> Result<(), Error> {
    fs::DirBuilder::new().recursive(true).mode(mode).create(path).map_err(|source| Error::File {
        action: "make folder",
        path: path.to_owned(),
        source,
    })
}

/// Reads a text file.
pub fn read(path: &Path) -> Result<String, Error> {
    fs::read_to_string(path).map_err(|source| Error::File { action: "read", path: path.to_owned(), source })
}

/// Makes `link` point at `target`.
pub fn link(target: &str, link: &Path) -> Result<(), Error> {
    if fs::read_link(link).is_ok_and(|old| old == Path::new(target)) {
        return Ok(());
    }
    if let Some(folder) = link.parent() {
        make_folder(folder, 0o755)?;
    }
    let _ = fs::remove_file(link);
    symlink(target, link).map_err(|source| Error::File { action: "link", path: link.to_owned(), source })
}

/// Removes a file; answers whether there was one.
pub fn remove(path: &Path) -> Result<bool, Error> {
    match fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(source) => Err(Error::File { action: "remove", path: path.to_owned(), source }),
    }
}

/// Writes a value below /proc/sys; a kernel without the key, or a read-only one that already has the value, is fine.
pub fn sysctl(key: &str, value: &str) -> Result<(), Error> {
    let path = Path::new("/proc/sys").join(key.replace('.', "/"));
    match fs::read_to_string(&path) {
        Ok(old) if old.trim() == value => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        _ => fs::write(&path, value).map_err(|source| Error::File { action: "write", path, source }),
    }
}

/// Raises a number below /proc/sys. Where it may not be written, what is there has to do.
pub fn sysctl_at_least(key: &str, least: u64) {
    let path = Path::new("/proc/sys").join(key.replace('.', "/"));
    let now: Option<u64> = fs::read_to_string(&path).ok().and_then(|text| text.trim().parse().ok());
    if now.is_some_and(|now| now < least) {
        let _ = fs::write(&path, least.to_string());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_written_once_and_keeps_its_mode() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b");
        assert!(write(&path, "one", SECRET).unwrap());
        assert!(!write(&path, "one", SECRET).unwrap());
        assert!(write(&path, "one", PUBLIC).unwrap(), "another mode is a change");
        assert!(write(&path, "two", SECRET).unwrap());
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, SECRET);
        assert_eq!(read(&path).unwrap(), "two");
    }
}
