// SPDX-License-Identifier: Apache-2.0
//! What a fresh Debian 12 with rustup lacks.

use crate::sh;
use anyhow::{Context, Result, bail};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

/// Debian packages, each with the reason it is needed.
const PACKAGES: &[(&str, &str)] = &[
    ("gcc", "the linker, and the C in aws-lc and SQLite"),
    ("libc6-dev", "the static C library of the agent"),
    ("make", "Kubernetes' build"),
    ("lxc", "nodes"),
    ("mmdebstrap", "the node image"),
    ("nftables", "security groups, NAT"),
    ("iptables", "overlay rules"),
    ("iproute2", "namespaces and links"),
    ("dnsmasq-base", "DNS of the private network"),
    ("haproxy", "load balancer of several masters"),
    ("e2fsprogs", "docker volumes"),
    ("golang-go", "Kubernetes from Debian's source"),
    ("rsync", "Kubernetes' build"),
    ("dpkg-dev", "unpacking Debian's source"),
    ("conntrack", "the doctor"),
    ("curl", "the demo"),
    ("ca-certificates", "package downloads"),
    ("openssl", "cross-checks of certificates in tests"),
    ("python3-venv", "the real Python clients in tests"),
    ("procps", "tests"),
    ("mariadb-server", "tests on a real MariaDB of their own"),
    ("postgresql", "tests on a real PostgreSQL of their own"),
    ("python3-magnum", "tests that the Python service works on our databases and we on its"),
    ("python3-pymysql", "its driver for MariaDB"),
    ("python3-psycopg2", "its driver for PostgreSQL"),
];

/// Installs what is missing. Errors say what only the operator can do.
pub fn run() -> Result<()> {
    if sh::read(Command::new("id").arg("-u"))?.trim() != "0" {
        bail!("real nodes need root: run this task as root (sudo -E cargo xtask …)");
    }
    let missing: Vec<&str> = PACKAGES.iter().map(|(name, _)| *name).filter(|name| !installed(name)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    if !sh::found("apt-get") {
        bail!("this machine has no apt-get; install by hand: {}", missing.join(" "));
    }
    sh::say(&format!("installing {}", missing.join(" ")));
    let apt = || {
        let mut command = Command::new("apt-get");
        command.env("DEBIAN_FRONTEND", "noninteractive").arg("-qq").args(["-o", "Dpkg::Use-Pty=0", "-o", "Acquire::Retries=3"]);
        command
    };
    sh::run(apt().arg("update"))?;
    let _quiet = NoServices::begin()?;
    sh::run(apt().args(["install", "-y", "--no-install-recommends"]).args(&missing))
}

/// Packages of servers must not start them: tests start their own. Debian asks this file; it goes when we are done.
struct NoServices(bool);

const POLICY: &str = "/usr/sbin/policy-rc.d";

impl NoServices {
    fn begin() -> Result<Self> {
        if Path::new(POLICY).exists() {
            return Ok(Self(false));
        }
        std::fs::write(POLICY, "#!/bin/sh\nexit 101\n").with_context(|| format!("writing {POLICY}"))?;
        std::fs::set_permissions(POLICY, std::fs::Permissions::from_mode(0o755)).with_context(|| format!("writing {POLICY}"))?;
        Ok(Self(true))
    }
}

impl Drop for NoServices {
    fn drop(&mut self) {
        if self.0 {
            let _ = std::fs::remove_file(POLICY);
        }
    }
}

fn installed(package: &str) -> bool {
    Command::new("dpkg-query")
        .args(["-W", "-f", "${db:Status-Status}", package])
        .output()
        .is_ok_and(|output| output.status.success() && output.stdout == b"installed")
}

/// Makes the node image if the cache has none.
pub fn image(dist: &Path) -> Result<()> {
    sh::say("node image");
    sh::run(Command::new(dist.join("magnum")).args(["image", "build", "--cache-dir"]).arg(magnum_testkit::cache_dir()))
}

/// The real Python clients, pinned, in an environment of their own.
const CLIENTS: &[&str] = &["python-magnumclient==5.0.0", "python-openstackclient==10.5.0", "openstacksdk==4.22.0"];

/// Installs the Python clients that the tests run against the server.
pub fn clients() -> Result<()> {
    let dir = magnum_testkit::cache_dir().join("clients");
    let stamp = dir.join("pins");
    if std::fs::read_to_string(&stamp).is_ok_and(|text| text == CLIENTS.join("\n")) {
        return Ok(());
    }
    sh::say("installing the Python clients");
    sh::run(Command::new("/usr/bin/python3").args(["-m", "venv", "--clear"]).arg(&dir))?;
    sh::run(Command::new(dir.join("bin/pip")).args(["install", "--quiet", "--disable-pip-version-check"]).args(CLIENTS))?;
    std::fs::write(&stamp, CLIENTS.join("\n")).with_context(|| format!("writing {}", stamp.display()))
}
