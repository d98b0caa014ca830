// SPDX-License-Identifier: Apache-2.0
//! The whole of `magnum serve` with `[api] enabled_ssl`, asked by clients that check its certificate; and with the authorities of
//! clusters in files, `[certificates] cert_manager_type = local`, from a cluster's create to its delete.

use anyhow::{Context, Result, ensure};
use magnum_testkit::{Authority, Server, csr, dist_dir, patient, venv_dir, wait};
use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

/// How long anything but a rotation may take.
const LIMIT: Duration = Duration::from_secs(30);
/// Docker takes up to some minutes for its own authority.
const ROTATION: Duration = Duration::from_secs(400);

/// A server that speaks TLS, with the files it shows.
struct Secure {
    server: Server,
    certificate: PathBuf,
    key: PathBuf,
}

impl Secure {
    /// `more` is added to `magnum.conf`.
    fn start(more: &str) -> Result<Self> {
        let server = Server::new(&dist_dir()?)?;
        let (certificate, key) = (server.state().join("api.crt"), server.state().join("api.key"));
        let conf =
            format!("[api]\nenabled_ssl = true\nssl_cert_file = {}\nssl_key_file = {}\n{more}", certificate.display(), key.display());
        let mut secure = Self { server, certificate, key };
        secure.renew("first")?;
        secure.server.up_with(&conf, &[])?;
        Ok(secure)
    }

    /// Another authority, which clients trust from now on, and a certificate of it in the place of the one there is.
    fn renew(&mut self, name: &str) -> Result<()> {
        let dir = self.server.state().join(name);
        std::fs::create_dir_all(&dir).context("making a folder for certificates")?;
        let authority = Authority::make(&dir)?;
        for (from, to) in [("server.pem", &self.certificate), ("server.key", &self.key)] {
            // As an operator would: whole or not at all.
            let new = to.with_extension("new");
            std::fs::copy(authority.file(from), &new).context("copying a certificate")?;
            std::fs::rename(new, to).context("putting a certificate in its place")?;
        }
        self.server.trust(authority.file("ca.pem"));
        Ok(())
    }

    fn authority(&self, name: &str) -> String {
        self.server.state().join(name).join("ca.pem").display().to_string()
    }

    /// curl, which trusts this authority only.
    fn curl(&self, authority: &str, path: &str) -> Result<Output> {
        let mut command = Command::new("curl");
        command.args(["--silent", "--show-error", "--max-time", "10", "--cacert", authority]);
        command.arg(format!("{}{path}", self.server.url())).output().context("running curl")
    }

    /// The `openstack` command of one of the real clients.
    fn openstack(&self, program: &Path, args: &[&str]) -> Result<Output> {
        let mut command = Command::new(program);
        command.env_clear().env("PATH", "/usr/bin:/bin").env("HOME", self.server.state()).current_dir(self.server.state());
        command.args(["--os-auth-type", "admin_token", "--os-endpoint", &self.server.url(), "--os-token", &self.server.token()?]);
        command.args(args).output().with_context(|| format!("running {}", program.display()))
    }
}

fn good(output: Output) -> Result<String> {
    let (text, error) = (String::from_utf8_lossy(&output.stdout).into_owned(), String::from_utf8_lossy(&output.stderr));
    ensure!(output.status.success(), "{}\n{text}\n{error}", output.status);
    Ok(text)
}

/// A command that must fail, with these words on standard error.
fn fails(output: &Output, code: Option<i32>, words: &[&str]) -> Result<()> {
    let text = String::from_utf8_lossy(&output.stderr);
    ensure!(!output.status.success() && code.is_none_or(|code| output.status.code() == Some(code)), "{}: {text}", output.status);
    for word in words {
        ensure!(text.contains(word), "{word:?} is not said: {text}");
    }
    Ok(())
}

/// What a text that is written to the server's port is answered with, to the end of the connection.
fn answer(server: &Server, request: &str) -> Result<String> {
    let address = server.url().trim_start_matches("https://").to_owned();
    let mut stream = TcpStream::connect(address).context("connecting")?;
    stream.set_read_timeout(Some(LIMIT))?;
    stream.write_all(request.as_bytes())?;
    let mut text = String::new();
    stream.read_to_string(&mut text).context("reading to the end")?;
    Ok(text)
}

