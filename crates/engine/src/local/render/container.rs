// SPDX-License-Identifier: Apache-2.0
//! A server's LXC configuration.
//!
//! systemd is process 1; control groups are writable, so that container runtimes work inside; the root file system is
//! an overlay that LXC mounts in the container's own mount namespace, as is the volume's loop device, so the host
//! never has anything mounted. `/proc/sys` is read-only but for the network, and shows the kubelet the values it
//! insists on: a node does not change its host.

use magnum_blueprint::Flavor;
use magnum_host::cgroup::{Layout, group_names};
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// Kernel settings that kubelets demand; shown to nodes whatever the host has.
pub(crate) const SHOWN_SYSCTLS: [(&str, &str); 6] = [
    ("vm/overcommit_memory", "1"),
    ("vm/panic_on_oom", "0"),
    ("kernel/panic", "10"),
    ("kernel/panic_on_oops", "1"),
    ("kernel/keys/root_maxkeys", "1000000"),
    ("kernel/keys/root_maxbytes", "25000000"),
];

/// Folders of real storage in a node; container runtimes cannot use an overlay on an overlay.
pub(crate) const STORAGE: [(&str, &str); 4] =
    [("docker", "var/lib/docker"), ("containerd", "var/lib/containerd"), ("kubelet", "var/lib/kubelet"), ("etcd", "var/lib/etcd")];

/// Those that lie on the volume when the server has one.
const ON_VOLUME: [&str; 2] = ["docker", "containerd"];

/// Where the parts of a container lie, below its folder.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    folder: PathBuf,
}

impl Place {
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    pub fn config(&self) -> PathBuf {
        self.folder.join("config")
    }

    pub fn console(&self) -> PathBuf {
        self.folder.join("console.log")
    }

    /// What the node has changed of its root file system.
    pub fn upper(&self) -> PathBuf {
        self.folder.join("upper")
    }

    pub fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    pub fn volume(&self) -> PathBuf {
        self.folder.join("volume.img")
    }

    /// Where the volume is mounted, seen by the container's start only.
    pub fn volume_mount(&self) -> PathBuf {
        self.folder.join("volume")
    }

    /// The files that are shown in the place of kernel settings.
    pub fn sysctls(&self) -> PathBuf {
        self.folder.join("sysctl")
    }

    pub fn sysctl(&self, name: &str) -> PathBuf {
        self.sysctls().join(name.replace('/', "."))
    }
}

/// What the configuration is made from. Paths hold no white space: that is checked where the state directory is taken.
pub(crate) struct Container<'a> {
    pub name: &'a str,
    pub host_name: &'a str,
    pub place: &'a Place,
    pub image: &'a Path,
    pub namespace: &'a Path,
    pub flavor: &'a Flavor,
    pub volume: bool,
    pub layout: Layout,
    pub mount_program: &'a Path,
    pub mkdir_program: &'a Path,
}

