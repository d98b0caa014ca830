// SPDX-License-Identifier: Apache-2.0
//! `manifest.json` beside the image: which packages in which versions, which binaries with which hashes.

use super::{NAME, kubernetes};
use crate::digest;
use magnum_host::{Error, file};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::Path;

/// The file in the Kubernetes stage that says where the binaries come from.
pub(crate) const SOURCE: &str = "SOURCE";

#[derive(Debug, Serialize)]
struct Manifest {
    name: &'static str,
    architecture: &'static str,
    packages: BTreeMap<String, String>,
    kubernetes: Kubernetes,
    /// SHA-256 of the archives in `/opt/magnum/images`.
    container_images: BTreeMap<String, String>,
}

#[derive(Debug, Serialize)]
struct Kubernetes {
    version: &'static str,
    source: String,
    /// SHA-256 of each.
    binaries: BTreeMap<String, String>,
}

/// Writes the manifest of a finished root file system.
pub(crate) fn write(path: &Path, rootfs: &Path, kubernetes: &Path, containers: &Path) -> Result<(), Error> {
    let status = rootfs.join("var/lib/dpkg/status");
    let status = std::fs::read_to_string(&status).map_err(|e| Error::file("read", &status, e))?;
    let source = std::fs::read_to_string(kubernetes.join(SOURCE)).unwrap_or_default();
    let mut binaries = hashes(kubernetes)?;
    binaries.remove(SOURCE);
    let manifest = Manifest {
        name: NAME,
        architecture: std::env::consts::ARCH,
        packages: packages(&status),
        kubernetes: Kubernetes { version: kubernetes::VERSION, source, binaries },
        container_images: hashes(containers)?,
    };
    let text = serde_json::to_string_pretty(&manifest).map_err(|source| Error::Answer { program: "manifest".to_owned(), source })?;
    file::write(path, (text + "\n").as_bytes(), 0o644)
}

fn hashes(folder: &Path) -> Result<BTreeMap<String, String>, Error> {
    let one = |name: String| {
        let path = folder.join(&name);
        std::fs::read(&path).map(|bytes| (name, digest::hex(&bytes))).map_err(|e| Error::file("read", &path, e))
    };
    file::names(folder).into_iter().map(one).collect()
}

/// Installed packages and versions, from dpkg's status file.
fn packages(status: &str) -> BTreeMap<String, String> {
    let field = |paragraph: &str, name: &str| paragraph.lines().find_map(|l| l.strip_prefix(name).map(|v| v.trim().to_owned()));
    let one = |paragraph: &str| {
        let installed = field(paragraph, "Status:")?.ends_with(" installed");
        installed.then_some((field(paragraph, "Package:")?, field(paragraph, "Version:")?))
    };
    status.split("\n\n").filter_map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn installed_packages_are_listed() {
        let status = "Package: a\nStatus: install ok installed\nVersion: 1.0-1\n\nPackage: b\nStatus: deinstall ok config-files\nVersion: 2\n\nPackage: c\nStatus: install ok installed\nDescription: x\n y\nVersion: 3:1\n";
        assert_eq!(packages(status), BTreeMap::from([("a".to_owned(), "1.0-1".to_owned()), ("c".to_owned(), "3:1".to_owned())]));
    }
}
