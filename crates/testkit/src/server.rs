// SPDX-License-Identifier: Apache-2.0
//! A `magnum serve` of one's own: own state directory, own port, gone afterwards, also when a test fails.

use crate::kubectl::wait;
use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use std::fs::File;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// Where heavy builds are kept from one run to the next.
pub fn cache_dir() -> PathBuf {
    std::env::var_os("MAGNUM_CACHE_DIR").map_or_else(|| PathBuf::from("/var/cache/magnum"), PathBuf::from)
}

/// A running server. Dropping it deletes its clusters, ends it and removes its state directory.
pub struct Server {
    child: Option<Child>,
    dist: PathBuf,
    state: PathBuf,
    port: u16,
    /// Further arguments of `magnum serve`.
    args: Vec<String>,
    /// The token of commands, where the private one is not good.
    token: Option<String>,
    /// The file with the authority of the server's certificate, where it speaks TLS.
    authority: Option<PathBuf>,
}

impl Server {
    /// Starts `magnum serve` from the directory with both binaries and waits until it answers.
    pub fn start(dist: &Path) -> Result<Self> {
        let mut server = Self::new(dist)?;
        server.up()?;
        Ok(server)
    }

    /// A server that is not started yet: its port is known, and it has a state directory.
    pub fn new(dist: &Path) -> Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("magnum-test-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let state = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&state).context("making the state directory")?;
        crate::leftovers::claim(&state);
        Ok(Self { child: None, dist: dist.to_owned(), state, port: free_port()?, args: Vec::new(), token: None, authority: None })
    }