#[test]
fn clients_that_check_certificates_get_on_and_others_are_told_why_not() -> Result<()> {
    let secure = Secure::start("")?;
    let (server, authority) = (&secure.server, secure.authority("first"));
    let text = answer(server, "GET /v1/clusters HTTP/1.1\r\nHost: x\r\n\r\n")?;
    ensure!(text.starts_with("HTTP/1.1 400 ") && text.contains("begins with https://"), "{text}");
    // This machine's own server is found by what it has left, its scheme included.
    let left = std::fs::read_to_string(server.state().join("endpoint"))?;
    ensure!(left.trim() == server.url(), "{left}");

    let root = good(secure.curl(&authority, "/")?)?;
    let link = format!("{}/v1/", server.url());
    ensure!(root.contains(&link), "links lead to {link}: {root}");
    let health = good(secure.curl(&authority, "/healthcheck")?)?;
    ensure!(health.contains("OK"), "{health}");
    // curl's own code for a certificate that it does not believe.
    fails(&secure.curl("/etc/ssl/certs/ca-certificates.crt", "/")?, Some(60), &["certificate"])?;

    server.ok(["cluster-template", "create", "t1", "--coe", "swarm"])?;
    let list = ["cluster-template", "list", "-f", "value", "-c", "name"];
    ensure!(server.ok(list)?.trim() == "t1", "with OS_CACERT");
    // Without variables: the address is the one the server has left in its state directory.
    let magnum = |options: &[&str]| -> Result<Output> {
        let mut command = server.magnum(options.iter().copied().chain(list));
        command.env_remove("OS_CACERT").env_remove("MAGNUM_URL").output().context("running magnum")
    };
    let plain = server.url().replace("https://", "http://");
    for options in [&["--os-cacert", &authority][..], &["--insecure"], &["--url", &server.url(), "--os-cacert", &authority]] {
        ensure!(good(magnum(options)?)?.trim() == "t1", "with {options:?}");
    }
    fails(&magnum(&[])?, Some(69), &["no Magnum server answers at https://", "certificate", "--os-cacert"])?;
    fails(&magnum(&["--url", &plain])?, None, &["speaks TLS only", "https://"])?;

    for program in [venv_dir()?.join("bin/openstack"), PathBuf::from("/usr/bin/openstack")] {
        let list = ["coe", "cluster", "template", "list", "-f", "value", "-c", "name"];
        let found = good(secure.openstack(&program, &[&["--os-cacert", &authority], &list[..]].concat())?)?;
        ensure!(found.trim() == "t1", "{}: {found}", program.display());
        fails(&secure.openstack(&program, &list)?, None, &["CERTIFICATE_VERIFY_FAILED"])?;
    }
    Ok(())
}

#[test]
fn a_certificate_is_replaced_on_disk_and_a_broken_one_changes_nothing() -> Result<()> {
    let mut secure = Secure::start("")?;
    let (first, second) = (secure.authority("first"), secure.authority("second"));
    let pid = secure.server.pid();
    good(secure.curl(&first, "/")?)?;
    secure.renew("second")?;
    wait(LIMIT, "the new certificate is shown", || Ok(secure.curl(&second, "/")?.status.success().then_some(())))?;
    ensure!(!secure.curl(&first, "/")?.status.success(), "the old certificate is shown as well");
    ensure!(secure.server.log().contains("the API's certificate has changed; the new one is in force"), "{}", secure.server.last_words());

    let (certificate, key) = (std::fs::read_to_string(&secure.certificate)?, std::fs::read_to_string(&secure.key)?);
    let other = std::fs::read_to_string(secure.server.state().join("first/server.pem"))?;
    for (broken, what) in [
        (certificate.replace("MII", "!!!"), "is not PEM"),
        (other, "is not that of the first certificate"),
        (String::new(), "holds no certificate"),
    ] {
        std::fs::write(&secure.certificate, broken)?;
        complained(&secure.server, what)?;
        good(secure.curl(&second, "/")?)?;
    }
    std::fs::remove_file(&secure.key)?;
    std::fs::write(&secure.certificate, certificate)?;
    complained(&secure.server, "api.key cannot be read")?;
    good(secure.curl(&second, "/")?)?;
    std::fs::write(&secure.key, key)?;
    wait(LIMIT, "the certificate is right again", || {
        Ok((secure.server.log().matches("the new one is in force").count() == 2).then_some(()))
    })?;
    secure.server.ok(["cluster", "list"])?;
    ensure!(secure.server.pid() == pid && pid.is_some(), "without a restart");
    ensure!(!secure.server.log().contains("PRIVATE KEY"), "no key stands in the log");
    Ok(())
}

