// SPDX-License-Identifier: Apache-2.0
//! A real Keystone of one's own, from Debian's package: SQLite in a temporary directory, a loopback port, gone afterwards.

use crate::authority::Authority;
use crate::wsgi::{MANAGE, Wsgi, make_private, write_private};
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// The only region of the catalogue.
pub const REGION: &str = "RegionOne";

/// How a Keystone is to be.
#[derive(Debug, Clone, Copy)]
pub struct KeystoneOptions {
    /// How long its tokens live.
    pub token_life: Duration,
    /// How many processes answer, each one request at a time. What one keeps in memory the others do not notice to be outdated:
    /// with more than one, Keystone keeps nothing and takes some 0.4 s for a request instead of 20 ms.
    pub processes: u32,
    /// Rounds of bcrypt are 2 to the power of this: 4 is the least there is, 12 is Keystone's default.
    pub hash_rounds: u32,
    /// Whether it answers by HTTPS as well.
    pub tls: bool,
}

/// Where a Keystone answers by HTTPS.
#[derive(Debug, Clone)]
pub struct Secure {
    /// For everybody.
    pub url: String,
    /// For whoever shows a certificate of the authority.
    pub mutual_url: String,
    pub authority: Authority,
}

impl Default for KeystoneOptions {
    fn default() -> Self {
        Self { token_life: Duration::from_secs(3600), processes: 1, hash_rounds: 4, tls: false }
    }
}

/// A running Keystone with its first administrator. Dropping it ends it and removes its directory.
pub struct Keystone {
    service: Wsgi,
    dir: Dir,
    password: String,
    secure: Option<Secure>,
}

/// Removed with everything in it.
struct Dir(PathBuf);

impl Keystone {
    /// Makes its database and keys, starts it, and waits until it answers. The kernel ends it with the calling thread.
    pub fn start(options: &KeystoneOptions) -> Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("magnum-keystone-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let dir = Dir(std::env::temp_dir().join(name));
        make_private(&dir.0)?;
        let application = "from keystone.server.wsgi import initialize_public_application\napplication = initialize_public_application()\n";
        let environment = [("OS_KEYSTONE_CONFIG_DIR", &*dir.0.to_string_lossy()), ("OS_KEYSTONE_CONFIG_FILES", "keystone.conf")];
        let service = Wsgi::new("Keystone (packages python3-keystone, uwsgi-core)", &dir.0, application, &environment, options.processes)?;
        let secure = if options.tls {
            let authority = Authority::make(&dir.0)?;
            let (open, mutual) = service.secure(&authority)?;
            let url = |port| format!("https://127.0.0.1:{port}/v3");
            Some(Secure { url: url(open), mutual_url: url(mutual), authority })
        } else {
            None
        };
        let mut keystone = Self { service, dir, password: random_text(12)?, secure };
        keystone.configure(options)?;
        // Python takes longer to load all of it than to do anything with it: the service loads while its database is made.
        keystone.service.launch()?;
        keystone.bootstrap()?;
        keystone.answering()?;
        Ok(keystone)
    }

    /// Where tokens are got, with the version.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/v3", self.port())
    }

    /// Where it answers by HTTPS, if it was to.
    pub fn secure(&self) -> Option<&Secure> {
        self.secure.as_ref()
    }

    /// The loopback port.
    pub fn port(&self) -> u16 {
        self.service.port()
    }

    /// Password of the user `admin` of domain `Default`, who has the role admin in project `admin` and on the system.
    pub fn admin_password(&self) -> &str {
        &self.password
    }

    /// Its directory, in which further services may put theirs.
    pub fn dir(&self) -> &Path {
        &self.dir.0
    }

    /// Ends it; what it knows stays.
    pub fn stop(&mut self) {
        self.service.stop();
    }

    /// Starts it again after [`Keystone::stop`].
    pub fn up(&mut self) -> Result<()> {
        self.service.launch()?;
        self.answering()
    }

    /// What it printed.
    pub fn log(&self) -> String {
        self.service.log()
    }

    fn configure(&self, options: &KeystoneOptions) -> Result<()> {
        let dir = self.dir().display();
        // Its own program for it would take two more starts of Python.
        for folder in ["fernet", "credential"] {
            let folder = self.dir().join(folder);
            make_private(&folder)?;
            for number in ["0", "1"] {
                write_private(&folder.join(number), &random_key()?)?;
            }
        }
        let conf = format!(
            "[DEFAULT]\nuse_stderr = true\nlog_color = false\n\
             [database]\nconnection = sqlite:///{dir}/keystone.db\nsqlite_synchronous = false\n\
             [token]\nprovider = fernet\nexpiration = {}\n\
             [fernet_tokens]\nkey_repository = {dir}/fernet\n[fernet_receipts]\nkey_repository = {dir}/fernet\n\
             [credential]\nkey_repository = {dir}/credential\n\
             [identity]\npassword_hash_rounds = {}\n\
             [cache]\nenabled = {}\nbackend = dogpile.cache.memory\n",
            options.token_life.as_secs(),
            options.hash_rounds,
            options.processes == 1,
        );
        write_private(&self.dir().join("keystone.conf"), &conf)
    }

    fn bootstrap(&self) -> Result<()> {
        const SETUP: &str = r"
from keystone.cmd import manage
run(manage.main, 'db_sync')
# Otherwise who reads would lock out who writes.
import sqlite3
sqlite3.connect('keystone.db').execute('pragma journal_mode = wal')
url = sys.argv[2]
run(manage.main, 'bootstrap', '--bootstrap-admin-url', url, '--bootstrap-internal-url', url, '--bootstrap-public-url', url,
    '--bootstrap-region-id', sys.argv[3])
";
        // The password comes by the environment, where other users do not see it.
        let environment = [("OS_BOOTSTRAP_PASSWORD", &*self.password)];
        Wsgi::finished(self.service.python(&format!("{MANAGE}{SETUP}"), &["keystone.conf", &self.url(), REGION], &environment)?)
    }

    fn answering(&mut self) -> Result<()> {
        self.service.answering("/v3", &["200"])
    }
}

impl Drop for Keystone {
    fn drop(&mut self) {
        // Before its directory goes.
        self.service.stop();
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        if std::env::var_os("MAGNUM_TEST_KEEP").is_none() {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }
}

/// Random bytes as hexadecimal digits.
pub(crate) fn random_text(bytes: usize) -> Result<String> {
    use std::io::Read;
    let mut random = vec![0; bytes];
    std::fs::File::open("/dev/urandom").and_then(|mut file| file.read_exact(&mut random)).context("reading randomness")?;
    Ok(random.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// A key as fernet has it: 32 bytes in the URL's base64, 168 bits of them random.
fn random_key() -> Result<String> {
    // Of the 43rd digit four bits count, and the others must be nought, as in `A`.
    Ok(format!("{}A=", &random_text(21)?))
}