    /// Starts it with a `magnum.conf` of this text, and further arguments.
    pub fn up_with(&mut self, conf: &str, args: &[&str]) -> Result<()> {
        let file = self.state.join("magnum.conf");
        std::fs::write(&file, conf).context("writing magnum.conf")?;
        std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).context("making magnum.conf private")?;
        self.args = ["--config-file", &file.display().to_string()].iter().chain(args).map(|word| (*word).to_owned()).collect();
        self.up()
    }

    /// Has commands speak with this token.
    pub fn speak_with(&mut self, token: String) {
        self.token = Some(token);
    }

    /// Has commands speak TLS, and believe what this authority has signed.
    pub fn trust(&mut self, authority: impl Into<PathBuf>) {
        self.authority = Some(authority.into());
    }

    /// Starts the process (again) on the same state and waits until it answers.
    pub fn up(&mut self) -> Result<()> {
        let log = File::options().create(true).append(true).open(self.state.join("serve.log")).context("opening serve.log")?;
        let child = Command::new(self.dist.join("magnum"))
            .args(["serve", "--listen", &format!("127.0.0.1:{}", self.port), "--state-dir"])
            .arg(&self.state)
            .arg("--cache-dir")
            .arg(cache_dir())
            .args(&self.args)
            .stdin(Stdio::null())
            .stdout(log.try_clone().context("sharing serve.log")?)
            .stderr(log)
            .spawn()
            .context("starting magnum serve")?;
        let child = self.child.insert(child);
        let deadline = Instant::now() + Duration::from_secs(20);
        while std::net::TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            if let Some(status) = child.try_wait().context("looking after magnum serve")? {
                bail!("magnum serve ended with {status}: {}", self.log());
            }
            if Instant::now() > deadline {
                bail!("magnum serve does not answer on port {}", self.port);
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        Ok(())
    }

    /// `kill -9`: the process gets no chance to finish anything.
    pub fn kill(&mut self) -> Result<()> {
        if let Some(mut child) = self.child.take() {
            child.kill().context("killing magnum serve")?;
            child.wait().context("waiting for magnum serve")?;
        }
        silent(self.port)
    }

    /// The server's process id, while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// The directory with both binaries.
    pub fn dist(&self) -> &Path {
        &self.dist
    }

    /// The state directory; commands run in it.
    pub fn state(&self) -> &Path {
        &self.state
    }

    /// The API's base URL.
    pub fn url(&self) -> String {
        let scheme = if self.authority.is_some() { "https" } else { "http" };
        format!("{scheme}://127.0.0.1:{}", self.port)
    }

    /// The private token.
    pub fn token(&self) -> Result<String> {
        Ok(std::fs::read_to_string(self.state.join("token")).context("reading the token")?.trim().to_owned())
    }

    /// A `magnum` command against this server.
    pub fn magnum<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> Command {
        let mut command = Command::new(self.dist.join("magnum"));
        command.args(args).env("MAGNUM_URL", self.url()).env("MAGNUM_STATE_DIR", &self.state).env_remove("MAGNUM_TOKEN");
        // Whoever runs the tests may be logged in somewhere.
        command.env_remove("OS_CLOUD").env_remove("OS_AUTH_URL").env_remove("OS_CACERT").env_remove("OS_INSECURE");
        command.envs(self.authority.iter().map(|file| ("OS_CACERT", file)));
        command.envs(self.token.iter().map(|token| ("MAGNUM_TOKEN", token)));
        command.current_dir(&self.state).stdin(Stdio::null());
        command
    }

    /// Runs a command and answers how it ended and what it printed.
    pub fn output<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> Result<Output> {
        let mut command = self.magnum(args);
        command.output().with_context(|| format!("running {command:?}"))
    }

    /// Runs a command that must succeed; answers its standard output.
    pub fn ok<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> Result<String> {
        let mut command = self.magnum(args);
        let output = command.output().with_context(|| format!("running {command:?}"))?;
        let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
        if !output.status.success() {
            let log = self.last_words();
            bail!("{command:?} ended with {}\n{stdout}\n{}\nserver: {log}", output.status, String::from_utf8_lossy(&output.stderr));
        }
        Ok(stdout)
    }

    /// The server's log, of all its starts.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.state.join("serve.log")).unwrap_or_default()
    }

    /// The end of the server's log.
    pub fn last_words(&self) -> String {
        let log = self.log();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(40)..].join("\n")
    }

    /// A command's JSON answer.
    pub fn json<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> Result<Value> {
        let mut all: Vec<&str> = args.into_iter().collect();
        all.extend(["-o", "json"]);
        let text = self.ok(all.iter().copied())?;
        serde_json::from_str(&text).with_context(|| format!("{all:?} printed no JSON: {text}"))
    }

    /// Runs a program on a node; answers its exit code and output.
    pub fn exec(&self, cluster: &str, node: &str, argv: &[&str]) -> Result<(Option<i32>, String)> {
        let output = self.output(["node", "exec", cluster, node, "--"].into_iter().chain(argv.iter().copied()))?;
        let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        Ok((output.status.code(), text))
    }

    /// Runs a program on a node that must succeed; answers its output.
    pub fn exec_ok(&self, cluster: &str, node: &str, argv: &[&str]) -> Result<String> {
        let (code, text) = self.exec(cluster, node, argv)?;
        ensure!(code == Some(0), "{argv:?} on {node}: {code:?} {text}");
        Ok(text)
    }

    /// Breaks etcd's program on the booting first master of a cluster; an etcd that was faster than this is killed, so that it
    /// meets the broken program as well.
    pub fn break_etcd(&self, cluster: &str) -> Result<()> {
        let script = "mount --bind /bin/false /usr/bin/etcd && { systemctl kill --signal=KILL etcd.service || true; }";
        wait(Duration::from_secs(30), "etcd's program is broken", || {
            Ok((self.exec(cluster, "master-0", &["sh", "-c", script])?.0 == Some(0)).then_some(()))
        })
    }

    /// nft in the namespace of a cluster's network, where the nodes' ports are filtered.
    pub fn network_nft(&self, cluster: &str, words: &[&str]) -> Result<String> {
        self.nft(cluster, "net", words)
    }

    /// nft in the namespace of a cluster's router, which stands between its network and this machine.
    pub fn router_nft(&self, cluster: &str, words: &[&str]) -> Result<String> {
        self.nft(cluster, "router", words)
    }

    fn nft(&self, cluster: &str, part: &str, words: &[&str]) -> Result<String> {
        let end = format!("-{}.{part}", self.short_id(cluster)?);
        let names = std::fs::read_dir("/run/netns").context("reading /run/netns")?.filter_map(|e| e.ok()?.file_name().into_string().ok());
        let mut names = names.filter(|name| name.ends_with(&end));
        let namespace = names.next().with_context(|| format!("the cluster's {part} has no namespace"))?;
        let output = Command::new("ip").args(["netns", "exec", &namespace, "nft"]).args(words).output().context("running nft")?;
        ensure!(output.status.success(), "nft {words:?}: {}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Stops all processes of a node where they stand, or lets them go on: its power stays on, but nothing answers.
    pub fn freeze(&self, cluster: &str, node: &str, frozen: bool) -> Result<()> {
        let end = format!("-{}-{node}", self.short_id(cluster)?);
        let folder = std::fs::read_dir("/sys/fs/cgroup/freezer").context("reading the freezer's groups")?.filter_map(Result::ok);
        let group = folder.map(|e| e.path()).find(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.starts_with("lxc.payload.") && name.ends_with(&end)
        });
        let state = group.with_context(|| format!("{node} has no freezer group"))?.join("freezer.state");
        std::fs::write(state, if frozen { "FROZEN" } else { "THAWED" }).with_context(|| format!("freezing or thawing {node}"))
    }

    /// What the names of a cluster's things on this machine have in them.
    fn short_id(&self, cluster: &str) -> Result<String> {
        let cluster = self.json(["cluster", "show", cluster])?;
        Ok(cluster["uuid"].as_str().unwrap_or_default().chars().take(8).collect())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.child.is_none() {
            let _ = self.up();
        }
        let clusters = self.json(["cluster", "list"]).unwrap_or_default();
        for uuid in clusters.as_array().into_iter().flatten().filter_map(|c| c["uuid"].as_str()) {
            let _ = self.output(["cluster", "delete", uuid, "--watch"]);
        }
        if let Some(mut child) = self.child.take() {
            // SIGTERM lets the server take down what all clusters shared.
            let _ = Command::new("kill").arg(child.id().to_string()).status();
            let deadline = Instant::now() + Duration::from_secs(10);
            while matches!(child.try_wait(), Ok(None)) && Instant::now() < deadline {
                std::thread::sleep(Duration::from_millis(20));
            }
            let _ = child.kill();
            let _ = child.wait();
        }
        if std::env::var_os("MAGNUM_TEST_KEEP").is_none() {
            let _ = std::fs::remove_dir_all(&self.state);
        }
    }
}

/// Waits until nothing listens at a port of a server that was killed: a program that it was just starting has its listener
/// for a moment, and would be taken for the next server.
pub(crate) fn silent(port: u16) -> Result<()> {
    let deadline = Instant::now() + Duration::from_secs(20);
    while TcpListener::bind(("127.0.0.1", port)).is_err() {
        ensure!(Instant::now() < deadline, "something still listens on port {port} after its server was killed");
        std::thread::sleep(Duration::from_millis(2));
    }
    Ok(())
}

/// A port that nothing listens on now. Not one that the kernel gives to connections: while the server starts, a connection
/// to such a port can be given the same port as its own end, and then reaches itself.
pub(crate) fn free_port() -> Result<u16> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let start = std::process::id().wrapping_mul(37);
    for _ in 0..500 {
        let offset = start.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % 12_000;
        let port = 20_000 + u16::try_from(offset).context("a port out of range")?;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return Ok(port);
        }
    }
    bail!("no free port from 20000 to 31999")
}
