// SPDX-License-Identifier: Apache-2.0
//! Stage 3: the container images that nodes have from the start, because there may be no registry to ask: `pause`,
//! which every pod needs, and `busybox`, for sample workloads.
//!
//! busybox is Debian's dynamic one with the few libraries it needs; its static one crashes when it looks up a name.

use super::archive::{ContainerImage, Entry};
use super::pause;
use super::stage::Stage;
use magnum_host::{Error, Program};
use std::path::Path;

/// Name and tag of the image that pods are held by.
pub(crate) const PAUSE: &str = "docker.io/magnum/pause:1";
/// Name and tag of the sample workload.
pub(crate) const BUSYBOX: &str = "docker.io/library/busybox:1.35";

const LIBRARIES: [&str; 4] = ["libc.so.6", "libresolv.so.2", "libnss_dns.so.2", "libnss_files.so.2"];

/// The stage. Its result is `pause.tar` and `busybox.tar`.
pub(crate) fn stage<'a>(packages: &'a Path, installed: &str) -> Stage<'a> {
    Stage::new("containers", vec![installed.to_owned(), PAUSE.to_owned(), BUSYBOX.to_owned()], move |work, show| {
        let busybox = busybox(&packages.join("rootfs"))?;
        show(&format!("{BUSYBOX} with {} entries", busybox.entries.len()));
        busybox.write(&work.join("busybox.tar"))?;
        pause_image(busybox).write(&work.join("pause.tar"))
    })
}

fn pause_image(busybox: ContainerImage) -> ContainerImage {
    match pause::program() {
        Some(bytes) => ContainerImage {
            name: PAUSE.to_owned(),
            command: vec!["/pause".to_owned()],
            entries: vec![Entry::File { path: "pause".to_owned(), mode: 0o755, bytes }],
        },
        None => ContainerImage { name: PAUSE.to_owned(), command: vec!["/bin/sleep".to_owned(), "2147483647".to_owned()], ..busybox },
    }
}

fn busybox(rootfs: &Path) -> Result<ContainerImage, Error> {
    let loader = match std::env::consts::ARCH {
        "aarch64" => "lib/ld-linux-aarch64.so.1",
        _ => "lib64/ld-linux-x86-64.so.2",
    };
    let libraries = format!("lib/{}-linux-gnu", std::env::consts::ARCH);
    let mut entries = Vec::new();
    let mut folders = vec!["bin", "dev", "etc", "lib", "proc", "root", "sys", "var", "www", libraries.as_str()];
    folders.extend(loader.split_once('/').map(|(folder, _)| folder).filter(|folder| *folder != "lib"));
    entries.extend(folders.iter().map(|path| Entry::Folder { path: (*path).to_owned(), mode: 0o755 }));
    entries.push(Entry::Folder { path: "tmp".to_owned(), mode: 0o1777 });
    entries.push(copied(rootfs, "usr/bin/busybox", "bin/busybox")?);
    entries.push(copied(rootfs, loader, loader)?);
    for library in LIBRARIES {
        let path = format!("{libraries}/{library}");
        entries.push(copied(rootfs, &path, &path)?);
    }
    for (path, text) in
        [("etc/passwd", "root:x:0:0:root:/root:/bin/sh\n"), ("etc/group", "root:x:0:\n"), ("etc/nsswitch.conf", "hosts: files dns\n")]
    {
        entries.push(Entry::File { path: path.to_owned(), mode: 0o644, bytes: text.as_bytes().to_vec() });
    }
    let list = Program::new("chroot").arg(rootfs).args(["/usr/bin/busybox", "--list"]).run()?;
    let applets = String::from_utf8_lossy(&list).into_owned();
    let links = applets
        .lines()
        .filter(|name| *name != "busybox")
        .map(|name| Entry::Link { path: format!("bin/{name}"), target: "busybox".to_owned() });
    entries.extend(links);
    Ok(ContainerImage { name: BUSYBOX.to_owned(), command: vec!["sh".to_owned()], entries })
}

fn copied(rootfs: &Path, from: &str, to: &str) -> Result<Entry, Error> {
    let path = rootfs.join(from);
    let bytes = std::fs::read(&path).map_err(|e| Error::file("read", &path, e))?;
    Ok(Entry::File { path: to.to_owned(), mode: 0o755, bytes })
}
