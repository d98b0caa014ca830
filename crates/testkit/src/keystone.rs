// SPDX-License-Identifier: Apache-2.0
//! A real Keystone of one's own, from Debian's package: SQLite in a temporary directory, a loopback port, gone afterwards.

use crate::process::Process;
use crate::server::free_port;
use anyhow::{Context, Result};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// The only region of the catalogue.
pub const REGION: &str = "RegionOne";
/// Debian's Python, for which its packages are; the one on the path may be another.
const PYTHON: &str = "/usr/bin/python3";

/// How a Keystone is to be.
#[derive(Debug, Clone, Copy)]
pub struct KeystoneOptions {
    /// How long its tokens live.
    pub token_life: Duration,
    /// How many processes answer, each one request at a time. What one keeps in memory the others do not notice to be outdated:
    /// with more than one, Keystone keeps nothing and takes some 0.4 s for a request instead of 8 ms.
    pub processes: u32,
    /// Rounds of bcrypt are 2 to the power of this: 4 is the least there is, 12 is Keystone's default.
    pub hash_rounds: u32,
}

impl Default for KeystoneOptions {
    fn default() -> Self {
        Self { token_life: Duration::from_secs(3600), processes: 1, hash_rounds: 4 }
    }
}

/// A running Keystone with its first administrator. Dropping it ends it and removes its directory.
pub struct Keystone {
    process: Option<Process>,
    dir: PathBuf,
    port: u16,
    password: String,
}

impl Keystone {
    /// Makes its database and keys, starts it, and waits until it answers. The kernel ends it with the calling thread.
    pub fn start(options: &KeystoneOptions) -> Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("magnum-keystone-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let dir = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&dir).context("making Keystone's directory")?;
        // Everything from here on is removed with it.
        let mut keystone = Self { process: None, dir, port: free_port()?, password: random_text(12)? };
        std::fs::set_permissions(&keystone.dir, std::fs::Permissions::from_mode(0o700)).context("closing Keystone's directory")?;
        keystone.configure(options)?;
        // Python takes longer to load all of it than to do anything with it: the service loads while its database is made.
        keystone.launch()?;
        keystone.bootstrap()?;
        keystone.answering()?;
        Ok(keystone)
    }

    /// Where tokens are got, with the version.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/v3", self.port)
    }

    /// The loopback port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Password of the user `admin` of domain `Default`, who has the role admin in project `admin` and on the system.
    pub fn admin_password(&self) -> &str {
        &self.password
    }

    /// Its directory, in which further services may put theirs.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Ends it; what it knows stays.
    pub fn stop(&mut self) {
        self.process = None;
    }

    /// Starts it again after [`Keystone::stop`].
    pub fn up(&mut self) -> Result<()> {
        self.launch()?;
        self.answering()
    }

    /// What it printed.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(self.dir.join("keystone.log")).unwrap_or_default()).into_owned()
    }

    fn configure(&self, options: &KeystoneOptions) -> Result<()> {
        let dir = self.dir.display();
        // Its own keys would take two more starts of Python.
        for (folder, keys) in [("fernet", 2), ("credential", 2)] {
            let folder = self.dir.join(folder);
            std::fs::create_dir(&folder).context("making a directory for keys")?;
            std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o700)).context("closing a directory for keys")?;
            for number in 0..keys {
                write_private(&folder.join(number.to_string()), &random_key()?)?;
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
        write_private(&self.dir.join("keystone.conf"), &conf)?;
        write_private(
            &self.dir.join("application.py"),
            "from keystone.server.wsgi import initialize_public_application\napplication = initialize_public_application()\n",
        )?;
        let uwsgi = format!(
            "[uwsgi]\nplugin = python3\nhttp-socket = 127.0.0.1:{}\nwsgi-file = {dir}/application.py\n\
             env = OS_KEYSTONE_CONFIG_DIR={dir}\nenv = OS_KEYSTONE_CONFIG_FILES=keystone.conf\n\
             master = true\ndie-on-term = true\nno-orphans = true\nneed-app = true\nenable-threads = true\n\
             processes = {}\nthreads = 1\nlisten = 100\nbuffer-size = 65535\nadd-header = Connection: close\n",
            self.port, options.processes,
        );
        write_private(&self.dir.join("uwsgi.ini"), &uwsgi)
    }

    fn bootstrap(&self) -> Result<()> {
        // Each command of keystone-manage in a copy of one Python that has loaded Keystone. The password comes by the environment,
        // where other users do not see it.
        const SETUP: &str = r"
import os, sqlite3, sys
from keystone.cmd import manage

def run(*args):
    child = os.fork()
    if child == 0:
        code = 1
        try:
            sys.argv = ['keystone-manage', '--config-file', sys.argv[1], *args]
            code = manage.main() or 0
        finally:
            sys.stderr.flush()
            os._exit(code)
    if os.waitpid(child, 0)[1] != 0:
        sys.exit('keystone-manage ' + args[0] + ' failed')

run('db_sync')
# Otherwise who reads would lock out who writes.
sqlite3.connect('keystone.db').execute('pragma journal_mode = wal')
url = sys.argv[2]
run('bootstrap', '--bootstrap-admin-url', url, '--bootstrap-internal-url', url, '--bootstrap-public-url', url,
    '--bootstrap-region-id', sys.argv[3])
";
        let mut command = Command::new(PYTHON);
        command.args(["-c", SETUP]).arg(self.dir.join("keystone.conf")).arg(self.url()).arg(REGION).current_dir(&self.dir);
        command.env("OS_BOOTSTRAP_PASSWORD", &self.password);
        Process::start("keystone-manage", &command, &self.dir.join("setup.log"))?.finish(Duration::from_secs(60))
    }

    fn launch(&mut self) -> Result<()> {
        let mut command = Command::new("uwsgi");
        command.args(["--ini"]).arg(self.dir.join("uwsgi.ini")).current_dir(&self.dir);
        self.process = Some(Process::start("Keystone (packages python3-keystone, uwsgi-core)", &command, &self.dir.join("keystone.log"))?);
        Ok(())
    }

    fn answering(&mut self) -> Result<()> {
        let (port, process) = (self.port, self.process.as_mut().context("Keystone does not run")?);
        process.until(Duration::from_secs(60), || ask(port, "/v3").is_ok_and(|answer| answer.split(' ').nth(1) == Some("200")))
    }
}

impl Drop for Keystone {
    fn drop(&mut self) {
        self.stop();
        if std::env::var_os("MAGNUM_TEST_KEEP").is_none() {
            let _ = std::fs::remove_dir_all(&self.dir);
        }
    }
}

/// One GET without any library: the answer with its head.
pub(crate) fn ask(port: u16, path: &str) -> Result<String> {
    use std::io::{Read, Write};
    let mut stream = std::net::TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    write!(stream, "GET {path} HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

/// A file that only its owner may read.
pub(crate) fn write_private(path: &Path, text: &str) -> Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    file.and_then(|mut file| file.write_all(text.as_bytes())).with_context(|| format!("writing {}", path.display()))
}

/// Random bytes as hexadecimal digits.
pub(crate) fn random_text(bytes: usize) -> Result<String> {
    let mut random = vec![0; bytes];
    use std::io::Read;
    std::fs::File::open("/dev/urandom").and_then(|mut file| file.read_exact(&mut random)).context("reading randomness")?;
    Ok(random.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// A key as fernet has it: 32 random bytes in the URL's base64, here of letters and digits only.
fn random_key() -> Result<String> {
    // 43 digits stand for 258 bits: the last may only be one that leaves no bits over.
    let digits = random_text(22)?;
    Ok(format!("{}A=", &digits[..42]))
}
