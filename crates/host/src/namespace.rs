// SPDX-License-Identifier: Apache-2.0
//! Named network namespaces, where `ip netns` keeps them. Work inside one is done on a thread of its own that enters
//! it and ends; the rest of this process never leaves its namespace. (`ip netns exec` would also hide /sys/fs/cgroup.)

use crate::Error;
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::{CloneFlags, setns, unshare};
use nix::sys::statfs::{FsType, statfs};
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

const FOLDER: &str = "/run/netns";
/// `f_type` of a mounted namespace.
const NSFS: FsType = FsType(0x6e73_6673);

/// A network namespace that is there, or is to be there, under a name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Namespace {
    name: String,
}

impl Namespace {
    /// The namespace of this name; nothing is touched.
    pub fn named(name: impl Into<String>) -> Self {
        Self { name: name.into() }
    }

    /// The names of all namespaces that begin with `prefix`, sorted.
    pub fn list(prefix: &str) -> Vec<Namespace> {
        let entries = fs::read_dir(FOLDER).into_iter().flatten().flatten();
        let mut all: Vec<_> =
            entries.filter_map(|e| e.file_name().into_string().ok()).filter(|n| n.starts_with(prefix)).map(Self::named).collect();
        all.sort();
        all
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its file, as LXC and `ip` take it.
    pub fn path(&self) -> PathBuf {
        Path::new(FOLDER).join(&self.name)
    }

    /// Whether it is there; a file left by a creation that was cut off is not.
    pub fn exists(&self) -> bool {
        statfs(&self.path()).is_ok_and(|s| s.filesystem_type() == NSFS)
    }

    /// Makes it, with its loopback device still down. Does nothing when it is there.
    pub fn create(&self) -> Result<(), Error> {
        if self.exists() {
            return Ok(());
        }
        let bound = on_thread(|| {
            unshare(CloneFlags::CLONE_NEWNET).map_err(|errno| self.error("create", errno.into()))?;
            self.bind(Path::new("/proc/thread-self/ns/net"))
        });
        bound?
    }

    /// Gives this name to the namespace that a process is in. Does nothing when the name is taken.
    pub fn adopt(&self, pid: i32) -> Result<(), Error> {
        if self.exists() { Ok(()) } else { self.bind(&Path::new("/proc").join(pid.to_string()).join("ns/net")) }
    }

    fn bind(&self, namespace: &Path) -> Result<(), Error> {
        let path = self.path();
        fs::create_dir_all(FOLDER).map_err(|e| Error::file("create", Path::new(FOLDER), e))?;
        OpenOptions::new().create(true).append(true).mode(0o444).open(&path).map_err(|e| Error::file("create", &path, e))?;
        let bound = mount(Some(namespace), &path, None::<&str>, MsFlags::MS_BIND, None::<&str>);
        bound.map_err(|errno| self.error("create", errno.into()))
    }

    /// Takes its name away; the kernel ends it when nothing runs in it any more.
    pub fn delete(&self) -> Result<(), Error> {
        let path = self.path();
        while self.exists() {
            umount2(&path, MntFlags::MNT_DETACH).map_err(|errno| self.error("delete", errno.into()))?;
        }
        match fs::remove_file(&path) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(Error::file("delete", &path, e)),
            _ => Ok(()),
        }
    }

    /// Does `work` inside. Programs it starts are inside too.
    pub fn enter<T: Send>(&self, work: impl FnOnce() -> T + Send) -> Result<T, Error> {
        if !self.exists() {
            return Err(self.error("enter", io::ErrorKind::NotFound.into()));
        }
        let file = File::open(self.path()).map_err(|e| self.error("enter", e))?;
        on_thread(move || setns(file, CloneFlags::CLONE_NEWNET).map(|()| work()))?.map_err(|errno| self.error("enter", errno.into()))
    }

    fn error(&self, action: &'static str, source: io::Error) -> Error {
        Error::Namespace { action, name: self.name.clone(), source }
    }
}

fn on_thread<T: Send>(work: impl FnOnce() -> T + Send) -> Result<T, Error> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().spawn_scoped(scope, work).map_err(|_| Error::Thread)?;
        thread.join().map_err(|_| Error::Thread)
    })
}
