// SPDX-License-Identifier: Apache-2.0
//! The state directory of an installation on this machine: one `magnum serve`, or any number of `magnum api` and `magnum
//! conductor`; a private token, the address for clients.

use magnum_cli::HookError;
use nix::fcntl::{FcntlArg, fcntl};
use nix::libc;
use secrecy::SecretString;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::Write;
use std::net::SocketAddr;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// An opened state directory; dropping it lets another server use it.
pub struct StateDir {
    path: PathBuf,
    _lock: File,
}

/// A conductor's place among those that share a state directory; dropping it lets another have it.
pub struct Seat {
    number: usize,
    _lock: File,
}

impl Seat {
    /// A name that no other conductor has; a conductor that is started again has it again.
    pub fn holder(&self, state: &StateDir) -> String {
        let place = format!("{}:{}", hostname(), state.path.display());
        if self.number == 0 { place } else { format!("{place}#{}", self.number) }
    }
}

/// Conductors that may share a state directory.
const SEATS: usize = 64;

impl StateDir {
    /// Opens the directory, makes it (0700) if it is missing, and locks it: for one that does everything, or together with
    /// others that do a part.
    pub fn open(path: &Path, alone: bool) -> Result<Self, HookError> {
        let trouble = |what: &str, error: &dyn std::fmt::Display| HookError::new(format!("{what} {}: {error}", path.display()));
        DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(|e| {
            trouble("the state directory cannot be made:", &e).hint("name another with --state-dir or MAGNUM_STATE_DIR, or run as root")
        })?;
        let path = path.canonicalize().map_err(|e| trouble("the state directory cannot be found:", &e))?;
        let lock = lock_file(&path.join("lock"))?;
        let (how, who) = match alone {
            true => (libc::F_WRLCK, "another magnum serve, magnum api or magnum conductor"),
            false => (libc::F_RDLCK, "a magnum serve"),
        };
        if !is_locked(&lock, how, false) {
            let text = format!("{who} uses {}", path.display());
            return Err(HookError::new(text).hint("stop it, or name another with --state-dir"));
        }
        Ok(Self { path, _lock: lock })
    }

    /// Takes the first free place of a conductor.
    pub fn seat(&self) -> Result<Seat, HookError> {
        for number in 0..SEATS {
            let lock = lock_file(&self.path.join(format!("conductor-{number}.lock")))?;
            if is_locked(&lock, libc::F_WRLCK, false) {
                return Ok(Seat { number, _lock: lock });
            }
        }
        Err(HookError::new(format!("{SEATS} conductors use {} already", self.path.display())).hint("stop some of them"))
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The private token; made on first use, readable by the owner only.
    pub fn token(&self) -> Result<SecretString, HookError> {
        // Of several that start for the first time together, one makes it.
        let _one = self.alone_with("token")?;
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
        let _one = self.alone_with("endpoint")?;
        self.write("endpoint", &format!("{scheme}://{address}"))
    }

    /// Keeps other processes of this directory from a file, until it is dropped.
    fn alone_with(&self, name: &str) -> Result<File, HookError> {
        let path = self.path.join(format!("{name}.lock"));
        let lock = lock_file(&path)?;
        if is_locked(&lock, libc::F_WRLCK, true) { Ok(lock) } else { Err(HookError::new(format!("{} cannot be locked", path.display()))) }
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

/// This machine's name, as services are told apart by.
pub fn hostname() -> String {
    nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok()).unwrap_or_else(|| "localhost".to_owned())
}

fn lock_file(path: &Path) -> Result<File, HookError> {
    let opened = OpenOptions::new().create(true).truncate(false).read(true).write(true).mode(0o600).open(path);
    opened.map_err(|error| HookError::new(format!("{} cannot be opened: {error}", path.display())))
}

/// Locks the file for this process. Not with `flock`: a program that this process was just starting when it was killed would
/// still have that lock, and keep the next server out.
fn is_locked(file: &File, how: libc::c_int, wait: bool) -> bool {
    let lock = libc::flock {
        l_type: libc::c_short::try_from(how).unwrap_or_default(),
        l_whence: libc::c_short::try_from(libc::SEEK_SET).unwrap_or_default(),
        l_start: 0,
        l_len: 0,
        l_pid: 0,
    };
    fcntl(file, if wait { FcntlArg::F_SETLKW(&lock) } else { FcntlArg::F_SETLK(&lock) }).is_ok()
}
