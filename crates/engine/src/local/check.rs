// SPDX-License-Identifier: Apache-2.0
//! What a machine must have before the local engine can do anything on it.

use magnum_host::program;
use nix::unistd::geteuid;
use std::path::Path;

/// Programs and the Debian packages that have them.
const PROGRAMS: [(&str, &str); 8] = [
    ("lxc-start", "lxc"),
    ("lxc-attach", "lxc"),
    ("ip", "iproute2"),
    ("nft", "nftables"),
    ("dnsmasq", "dnsmasq-base"),
    ("haproxy", "haproxy"),
    ("mkfs.ext4", "e2fsprogs"),
    ("mount", "mount"),
];

/// Something that is missing, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    pub what: String,
    pub hint: String,
}

/// Everything that is missing on this machine; empty when clusters can be made. `image` is the image that will be
/// used, below `image_dir`.
pub fn check(image_dir: &Path, image: &str) -> Vec<Missing> {
    let mut missing = Vec::new();
    if !geteuid().is_root() {
        missing.push(Missing {
            what: "the local engine makes namespaces and containers, and this user is not root".to_owned(),
            hint: "run magnum as root".to_owned(),
        });
    }
    for (name, _) in PROGRAMS.iter().filter(|(name, _)| program::find(name).is_none()) {
        missing.push(Missing { what: format!("{name} is not installed"), hint: install_hint(name) });
    }
    for (path, what) in [("/sys/fs/cgroup", "control groups are not mounted"), ("/dev/loop-control", "loop devices are not available")] {
        if !Path::new(path).exists() {
            missing.push(Missing { what: what.to_owned(), hint: format!("give this machine {path}") });
        }
    }
    if !image_dir.join(image).join("rootfs").join("usr/lib/systemd/systemd").exists()
        && !image_dir.join(image).join("rootfs/lib/systemd/systemd").exists()
    {
        missing.push(Missing {
            what: format!("image {image} is not in {}", image_dir.display()),
            hint: "build it with: magnum image build".to_owned(),
        });
    }
    missing
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
    fn what_is_missing_comes_with_a_remedy() {
        let missing = check(Path::new("/nonexistent"), "debian-12");
        let image = missing.iter().find(|m| m.what.starts_with("image debian-12")).unwrap();
        assert_eq!(image.hint, "build it with: magnum image build");
        assert_eq!(install_hint("dnsmasq"), "apt-get install --no-install-recommends dnsmasq-base");
    }
}