/// The log says that a certificate was not taken, and why.
fn complained(server: &Server, what: &str) -> Result<()> {
    let words = ["ERROR", "is not right; the one of before stays in force", what];
    wait(LIMIT, what, || Ok(server.log().lines().any(|line| words.iter().all(|word| line.contains(word))).then_some(())))
}

/// The files of the local manager.
struct Kept(PathBuf);

impl Kept {
    fn names(&self) -> Result<BTreeSet<String>> {
        let entries = std::fs::read_dir(&self.0).context("reading the folder of certificates")?;
        entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
    }

    /// The files of four pairs, each for the owner only; answers their names.
    fn four(&self) -> Result<BTreeSet<String>> {
        let names = self.names()?;
        for ending in ["crt", "key", "pass"] {
            let count = names.iter().filter(|name| name.ends_with(&format!(".{ending}"))).count();
            ensure!(count == 4, "{count} files .{ending}: {names:?}");
        }
        ensure!(names.len() == 12, "{names:?}");
        for path in names.iter().map(|name| self.0.join(name)) {
            let mode = std::fs::metadata(&path)?.permissions().mode() & 0o777;
            ensure!(mode == 0o600, "{} has the mode {mode:o}", path.display());
        }
        let mode = std::fs::metadata(&self.0)?.permissions().mode() & 0o777;
        ensure!(mode == 0o700, "the folder has the mode {mode:o}");
        Ok(names)
    }

    /// The certificates in them.
    fn certificates(&self) -> Result<Vec<String>> {
        let names = self.names()?;
        let files = names.iter().filter(|name| name.ends_with(".crt"));
        files.map(|name| Ok(std::fs::read_to_string(self.0.join(name))?.trim().to_owned())).collect()
    }
}

/// How many key pairs the database has.
fn rows(server: &Server) -> Result<String> {
    let script = "import sqlite3,sys; print(sqlite3.connect('file:%s?mode=ro' % sys.argv[1], uri=True).execute('select count(*) from x509keypair').fetchone()[0])";
    let mut command = Command::new("/usr/bin/python3");
    let output = command.args(["-c", script]).arg(server.state().join("magnum.sqlite")).output().context("running python")?;
    Ok(good(output)?.trim().to_owned())
}

/// Has a request of openssl's signed and checks the answer against what is shown of the authority; answers the latter.
fn signs(secure: &Secure, name: &str) -> Result<String> {
    let server = &secure.server;
    let file = |ending: &str| server.state().join(format!("{name}.{ending}")).display().to_string();
    let (request, certificate, authority) = (file("csr"), file("crt"), file("ca"));
    let openssl = |args: &[&str]| magnum_testkit::openssl(server.state(), args);
    std::fs::write(&request, csr(server.state())?)?;
    std::fs::write(&certificate, server.ok(["ca-sign", "--cluster", "s1", "--csr", &request])?)?;
    let shown = server.ok(["ca-show", "--cluster", "s1"])?;
    std::fs::write(&authority, &shown)?;
    ensure!(openssl(&["verify", "-CAfile", &authority, &certificate])?.contains("OK"));
    let program = venv_dir()?.join("bin/openstack");
    let trust = secure.authority("first");
    let words = ["--os-cacert", &trust, "coe", "ca", "sign", "s1", &request];
    std::fs::write(&certificate, good(secure.openstack(&program, &words)?)?)?;
    ensure!(openssl(&["verify", "-CAfile", &authority, &certificate])?.contains("OK"));
    Ok(shown.trim().to_owned())
}

