// SPDX-License-Identifier: Apache-2.0
//! A service of OpenStack from Debian's packages, served by uwsgi on a loopback port out of a directory of its own.

use crate::authority::Authority;
use crate::process::Process;
use crate::server::free_port;
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// Debian's Python, for which its packages are; the one on the path may be another.
const PYTHON: &str = "/usr/bin/python3";
/// How long Python may take to load a service or to make its database, on a machine that is busy.
const LIMIT: Duration = Duration::from_secs(120);

/// One service.
pub(crate) struct Wsgi {
    name: &'static str,
    dir: PathBuf,
    port: u16,
    process: Option<Process>,
}

impl Wsgi {
    /// Writes what uwsgi needs; `application` is Python that sets `application`. SQLite's connections belong to one thread, so each
    /// process answers one request at a time.
    pub fn new(name: &'static str, dir: &Path, application: &str, environment: &[(&str, &str)], processes: u32) -> Result<Self> {
        let port = free_port()?;
        write_private(&dir.join("application.py"), application)?;
        let variables: String = environment.iter().map(|(name, value)| format!("env = {name}={value}\n")).collect();
        let uwsgi = format!(
            "[uwsgi]\nplugin = python3\nhttp-socket = 127.0.0.1:{port}\nwsgi-file = {}/application.py\n{variables}\
             master = true\ndie-on-term = true\nno-orphans = true\nneed-app = true\nenable-threads = true\n\
             processes = {processes}\nthreads = 1\nlisten = 100\nbuffer-size = 65535\nadd-header = Connection: close\n",
            dir.display(),
        );
        write_private(&dir.join("uwsgi.ini"), &uwsgi)?;
        Ok(Self { name, dir: dir.to_owned(), port, process: None })
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Also answers by HTTPS: on the first port to everybody, on the second to whoever shows a certificate of the authority.
    pub fn secure(&self, authority: &Authority) -> Result<(u16, u16)> {
        use std::io::Write;
        let (open, mutual) = (free_port()?, free_port()?);
        let (certificate, key, ca) = (authority.file("server.pem"), authority.file("server.key"), authority.file("ca.pem"));
        let mut file = std::fs::File::options().append(true).open(self.dir.join("uwsgi.ini")).context("opening uwsgi.ini")?;
        write!(
            file,
            "https-socket = 127.0.0.1:{open},{certificate},{key},HIGH\n\
             https-socket = 127.0.0.1:{mutual},{certificate},{key},HIGH,!{ca}\n"
        )
        .context("writing uwsgi.ini")?;
        Ok((open, mutual))
    }

    /// Further settings for uwsgi; one that stands there already is replaced.
    pub fn set(&self, lines: &str) -> Result<()> {
        use std::io::Write;
        let mut file = std::fs::File::options().append(true).open(self.dir.join("uwsgi.ini")).context("opening uwsgi.ini")?;
        file.write_all(lines.as_bytes()).context("writing uwsgi.ini")
    }

    /// The process id of its first process, while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.process.as_ref().map(Process::pid)
    }

    /// Begins a Python program in the service's directory.
    pub fn python(&self, program: &str, arguments: &[&str], environment: &[(&str, &str)]) -> Result<Process> {
        let mut command = Command::new(PYTHON);
        command.args(["-c", program]).args(arguments).current_dir(&self.dir).envs(environment.iter().copied());
        Process::start(self.name, &command, &self.dir.join("setup.log"))
    }

    /// Waits for such a program's good end.
    pub fn finished(process: Process) -> Result<()> {
        process.finish(LIMIT)
    }

    /// Starts it, and does not wait. The kernel ends it with the calling thread.
    pub fn launch(&mut self) -> Result<()> {
        let mut command = Command::new("uwsgi");
        command.arg("--ini").arg(self.dir.join("uwsgi.ini")).current_dir(&self.dir);
        self.process = Some(Process::start(self.name, &command, &self.dir.join("service.log"))?);
        Ok(())
    }

    /// Waits until a GET of `path` is answered with one of these.
    pub fn answering(&mut self, path: &str, statuses: &[&str]) -> Result<()> {
        let (port, process) = (self.port, self.process.as_mut().with_context(|| format!("{} does not run", self.name))?);
        process
            .until(LIMIT, || ask(port, path).is_ok_and(|answer| answer.split(' ').nth(1).is_some_and(|status| statuses.contains(&status))))
    }

    /// Ends it.
    pub fn stop(&mut self) {
        self.process = None;
    }

    /// What it printed.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(self.dir.join("service.log")).unwrap_or_default()).into_owned()
    }
}

/// Runs commands of a `…-manage`, each in a copy of one Python that has loaded it: `run(main, 'db', 'sync')`. The first argument of
/// the program is the configuration file.
pub(crate) const MANAGE: &str = r"
import os, sys

def run(main, *args):
    child = os.fork()
    if child == 0:
        code = 1
        try:
            sys.argv = ['manage', '--config-file', sys.argv[1], *args]
            code = main() or 0
        finally:
            sys.stderr.flush()
            os._exit(code)
    if os.waitpid(child, 0)[1] != 0:
        sys.exit(' '.join(args) + ' failed')
";

/// One GET without any library: the answer with its head.
fn ask(port: u16, path: &str) -> Result<String> {
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

/// A directory that only its owner may enter.
pub(crate) fn make_private(path: &Path) -> Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new().mode(0o700).create(path).with_context(|| format!("making {}", path.display()))
}