impl Container<'_> {
    /// The file.
    pub fn config(&self) -> String {
        let [payload, monitor, pivot] = group_names(self.name);
        let mut text = format!(
            "lxc.uts.name = {host}
lxc.rootfs.path = overlay:{image}:{upper}
lxc.mount.auto = proc:mixed sys:mixed cgroup:rw:force
lxc.init.cmd = /lib/systemd/systemd
lxc.apparmor.profile = unconfined
lxc.cap.drop =
lxc.autodev = 1
lxc.tty.max = 0
lxc.pty.max = 1024
lxc.console.logfile = {console}
lxc.namespace.share.net = {namespace}
lxc.cgroup.dir.container = {payload}
lxc.cgroup.dir.monitor = {monitor}
lxc.cgroup.dir.monitor.pivot = {pivot}
lxc.mount.entry = /dev/kmsg dev/kmsg none bind,create=file 0 0
",
            host = self.host_name,
            image = self.image.display(),
            upper = self.place.upper().display(),
            console = self.place.console().display(),
            namespace = self.namespace.display(),
        );
        self.storage(&mut text);
        for (name, _) in SHOWN_SYSCTLS {
            entry(&mut text, &self.place.sysctl(name), &format!("proc/sys/{name}"), "bind,ro,optional");
        }
        self.limits(&mut text);
        text
    }

    fn storage(&self, text: &mut String) {
        if self.volume {
            let (image, folder) = (self.place.volume(), self.place.volume_mount());
            let (mount, mkdir) = (self.mount_program.display(), self.mkdir_program.display());
            let folders: Vec<String> = ON_VOLUME.iter().map(|name| folder.join(name).display().to_string()).collect();
            // Writing to a String cannot fail.
            let _ = writeln!(
                text,
                "lxc.hook.version = 1\nlxc.hook.pre-mount = {mount} -t ext4 -o loop,noatime {} {}",
                image.display(),
                folder.display()
            );
            let _ = writeln!(text, "lxc.hook.pre-mount = {mkdir} -p {}", folders.join(" "));
        }
        for (name, target) in STORAGE {
            let source = if self.volume && ON_VOLUME.contains(&name) { self.place.volume_mount() } else { self.place.data() };
            entry(text, &source.join(name), target, "bind,create=dir");
        }
    }

    fn limits(&self, text: &mut String) {
        let memory = u64::from(self.flavor.ram_mib) << 20;
        let quota = u64::from(self.flavor.vcpus) * 100_000;
        let _ = match self.layout {
            Layout::V1 => writeln!(
                text,
                "lxc.cgroup.devices.allow = a\nlxc.cgroup.memory.limit_in_bytes = {memory}\nlxc.cgroup.cpu.cfs_period_us = 100000\nlxc.cgroup.cpu.cfs_quota_us = {quota}"
            ),
            Layout::V2 => {
                writeln!(text, "lxc.cgroup2.devices.allow = a\nlxc.cgroup2.memory.max = {memory}\nlxc.cgroup2.cpu.max = {quota} 100000")
            }
        };
    }
}

fn entry(text: &mut String, source: &Path, target: &str, options: &str) {
    // Writing to a String cannot fail.
    let _ = writeln!(text, "lxc.mount.entry = {} {target} none {options} 0 0", source.display());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(volume: bool, layout: Layout) -> String {
        let place = Place::new("/s/lxc/c".into());
        let flavor = Flavor { name: "m1".to_owned(), vcpus: 2, ram_mib: 2048 };
        let (image, namespace) = (Path::new("/i/rootfs"), Path::new("/run/netns/c"));
        let (mount_program, mkdir_program) = (Path::new("/usr/bin/mount"), Path::new("/usr/bin/mkdir"));
        Container {
            name: "c",
            host_name: "node-0",
            place: &place,
            image,
            namespace,
            flavor: &flavor,
            volume,
            layout,
            mount_program,
            mkdir_program,
        }
        .config()
    }

    #[test]
    fn flavors_become_limits_in_both_layouts() {
        let v1 = config(false, Layout::V1);
        assert!(v1.contains("lxc.cgroup.memory.limit_in_bytes = 2147483648\n") && v1.contains("cfs_quota_us = 200000\n"), "{v1}");
        let v2 = config(false, Layout::V2);
        assert!(v2.contains("lxc.cgroup2.memory.max = 2147483648\n") && v2.contains("lxc.cgroup2.cpu.max = 200000 100000\n"), "{v2}");
        assert!(!v2.contains("lxc.cgroup.memory"), "{v2}");
    }

    #[test]
    fn a_volume_holds_the_runtimes_and_nothing_else() {
        let with = config(true, Layout::V1);
        assert!(with.contains("-o loop,noatime /s/lxc/c/volume.img /s/lxc/c/volume\n"));
        assert!(with.contains("/s/lxc/c/volume/docker var/lib/docker") && with.contains("/s/lxc/c/data/etcd var/lib/etcd"));
        let without = config(false, Layout::V1);
        assert!(!without.contains("pre-mount") && without.contains("/s/lxc/c/data/docker var/lib/docker"));
    }
}
