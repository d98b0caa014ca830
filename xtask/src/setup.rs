// SPDX-License-Identifier: Apache-2.0
//! What a fresh Debian 12 with rustup lacks.

use crate::sh;
use anyhow::{Context, Result, bail};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
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
    ("python3-keystone", "the real Keystone in tests; with the next two 172 packages, 27 MB to load, 168 MB on disk"),
    ("python3-keystonemiddleware", "whose judgement ours is compared with"),
    ("uwsgi-core", "serves it"),
    ("uwsgi-plugin-python3", "serves it"),
    ("python3-glance", "the real Glance in tests; with the next two 130 packages, 60 MB to load, 376 MB on disk"),
    ("python3-nova", "the real Nova in tests"),
    ("python3-neutron", "the real Neutron in tests"),
    ("mariadb-server", "tests on a real MariaDB of their own"),
    ("postgresql", "tests on a real PostgreSQL of their own"),
    ("python3-openstackclient", "an older command line client in tests"),
    ("python3-magnumclient", "its `coe` commands, of 2022"),
    ("golang-github-gophercloud-gophercloud-dev", "what Terraform and the cluster autoscaler are built on, in tests"),
    ("rabbitmq-server", "the real broker of notifications in tests; with Erlang 20 packages, 38 MB to load, 80 MB on disk"),
    ("python3-magnum", "tests that the Python service works on our databases and we on its"),
    ("python3-pymysql", "its driver for MariaDB"),
    ("python3-psycopg2", "its driver for PostgreSQL"),
];

/// What only `cargo xtask bench --api` needs.
const BENCH: &[(&str, &str)] = &[("wrk", "asks as fast as it can"), ("rabbitmq-server", "between Python Magnum's API and its conductor")];

/// What only `cargo xtask fuzz` needs.
const FUZZ: &[(&str, &str)] = &[("g++", "libFuzzer itself, which is C++")];

/// Installs what is missing. Errors say what only the operator can do.
pub fn run() -> Result<()> {
    install(PACKAGES)
}

/// Installs what the comparison with Python Magnum needs beside that.
pub fn bench() -> Result<()> {
    install(BENCH)
}

/// Installs what fuzzing needs; where there is a compiler, root is not needed.
pub fn fuzz() -> Result<()> {
    if sh::found("c++") { Ok(()) } else { install(FUZZ) }
}

fn install(packages: &[(&'static str, &str)]) -> Result<()> {
    if sh::read(Command::new("id").arg("-u"))?.trim() != "0" {
        bail!("real nodes need root: run this task as root (sudo -E cargo xtask …)");
    }
    let missing: Vec<&str> = packages.iter().map(|(name, _)| *name).filter(|name| !installed(name)).collect();
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
    let _quiet = Quiet::begin()?;
    sh::run(apt().args(["install", "-y", "--no-install-recommends"]).args(&missing))
}

/// While it is there, packages that bring services do not start them: tests start their own.
struct Quiet {
    ours: bool,
}

/// Where Debian's packages ask whether they may start a service.
const POLICY: &str = "/usr/sbin/policy-rc.d";

impl Quiet {
    /// A policy that somebody else has made is left as it is.
    fn begin() -> Result<Self> {
        let file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o755).open(POLICY);
        match file {
            Ok(mut file) => {
                file.write_all(b"#!/bin/sh\nexit 101\n").with_context(|| format!("writing {POLICY}"))?;
                Ok(Self { ours: true })
            }
            Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => Ok(Self { ours: false }),
            Err(e) => Err(e).with_context(|| format!("making {POLICY}")),
        }
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        if self.ours {
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

/// Python programs that the tests run against the server, pinned, each group in an environment of its own.
const PYTHON: &[(&str, &[&str])] = &[
    ("clients", &["python-magnumclient==5.0.0", "python-openstackclient==10.5.0", "openstacksdk==4.22.0"]),
    // magnum-ui 19 logs in to its client by a token as 4.11 does; 5.0 no longer knows how.
    ("horizon", &["magnum-ui==19.0.0", "horizon==27.0.0", "python-magnumclient==4.11.0"]),
    ("notifications", &["oslo.messaging==18.3.1", "pycadf==4.1.0"]),
    ("schemathesis", &["schemathesis==4.32.5"]),
    ("tempest", &["tempest==47.0.0", "magnum-tempest-plugin==2.12.0"]),
    ("traces", &["opentelemetry-proto==1.45.2"]),
];

/// Installs the Python programs that the tests run against the server.
pub fn clients() -> Result<()> {
    for (name, pins) in PYTHON {
        let dir = magnum_testkit::cache_dir().join(name);
        let stamp = dir.join("pins");
        if std::fs::read_to_string(&stamp).is_ok_and(|text| text == pins.join("\n")) {
            continue;
        }
        sh::say(&format!("installing Python programs: {name}"));
        sh::run(Command::new("/usr/bin/python3").args(["-m", "venv", "--clear"]).arg(&dir))?;
        sh::run(Command::new(dir.join("bin/pip")).args(["install", "--quiet", "--disable-pip-version-check"]).args(*pins))?;
        std::fs::write(&stamp, pins.join("\n")).with_context(|| format!("writing {}", stamp.display()))?;
    }
    Ok(())
}

/// The Rust client of OpenStack, the newest without plugins: those want a newer compiler than ours, and a quarter of an hour.
const OSC: &str = "0.13.5";

/// Installs the Rust client that `cargo xtask test --full` runs against the server.
pub fn rust_client() -> Result<()> {
    let root = magnum_testkit::cache_dir().join("osc");
    let stamp = root.join("version");
    if std::fs::read_to_string(&stamp).is_ok_and(|text| text == OSC) {
        return Ok(());
    }
    sh::say("building the Rust client of OpenStack");
    let build = root.join("build");
    let mut install = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    install.args(["install", "openstack_cli", "--version", OSC, "--locked", "--debug", "--quiet", "--force"]);
    install.arg("--root").arg(&root).arg("--target-dir").arg(&build);
    sh::run(install.env("CARGO_PROFILE_DEV_DEBUG", "0"))?;
    std::fs::remove_dir_all(&build).with_context(|| format!("removing {}", build.display()))?;
    std::fs::write(&stamp, OSC).with_context(|| format!("writing {}", stamp.display()))
}
