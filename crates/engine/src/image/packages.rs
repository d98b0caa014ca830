// SPDX-License-Identifier: Apache-2.0
//! Stage 1: Debian packages, by mmdebstrap, without recommended ones.

use super::stage::{Stage, run};
use crate::{Error, digest};
use magnum_host::Program;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Debian 12's name in its archive.
const SUITE: &str = "bookworm";

/// How long the download and installation of all packages may take.
const TIME_LIMIT: Duration = Duration::from_secs(1800);

/// What a node has.
const PACKAGES: [&str; 34] = [
    "bash",
    "bind9-dnsutils",
    "busybox",
    "ca-certificates",
    "cloud-init",
    "conntrack",
    "containernetworking-plugins",
    "curl",
    "dbus",
    "dnsmasq-base",
    "docker.io",
    "e2fsprogs",
    "ebtables",
    "etcd-client",
    "etcd-server",
    "ethtool",
    "iproute2",
    "iptables",
    "iputils-ping",
    "jq",
    "kmod",
    "less",
    "netplan.io",
    "nftables",
    "openssh-server",
    "openssl",
    "procps",
    "socat",
    "sudo",
    "systemd",
    "systemd-sysv",
    "tcpdump",
    "tini",
    "udev",
];

/// Programs that a build needs and the packages that have them.
const PROGRAMS: [(&str, &str); 8] = [
    ("mmdebstrap", "mmdebstrap"),
    ("dpkg-source", "dpkg-dev"),
    ("go", "golang-go"),
    ("make", "make"),
    ("rsync", "rsync"),
    ("curl", "curl"),
    ("chroot", "coreutils"),
    ("apt-get", "apt"),
];

/// The stage. Its result is `rootfs`.
pub(crate) fn stage(refresh: bool) -> Stage<'static> {
    let sources = apt_sources();
    let text = sources.as_ref().and_then(|path| std::fs::read_to_string(path).ok()).unwrap_or_default();
    let inputs = vec![SUITE.to_owned(), PACKAGES.join(","), std::env::consts::ARCH.to_owned(), text];
    let make = move |work: &Path, show: &mut super::stage::Show<'_>| {
        let mut program = Program::new("mmdebstrap")
            .args(["--variant=minbase", "--mode=root", "--format=directory", "--aptopt=APT::Install-Recommends \"false\""])
            .arg(format!("--include={}", PACKAGES.join(",")))
            .env("SOURCE_DATE_EPOCH", super::archive::EPOCH.to_string())
            .arg(SUITE)
            .arg(work.join("rootfs"));
        if let Some(sources) = &sources {
            program = program.arg(sources);
        }
        run(program.time_limit(TIME_LIMIT), show).map(drop)
    };
    Stage::new("packages", inputs, make).refreshed(refresh)
}

/// This machine's own list of Debian 12 sources, if it has one: it says which mirror works here. Else the archive's
/// usual address is used.
fn apt_sources() -> Option<PathBuf> {
    let candidates = ["/etc/apt/sources.list.d/debian.sources", "/etc/apt/sources.list"].map(PathBuf::from);
    candidates.into_iter().find(|path| std::fs::read_to_string(path).is_ok_and(|text| has_suite(&text)))
}

/// What was installed, as one hash: the stages that build on it have it in their key.
pub(crate) fn installed(packages: &Path) -> Result<String, Error> {
    let path = packages.join("rootfs/var/lib/dpkg/status");
    let status =
        std::fs::read(&path).map_err(|e| Error::Resource { resource: "image".to_owned(), what: format!("{}: {e}", path.display()) })?;
    Ok(digest::hex(&status))
}

fn has_suite(text: &str) -> bool {
    text.lines().filter(|l| !l.trim_start().starts_with('#')).any(|l| l.split_whitespace().any(|word| word == SUITE))
}

/// How to get a program.
pub(crate) fn install_hint(program: &str) -> String {
    let package = PROGRAMS.iter().find(|(name, _)| *name == program).map_or(program, |(_, package)| package);
    format!("apt-get install --no-install-recommends {package}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_sources_of_the_right_suite_count() {
        assert!(has_suite("Types: deb\nSuites: bookworm bookworm-updates\n"));
        assert!(has_suite("deb http://mirror.example/debian bookworm main\n"));
        assert!(!has_suite("# deb http://mirror.example/debian bookworm main\ndeb http://mirror.example/ubuntu noble main\n"));
    }

    #[test]
    fn missing_programs_come_with_their_package() {
        assert_eq!(install_hint("go"), "apt-get install --no-install-recommends golang-go");
    }
}