/// Whether the cluster's Docker lets a client in that has this configuration, and is believed by it.
fn docker_answers(server: &Server, config: &Path) -> Result<bool> {
    let address = server.json(["cluster", "show", "s1"])?["api_address"].as_str().unwrap_or_default().replace("tcp://", "https://");
    let file = |name: &str| config.join(name).display().to_string();
    let (ca, certificate, key) = (file("ca.pem"), file("cert.pem"), file("key.pem"));
    let mut curl = Command::new("curl");
    curl.args(["-sS", "-m", "10", "--cacert", &ca, "--cert", &certificate, "--key", &key, &format!("{address}/info")]);
    Ok(String::from_utf8_lossy(&curl.output().context("running curl")?.stdout).contains("\"Swarm\""))
}

fn configured(server: &Server, name: &str) -> Result<PathBuf> {
    let dir = server.state().join(name);
    std::fs::create_dir_all(&dir)?;
    server.ok(["cluster", "config", "s1", "--dir", &dir.display().to_string(), "--force"])?;
    Ok(dir)
}

#[test]
fn authorities_in_files_serve_a_cluster_from_create_to_delete() -> Result<()> {
    let folder = std::env::temp_dir().join(format!("magnum-test-certificates-{}", std::process::id()));
    let _gone = Gone(folder.clone());
    let storage = format!("[certificates]\ncert_manager_type = local\nstorage_path = {}\n", folder.display());
    let mut secure = Secure::start(&storage)?;
    let kept = Kept(folder);
    ensure!(kept.names()?.is_empty(), "{:?}", kept.names()?);
    secure.server.ok(["cluster-template", "create", "swarm", "--coe", "swarm"])?;
    secure.server.ok(["cluster", "create", "s1", "--cluster-template", "swarm", "--node-count", "1", "--watch"])?;
    let made = kept.four()?;
    ensure!(rows(&secure.server)? == "0", "nothing is kept in the database");
    let shown = signs(&secure, "before")?;
    ensure!(kept.certificates()?.contains(&shown), "what is shown is what is kept: {shown}");
    let old = configured(&secure.server, "old-config")?;
    ensure!(docker_answers(&secure.server, &old)?, "the cluster does not let its client in");

    // Another process finds everything in the files.
    secure.server.kill()?;
    secure.server.up()?;
    ensure!(signs(&secure, "again")? == shown, "another authority after a restart");
    ensure!(kept.four()? == made);

    if patient::full() {
        rotated(&secure, &kept, &made, &old)?;
    }
    secure.server.ok(["cluster", "delete", "s1", "--watch"])?;
    ensure!(kept.names()?.is_empty(), "left after the delete: {:?}", kept.names()?);
    ensure!(!secure.server.log().contains("PRIVATE KEY"), "no key stands in the log");
    Ok(())
}

/// A rotation puts four new pairs in the place of the old ones, whose files go.
fn rotated(secure: &Secure, kept: &Kept, made: &BTreeSet<String>, old: &Path) -> Result<()> {
    let server = &secure.server;
    let before = server.ok(["ca-show", "--cluster", "s1"])?;
    server.ok(["ca", "rotate", "s1"])?;
    wait(ROTATION, "the authorities are replaced", || {
        let cluster = server.json(["cluster", "show", "s1"])?;
        let status = cluster["status"].as_str().unwrap_or_default();
        ensure!(!status.ends_with("_FAILED"), "{status}: {}", cluster["status_reason"]);
        Ok((status == "UPDATE_COMPLETE").then_some(()))
    })?;
    let now = kept.four()?;
    ensure!(now.is_disjoint(made), "files of before are left: {now:?}");
    let shown = signs(secure, "after")?;
    ensure!(shown != before.trim() && shown.matches("BEGIN CERTIFICATE").count() == 1, "one new authority: {shown}");
    ensure!(kept.certificates()?.contains(&shown), "what is shown is what is kept: {shown}");
    ensure!(!docker_answers(server, old)?, "the client of before is let in");
    let new = configured(server, "new-config")?;
    ensure!(docker_answers(server, &new)?, "the new client is not let in");
    Ok(())
}

/// A folder that goes with the test.
struct Gone(PathBuf);

impl Drop for Gone {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
