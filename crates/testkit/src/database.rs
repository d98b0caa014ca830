// SPDX-License-Identifier: Apache-2.0
//! A database server of one's own: Debian's MariaDB or PostgreSQL on a socket in a temporary directory, gone afterwards,
//! also when a test fails. Nothing listens on the network.

use anyhow::{Context, Result, ensure};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// Which server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DatabaseKind {
    MariaDb,
    Postgres,
}

/// A running server. Dropping it ends it and removes its directory.
pub struct DatabaseServer {
    kind: DatabaseKind,
    dir: PathBuf,
    child: Option<Child>,
    /// Also on this loopback port, for encrypted connections with a password only.
    port: Option<u16>,
}

impl DatabaseServer {
    /// Makes an empty server's directory, starts it and waits until it answers.
    pub fn start(kind: DatabaseKind) -> Result<Self> {
        Self::begin(kind, None)
    }

    /// As [`Self::start`], and beside the socket it listens on a loopback port, encrypted, with a certificate for `localhost`
    /// that [`Self::authority`] signed.
    pub fn start_encrypted(kind: DatabaseKind) -> Result<Self> {
        Self::begin(kind, Some(crate::server::free_port()?))
    }

    fn begin(kind: DatabaseKind, port: Option<u16>) -> Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        sweep();
        // Short: a socket's path has at most 107 bytes.
        let dir = std::env::temp_dir().join(format!("mgdb-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed)));
        std::fs::create_dir_all(&dir).with_context(|| format!("making {}", dir.display()))?;
        let mut server = Self { kind, dir, child: None, port };
        match kind {
            DatabaseKind::MariaDb => {
                let data = format!("--datadir={}", server.data().display());
                let install = ["--no-defaults", "--skip-test-db", "--auth-root-authentication-method=normal", "--user=root"];
                quiet(Command::new("mariadb-install-db").args(install).arg(data).arg(server.scratch()))?;
            }
            DatabaseKind::Postgres => {
                ensure!(
                    run_ok(Command::new("chown").arg("postgres").arg(&server.dir))?,
                    "{} cannot be given to postgres",
                    server.dir.display()
                );
                // A locale whose order is not that of bytes, so that tests see when somebody relies on it.
                let words = ["-A", "trust", "-U", "postgres", "-E", "UTF8", "--no-sync", "--locale=C.UTF-8"];
                let icu = ["--locale-provider=icu", "--icu-locale=en-US"];
                quiet(as_postgres(&bin("initdb")?).args(words).args(icu).arg("-D").arg(server.data()))?;
            }
        }
        if port.is_some() {
            server.certify()?;
        }
        server.up()?;
        Ok(server)
    }

    /// The certificate of the authority that signed the server's.
    pub fn authority(&self) -> PathBuf {
        self.dir.join("ca.pem")
    }

    /// An authority, a certificate by it, and for PostgreSQL who may come by the port.
    fn certify(&self) -> Result<()> {
        let file = |name: &str| self.dir.join(name).display().to_string();
        let (ca, key, pem, request) = (file("ca.pem"), file("key.pem"), file("cert.pem"), file("request.pem"));
        let extensions = file("extensions");
        std::fs::write(&extensions, "subjectAltName=DNS:localhost\n").context("writing the extensions")?;
        let new = ["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj"];
        quiet(Command::new("openssl").args(new).args(["/CN=tests", "-x509", "-days", "2", "-keyout", &file("ca.key"), "-out", &ca]))?;
        quiet(Command::new("openssl").args(new).args(["/CN=localhost", "-keyout", &key, "-out", &request]))?;
        let sign = ["x509", "-req", "-days", "2", "-in", &request, "-CA", &ca, "-CAkey", &file("ca.key"), "-CAcreateserial"];
        quiet(Command::new("openssl").args(sign).args(["-out", &pem, "-extfile", &extensions]))?;
        if self.kind == DatabaseKind::Postgres {
            quiet(Command::new("chown").args(["postgres", &key, &pem, &ca]))?;
            let words = "local all all trust\nhostssl all all 127.0.0.1/32 scram-sha-256\n";
            std::fs::write(self.data().join("pg_hba.conf"), words).context("writing pg_hba.conf")?;
        }
        Ok(())
    }

    /// Makes a user who may do everything with a database, by the port and encrypted only.
    pub fn create_user(&self, database: &str, user: &str, password: &str) -> Result<()> {
        let words = match self.kind {
            DatabaseKind::MariaDb => {
                format!("CREATE USER '{user}'@'%' IDENTIFIED BY '{password}' REQUIRE SSL; GRANT ALL ON {database}.* TO '{user}'@'%'")
            }
            DatabaseKind::Postgres => {
                format!(
                    "CREATE USER {user} PASSWORD '{password}'; GRANT ALL ON DATABASE {database} TO {user}; GRANT ALL ON SCHEMA public TO {user}"
                )
            }
        };
        self.sql(database, &words).map(drop)
    }

    /// The loopback port.
    pub fn port(&self) -> Option<u16> {
        self.port
    }

    fn data(&self) -> PathBuf {
        self.dir.join("data")
    }

    fn socket(&self) -> PathBuf {
        match self.kind {
            DatabaseKind::MariaDb => self.dir.join("s"),
            DatabaseKind::Postgres => self.dir.join(format!(".s.PGSQL.{}", self.port.unwrap_or(5432))),
        }
    }

    /// Starts the process (again) on the same data and waits until it answers.
    pub fn up(&mut self) -> Result<()> {
        let deadline = Instant::now() + Duration::from_secs(60);
        self.child = Some(self.spawn()?);
        while !self.sql("postgres", "SELECT 1").is_ok_and(|answer| answer.trim() == "1") {
            let log = || std::fs::read_to_string(self.dir.join("log")).unwrap_or_default();
            ensure!(Instant::now() < deadline, "{:?} does not answer within a minute: {}", self.kind, log());
            if let Some(status) = self.child.as_mut().and_then(|child| child.try_wait().ok().flatten()) {
                // After a kill, PostgreSQL's other processes need a moment to see that the first one is gone.
                ensure!(log().contains("still in use"), "{:?} ended with {status}: {}", self.kind, log());
                self.child = Some(self.spawn()?);
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    /// A place for temporary tables of its own: a MariaDB that starts removes every such file it finds, another server's too.
    fn scratch(&self) -> String {
        format!("--tmpdir={}", self.dir.display())
    }

    fn spawn(&self) -> Result<Child> {
        let log = File::options().create(true).append(true).open(self.dir.join("log")).context("opening the server's log")?;
        let mut command = match self.kind {
            DatabaseKind::MariaDb => {
                let mut command = dying("mariadbd");
                command.args(["--no-defaults", "--user=root", "--skip-log-bin", "--skip-name-resolve"]);
                match self.port {
                    None => command.arg("--skip-networking"),
                    Some(port) => command
                        .args(["--bind-address=127.0.0.1", &format!("--port={port}"), &format!("--ssl-ca={}", self.authority().display())])
                        .arg(format!("--ssl-cert={}", self.dir.join("cert.pem").display()))
                        .arg(format!("--ssl-key={}", self.dir.join("key.pem").display())),
                };
                command.args(["--innodb-buffer-pool-size=128M", "--innodb-flush-log-at-trx-commit=2", "--max-connections=200"]);
                command.arg(format!("--datadir={}", self.data().display())).arg(self.scratch());
                command.arg(format!("--socket={}", self.socket().display()));
                command.arg(format!("--pid-file={}", self.dir.join("pid").display()));
                command
            }
            DatabaseKind::Postgres => {
                let mut command = as_postgres(&bin("postgres")?);
                command.arg("-D").arg(self.data()).arg("-k").arg(&self.dir);
                command.args(["-c", "fsync=off", "-c", "max_connections=200", "-c"]);
                match self.port {
                    None => command.arg("listen_addresses="),
                    Some(port) => command
                        .args(["listen_addresses=127.0.0.1", "-c", &format!("port={port}"), "-c", "ssl=on", "-c"])
                        .arg(format!("ssl_cert_file={}", self.dir.join("cert.pem").display()))
                        .arg("-c")
                        .arg(format!("ssl_key_file={}", self.dir.join("key.pem").display())),
                };
                command
            }
        };
        command.stdin(Stdio::null()).stdout(log.try_clone().context("sharing the log")?).stderr(log);
        command.spawn().with_context(|| format!("starting {:?}", self.kind))
    }

    /// Ends the process as `kill -9` does; the data stay.
    pub fn kill(&mut self) -> Result<()> {
        if let Some(mut child) = self.child.take() {
            child.kill().context("killing the server")?;
            child.wait().context("waiting for the server")?;
        }
        Ok(())
    }

    /// Makes an empty database and answers its URL as in `[database] connection`.
    pub fn create(&self, name: &str) -> Result<String> {
        let words = match self.kind {
            DatabaseKind::MariaDb => format!("CREATE DATABASE {name} CHARACTER SET utf8"),
            DatabaseKind::Postgres => format!("CREATE DATABASE {name}"),
        };
        self.sql("postgres", &words)?;
        Ok(self.url(name))
    }

    /// The URL of one of its databases.
    pub fn url(&self, name: &str) -> String {
        match self.kind {
            DatabaseKind::MariaDb => format!("mysql+pymysql://root@localhost/{name}?charset=utf8&unix_socket={}", self.socket().display()),
            DatabaseKind::Postgres => {
                format!("postgresql+psycopg2://postgres@/{name}?host={}&port={}", self.dir.display(), self.port.unwrap_or(5432))
            }
        }
    }

    /// Runs SQL with the server's own client; answers what it printed, without headings.
    pub fn sql(&self, database: &str, words: &str) -> Result<String> {
        let mut command = match self.kind {
            DatabaseKind::MariaDb => {
                let mut command = Command::new("mariadb");
                command.args(["--no-defaults", "--user=root", "--batch", "--skip-column-names", "--socket"]).arg(self.socket());
                command.args(["-e", words]);
                if database != "postgres" {
                    command.arg(database);
                }
                command
            }
            DatabaseKind::Postgres => {
                let mut command = Command::new(bin("psql")?);
                command.args(["-X", "-q", "-A", "-t", "-U", "postgres", "-d", database, "-v", "ON_ERROR_STOP=1", "-c", words]);
                command.arg("-h").arg(&self.dir).args(["-p", &self.port.unwrap_or(5432).to_string()]);
                command
            }
        };
        let output = command.stdin(Stdio::null()).output().with_context(|| format!("running {command:?}"))?;
        ensure!(output.status.success(), "{words:.200}: {}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Cuts all connections to a database, as a restart of the server would.
    pub fn cut(&self, database: &str) -> Result<()> {
        match self.kind {
            DatabaseKind::MariaDb => {
                let list = "SELECT id FROM information_schema.processlist WHERE db = ";
                for id in self.sql("postgres", &format!("{list}'{database}'"))?.lines() {
                    // One that has ended meanwhile is as well.
                    let _ = self.sql("postgres", &format!("KILL {id}"));
                }
                Ok(())
            }
            DatabaseKind::Postgres => {
                let words = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'");
                self.sql("postgres", &words).map(drop)
            }
        }
    }
}

impl Drop for DatabaseServer {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            // The servers' own fast ends.
            let signal = if self.kind == DatabaseKind::Postgres { "-INT" } else { "-TERM" };
            let _ = Command::new("kill").args([signal, &child.id().to_string()]).status();
            let deadline = Instant::now() + Duration::from_secs(20);
            while matches!(child.try_wait(), Ok(None)) && Instant::now() < deadline {
                std::thread::sleep(Duration::from_millis(20));
            }
            let _ = child.kill();
            let _ = child.wait();
        }
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

/// Removes what processes left that were killed before they could: their servers were killed with them.
fn sweep() {
    for entry in std::fs::read_dir(std::env::temp_dir()).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let Some(pid) = name.strip_prefix("mgdb-").and_then(|rest| rest.split('-').next()) else { continue };
        if !Path::new("/proc").join(pid).exists() {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

/// A program that is killed when the thread that started it ends, however that comes.
fn dying(program: &str) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", program]);
    command
}

/// PostgreSQL does not run as root.
fn as_postgres(program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--reuid", "postgres", "--regid", "postgres", "--clear-groups", "--pdeathsig", "KILL"]).arg(program);
    command
}

/// A program of the newest PostgreSQL that Debian has installed.
fn bin(program: &str) -> Result<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").context("PostgreSQL is not installed; run cargo xtask setup")?;
    let mut found: Vec<PathBuf> = versions.flatten().map(|e| e.path().join("bin").join(program)).filter(|path| path.is_file()).collect();
    found.sort();
    found.pop().with_context(|| format!("{program} is not in /usr/lib/postgresql; run cargo xtask setup"))
}

fn run_ok(command: &mut Command) -> Result<bool> {
    Ok(command.stdin(Stdio::null()).status().with_context(|| format!("running {command:?}"))?.success())
}

/// Runs a program whose output matters only when it fails.
fn quiet(command: &mut Command) -> Result<()> {
    let output =
        command.stdin(Stdio::null()).output().with_context(|| format!("running {command:?}; is it installed? cargo xtask setup"))?;
    let text = || format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    ensure!(output.status.success(), "{command:?} ended with {}: {}", output.status, text());
    Ok(())
}
