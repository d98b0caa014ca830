// SPDX-License-Identifier: Apache-2.0
//! The base configuration of the root file system: what makes packages a node that boots in a fraction of a second,
//! does nothing on its own, and waits for its agent. Files are replaced, never written into: they are shared with the
//! stage they come from.

use magnum_host::{Error, file};
use std::path::Path;

const UNITS: &str = "etc/systemd/system";

/// Units that would wait for something that never comes, look at the host's devices, or change the host's settings.
const MASKED: [&str; 29] = [
    "apt-daily-upgrade.timer",
    "apt-daily.timer",
    "console-getty.service",
    "container-getty@.service",
    "dev-hugepages.mount",
    "dev-mqueue.mount",
    "dpkg-db-backup.timer",
    "e2scrub_all.timer",
    "e2scrub_reap.service",
    "fstrim.timer",
    "getty@tty1.service",
    "networking.service",
    "proc-sys-fs-binfmt_misc.automount",
    "sys-kernel-config.mount",
    "sys-kernel-debug.mount",
    "sys-kernel-tracing.mount",
    "systemd-modules-load.service",
    "systemd-networkd-wait-online.service",
    "systemd-networkd.service",
    "systemd-networkd.socket",
    "systemd-pstore.service",
    "systemd-sysctl.service",
    "systemd-timesyncd.service",
    "systemd-udev-settle.service",
    "systemd-udev-trigger.service",
    "systemd-udevd-control.socket",
    "systemd-udevd-kernel.socket",
    "systemd-udevd.service",
    "systemd-resolved.service",
];

/// Units that packages enable and that only the agent may start.
const DISABLED: [&str; 5] = ["containerd.service", "docker.service", "docker.socket", "etcd.service", "dnsmasq.service"];

const AGENT: &str = "[Unit]
Description=Magnum node agent
ConditionPathExists=/etc/magnum/node.json
StartLimitIntervalSec=0

[Service]
ExecStart=/usr/local/bin/magnum-agent run
Restart=on-failure
RestartSec=1
KillMode=process

[Install]
WantedBy=multi-user.target
";

/// Every node makes its own key; an image must not have one.
const HOST_KEY: &str = "[Unit]
Description=SSH host key of this node
ConditionPathExists=!/etc/ssh/ssh_host_ed25519_key
Before=ssh.service

[Service]
Type=oneshot
ExecStart=/usr/bin/ssh-keygen -q -t ed25519 -N \"\" -f /etc/ssh/ssh_host_ed25519_key

[Install]
WantedBy=multi-user.target
";

/// The journal is the node's own: nothing of the host's kernel, nothing on the console.
const JOURNAL: &str = "[Journal]
Storage=volatile
RuntimeMaxUse=64M
ReadKMsg=no
Audit=no
ForwardToConsole=no
ForwardToWall=no
";

/// Everything that decides what this module does, for the stage's key.
pub(crate) fn inputs() -> String {
    [MASKED.join(","), DISABLED.join(","), AGENT.to_owned(), HOST_KEY.to_owned(), JOURNAL.to_owned()].join("\0")
}

/// Configures the root file system.
pub(crate) fn apply(rootfs: &Path) -> Result<(), Error> {
    identity(rootfs)?;
    let units = rootfs.join(UNITS);
    for unit in MASKED {
        link(&units.join(unit), "/dev/null")?;
    }
    for folder in file::names(&units).into_iter().filter(|n| n.ends_with(".wants")) {
        let masked =
            file::names(&units.join(&folder)).into_iter().filter(|n| MASKED.contains(&n.as_str()) || DISABLED.contains(&n.as_str()));
        masked.map(|name| file::remove(&units.join(&folder).join(name))).collect::<Result<Vec<()>, _>>()?;
    }
    file::write(&rootfs.join("etc/cloud/cloud-init.disabled"), b"", 0o644)?;
    file::folder(&rootfs.join("etc/systemd/journald.conf.d"), 0o755)?;
    file::write(&rootfs.join("etc/systemd/journald.conf.d/magnum.conf"), JOURNAL.as_bytes(), 0o644)?;
    file::folder(&rootfs.join("etc/magnum"), 0o700)?;
    file::folder(&units.join("multi-user.target.wants"), 0o755)?;
    for (unit, text) in [("magnum-agent.service", AGENT), ("magnum-ssh-host-key.service", HOST_KEY)] {
        file::write(&units.join(unit), text.as_bytes(), 0o644)?;
        link(&units.join("multi-user.target.wants").join(unit), &format!("/{UNITS}/{unit}"))?;
    }
    Ok(())
}

/// Takes away what would be the same on all nodes, or is of the machine that built the image.
fn identity(rootfs: &Path) -> Result<(), Error> {
    file::write(&rootfs.join("etc/machine-id"), b"", 0o444)?;
    link(&rootfs.join("var/lib/dbus/machine-id"), "/etc/machine-id")?;
    file::remove(&rootfs.join("etc/hostname"))?;
    file::write(&rootfs.join("etc/resolv.conf"), b"nameserver 127.0.0.1\n", 0o644)?;
    let keys = file::names(&rootfs.join("etc/ssh")).into_iter().filter(|n| n.starts_with("ssh_host_"));
    keys.map(|key| file::remove(&rootfs.join("etc/ssh").join(key))).collect::<Result<Vec<()>, _>>().map(drop)
}

fn link(path: &Path, target: &str) -> Result<(), Error> {
    file::remove(path)?;
    std::os::unix::fs::symlink(target, path).map_err(|e| Error::file("link", path, e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_starts_but_the_agent_and_no_identity_stays() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for path in ["etc/systemd/system/multi-user.target.wants", "etc/ssh", "etc/cloud", "var/lib/dbus"] {
            file::folder(&root.join(path), 0o755).unwrap();
        }
        for name in ["ssh_host_rsa_key", "sshd_config"] {
            file::write(&root.join("etc/ssh").join(name), b"x", 0o600).unwrap();
        }
        let wants = root.join("etc/systemd/system/multi-user.target.wants");
        for unit in ["docker.service", "ssh.service"] {
            link(&wants.join(unit), "/lib/systemd/system/x").unwrap();
        }
        apply(root).unwrap();
        apply(root).unwrap();
        assert_eq!(file::names(&wants), ["magnum-agent.service", "magnum-ssh-host-key.service", "ssh.service"]);
        assert_eq!(file::names(&root.join("etc/ssh")), ["sshd_config"]);
        assert_eq!(std::fs::read(root.join("etc/machine-id")).unwrap(), b"");
        assert_eq!(std::fs::read_link(root.join(UNITS).join("systemd-udevd.service")).unwrap(), Path::new("/dev/null"));
    }
}
