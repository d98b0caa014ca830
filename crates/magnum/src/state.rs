// SPDX-License-Identifier: Apache-2.0
//! The state directory of an embedded installation: one server at a time, a private token, the address for clients.

use magnum_cli::HookError;
use nix::fcntl::{Flock, FlockArg};
use secrecy::SecretString;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::Write;
use std::net::SocketAddr;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// An opened state directory; dropping it lets another server use it.
pub struct StateDir {
    path: PathBuf,
    _lock: Flock<File>,
}

impl StateDir {
    /// Opens the directory, makes it (0700) if it is missing, and locks it.
    pub fn open(path: &Path) -> Result<Self, HookError> {
        let trouble = |what: &str, error: &dyn std::fmt::Display| HookError::new(format!("{what} {}: {error}", path.display()));
        DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(|e| {
            trouble("the state directory cannot be made:", &e).hint("name another with --state-dir or MAGNUM_STATE_DIR, or run as root")
        })?;
        let path = path.canonicalize().map_err(|e| trouble("the state directory cannot be found:", &e))?;
        let file = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(path.join("lock"));
        let file = file.map_err(|e| trouble("the state directory cannot be locked:", &e))?;
        let lock = Flock::lock(file, FlockArg::LockExclusiveNonblock).map_err(|_| {
            HookError::new(format!("another magnum serve uses {}", path.display())).hint("stop it, or name another with --state-dir")
        })?;
        Ok(Self { path, _lock: lock })
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The private token; made on first use, readable by the owner only.
    pub fn token(&self) -> Result<SecretString, HookError> {
        let file = self.path.join("token");
        match std::fs::read_to_string(&file) {
            Ok(text) if text.trim().len() >= 32 => Ok(SecretString::from(text.trim().to_owned())),
            Ok(_) => Err(HookError::new(format!("{} holds no usable token", file.display())).hint("remove the file; a new one is made")),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let mut bytes = [0_u8; 32];
                aws_lc_rs::rand::fill(&mut bytes).map_err(|_| HookError::new("the system gave no random bytes"))?;
                let token: String = bytes.iter().map(|b| format!("{b:02x}")).collect();
                self.write("token", &token)?;
                Ok(SecretString::from(token))
            }
            Err(error) => Err(HookError::new(format!("{} cannot be read: {error}", file.display()))),
        }
    }

    /// The database's file; made readable by the owner only, since it holds keys.
    pub fn database(&self) -> Result<PathBuf, HookError> {
        let file = self.path.join("magnum.sqlite");
        let made = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(&file);
        made.map_err(|e| HookError::new(format!("{} cannot be opened: {e}", file.display())))?;
        Ok(file)
    }

    /// Leaves the server's URL for clients on this machine.
    pub fn announce(&self, scheme: &str, address: SocketAddr) -> Result<(), HookError> {
        self.write("endpoint", &format!("{scheme}://{address}"))
    }

    /// Writes a small file so that it is there whole or not at all.
    fn write(&self, name: &str, text: &str) -> Result<(), HookError> {
        let (new, file) = (self.path.join(format!("{name}.new")), self.path.join(name));
        let trouble = |error: std::io::Error| HookError::new(format!("{} cannot be written: {error}", file.display()));
        let _ = std::fs::remove_file(&new);
        let mut handle = OpenOptions::new().create_new(true).write(true).mode(0o600).open(&new).map_err(trouble)?;
        handle.write_all(format!("{text}\n").as_bytes()).and_then(|()| handle.sync_all()).map_err(trouble)?;
        std::fs::rename(&new, &file).map_err(trouble)
    }
}
