// SPDX-License-Identifier: Apache-2.0
//! Container images as docker archives (`docker load`, `ctr images import`), one layer each, the same to the byte
//! whenever they are built.

use crate::digest;
use magnum_host::{Error, file};
use serde_json::json;
use std::io;
use std::path::{Path, PathBuf};
use tar::{Builder, EntryType, Header};

/// The time of everything in the archives: 2024-01-01.
pub(crate) const EPOCH: u64 = 1_704_067_200;

/// What a layer holds.
pub(crate) enum Entry {
    Folder { path: String, mode: u32 },
    File { path: String, mode: u32, bytes: Vec<u8> },
    Link { path: String, target: String },
}

/// A container image of one layer.
pub(crate) struct ContainerImage {
    /// With registry and tag, e.g. `docker.io/library/busybox:1.35`.
    pub name: String,
    pub command: Vec<String>,
    pub entries: Vec<Entry>,
}

impl ContainerImage {
    /// Writes the archive.
    pub fn write(&self, path: &Path) -> Result<(), Error> {
        let bytes = self.archive().map_err(|e| Error::file("write", path, e))?;
        file::write(path, &bytes, 0o644)
    }

    fn archive(&self) -> io::Result<Vec<u8>> {
        let layer = self.layer()?;
        let config = json!({
            "architecture": architecture(),
            "os": "linux",
            "created": "2024-01-01T00:00:00Z",
            "config": {"Cmd": self.command, "Env": ["PATH=/bin:/sbin:/usr/bin:/usr/sbin"]},
            "rootfs": {"type": "layers", "diff_ids": [format!("sha256:{}", digest::hex(&layer))]},
            "history": [{"created": "2024-01-01T00:00:00Z"}],
        });
        let manifest = json!([{"Config": "config.json", "RepoTags": [self.name], "Layers": ["layer.tar"]}]);
        let mut archive = Builder::new(Vec::new());
        for (name, bytes) in
            [("config.json", config.to_string().into_bytes()), ("layer.tar", layer), ("manifest.json", manifest.to_string().into_bytes())]
        {
            append(&mut archive, &Entry::File { path: name.to_owned(), mode: 0o644, bytes })?;
        }
        archive.into_inner()
    }

    fn layer(&self) -> io::Result<Vec<u8>> {
        let mut layer = Builder::new(Vec::new());
        self.entries.iter().try_for_each(|entry| append(&mut layer, entry))?;
        layer.into_inner()
    }
}

/// The name Go and container images have for this machine's architecture.
fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

fn append(archive: &mut Builder<Vec<u8>>, entry: &Entry) -> io::Result<()> {
    let mut header = Header::new_gnu();
    header.set_mtime(EPOCH);
    header.set_uid(0);
    header.set_gid(0);
    match entry {
        Entry::Folder { path, mode } => {
            header.set_entry_type(EntryType::Directory);
            header.set_mode(*mode);
            header.set_size(0);
            archive.append_data(&mut header, PathBuf::from(path), io::empty())
        }
        Entry::File { path, mode, bytes } => {
            header.set_mode(*mode);
            header.set_size(bytes.len() as u64);
            archive.append_data(&mut header, PathBuf::from(path), bytes.as_slice())
        }
        Entry::Link { path, target } => {
            header.set_entry_type(EntryType::Symlink);
            header.set_mode(0o777);
            header.set_size(0);
            archive.append_link(&mut header, path, target)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    #[test]
    fn an_archive_names_its_layer_by_its_hash_and_is_always_the_same() {
        let image = ContainerImage {
            name: "docker.io/library/x:1".to_owned(),
            command: vec!["/x".to_owned()],
            entries: vec![
                Entry::Folder { path: "bin".to_owned(), mode: 0o755 },
                Entry::File { path: "bin/x".to_owned(), mode: 0o755, bytes: b"x".to_vec() },
                Entry::Link { path: "bin/y".to_owned(), target: "x".to_owned() },
            ],
        };
        let bytes = image.archive().unwrap();
        assert_eq!(bytes, image.archive().unwrap());
        let (mut config, mut layer) = (serde_json::Value::Null, Vec::new());
        for entry in tar::Archive::new(bytes.as_slice()).entries().unwrap() {
            let mut entry = entry.unwrap();
            let mut content = Vec::new();
            entry.read_to_end(&mut content).unwrap();
            match entry.path().unwrap().to_str().unwrap() {
                "config.json" => config = serde_json::from_slice(&content).unwrap(),
                "layer.tar" => layer = content,
                _ => {}
            }
        }
        assert_eq!(config["rootfs"]["diff_ids"][0], format!("sha256:{}", digest::hex(&layer)));
        assert_eq!(tar::Archive::new(layer.as_slice()).entries().unwrap().count(), 3);
    }
}
