// SPDX-License-Identifier: Apache-2.0
//! The folder itself: reading, writing and removing a pair's files, each whole or not at all.

use crate::{Error, Pair};
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, fchown};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

/// The endings of a pair's files. The certificate comes last: where it is, the others are.
const ENDINGS: [&str; 4] = ["key", "pass", "int", "crt"];
/// The ending of a file that is not whole yet.
const NEW: &str = "new";
/// The most bytes that are read of a file: certificates and keys have some thousand.
const LONGEST: u64 = 1 << 20;
/// How long the file system is waited for.
const LIMIT: Duration = Duration::from_secs(30);

/// `[certificates] storage_path`.
pub(super) struct Folder {
    path: PathBuf,
    /// Whose the folder is: files are theirs too, so that the service can be run by another program, or as another user.
    owner: (u32, u32),
}

impl Folder {
    pub fn open(path: &Path) -> Result<Self, Error> {
        let failed = |doing| Error::file(doing, path);
        DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(failed("making the folder"))?;
        let data = std::fs::metadata(path).map_err(failed("looking at the folder"))?;
        let folder = Self { path: path.to_owned(), owner: (data.uid(), data.gid()) };
        let probe = path.join(format!("{}.{NEW}", Uuid::new_v4()));
        folder.create(&probe, b"").map_err(Error::file("writing", &probe))?;
        std::fs::remove_file(&probe).map_err(Error::file("removing", &probe))?;
        Ok(folder)
    }

    /// Work on the folder, beside the other tasks and not for ever.
    pub async fn run<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Self) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let folder = Arc::clone(self);
        match tokio::time::timeout(LIMIT, tokio::task::spawn_blocking(move || work(&folder))).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(join)) => Err(Error::Broken(format!("work on certificates broke off: {join}"))),
            Err(_) => Err(Error::Slow { path: self.path.clone(), seconds: LIMIT.as_secs() }),
        }
    }

    pub fn read(&self, uuid: Uuid) -> Result<Pair, Error> {
        let must = |ending| self.load(uuid, ending)?.ok_or_else(|| Error::Absent { path: self.file(uuid, ending) });
        Ok(Pair {
            certificate: must("crt")?.expose_secret().to_owned(),
            private_key: must("key")?,
            // An empty one is what the Python service takes for none.
            passphrase: self.load(uuid, "pass")?.filter(|text| !text.expose_secret().is_empty()),
            intermediates: self.load(uuid, "int")?.map(|text| text.expose_secret().to_owned()),
        })
    }

    pub fn write(&self, uuid: Uuid, pair: &Pair) -> Result<(), Error> {
        for ending in ENDINGS {
            let text = match ending {
                "key" => Some(pair.private_key.expose_secret()),
                "pass" => pair.passphrase.as_ref().map(ExposeSecret::expose_secret),
                "int" => pair.intermediates.as_deref(),
                _ => Some(pair.certificate.as_str()),
            };
            let Some(text) = text.filter(|text| !text.is_empty()) else { continue };
            let (file, new) = (self.file(uuid, ending), self.unfinished(uuid, ending));
            let written = gone(std::fs::remove_file(&new)).and_then(|()| self.create(&new, text.as_bytes()));
            written.and_then(|()| std::fs::rename(&new, &file)).map_err(Error::file("writing", &file))?;
        }
        self.sync()
    }

    /// Removes what there is of these pairs.
    pub fn remove(&self, uuids: &[Uuid]) -> Result<(), Error> {
        for uuid in uuids {
            for ending in ENDINGS {
                for file in [self.file(*uuid, ending), self.unfinished(*uuid, ending)] {
                    gone(std::fs::remove_file(&file)).map_err(Error::file("removing", &file))?;
                }
            }
        }
        self.sync()
    }

    fn file(&self, uuid: Uuid, ending: &str) -> PathBuf {
        self.path.join(format!("{uuid}.{ending}"))
    }

    fn unfinished(&self, uuid: Uuid, ending: &str) -> PathBuf {
        self.path.join(format!("{uuid}.{ending}.{NEW}"))
    }

    /// A file's text to the byte; none when it is not there.
    fn load(&self, uuid: Uuid, ending: &str) -> Result<Option<SecretString>, Error> {
        let path = self.file(uuid, ending);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Error::file("reading", &path)(error)),
        };
        let mut bytes = Zeroizing::new(Vec::new());
        file.take(LONGEST).read_to_end(&mut bytes).map_err(Error::file("reading", &path))?;
        let text = std::str::from_utf8(&bytes).map_err(|_| Error::Unreadable { path })?;
        Ok(Some(SecretString::from(text)))
    }

    /// Writes a file that nobody but its owner may read, and waits until it is on the disk.
    fn create(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let mut file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(path)?;
        let data = file.metadata()?;
        if (data.uid(), data.gid()) != self.owner {
            // Only root may give a file away; whoever else writes here reads it too.
            let _ = fchown(&file, Some(self.owner.0), Some(self.owner.1));
        }
        file.write_all(bytes)?;
        file.sync_all()
    }

    /// Waits until names are on the disk.
    fn sync(&self) -> Result<(), Error> {
        File::open(&self.path).and_then(|folder| folder.sync_all()).map_err(Error::file("writing", &self.path))
    }
}

/// What is not there is as good as removed.
fn gone(removed: io::Result<()>) -> io::Result<()> {
    removed.or_else(|error| if error.kind() == ErrorKind::NotFound { Ok(()) } else { Err(error) })
}
