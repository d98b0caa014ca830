// SPDX-License-Identifier: Apache-2.0
//! A bundle as a tar archive that any tool opens: documents in JSON, consoles as text. The same bundle gives the same
//! bytes.

use crate::bundle::{Bundle, Manifest, read};
use crate::error::Error;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::Read;

const FOLDER: &str = "magnum-bundle";
/// A larger file is no bundle.
const LIMIT_MIB: u64 = 256;

impl Bundle {
    /// The archive's bytes.
    pub fn pack(&self) -> Result<Vec<u8>, Error> {
        let mut archive = tar::Builder::new(Vec::new());
        let when = u64::try_from(self.manifest.taken_at.as_second()).unwrap_or(0);
        let mut add = |name: &str, bytes: &[u8]| {
            let mut header = tar::Header::new_gnu();
            header.set_size(u64::try_from(bytes.len()).unwrap_or(0));
            header.set_mode(0o600);
            header.set_mtime(when);
            archive.append_data(&mut header, format!("{FOLDER}/{name}"), bytes).map_err(Error::Write)
        };
        add("bundle.json", &json("the manifest", &self.manifest)?)?;
        add("report.json", &json("the report", &self.report)?)?;
        add("report.txt", magnum_rules::render::text(&self.report).as_bytes())?;
        add("facts.json", &json("the facts", &self.facts)?)?;
        add("timeline.json", &json("the timeline", &self.timeline)?)?;
        for (node, console) in &self.consoles {
            add(&format!("console/{}.txt", node.replace(['/', '\\'], "_")), console.as_bytes())?;
        }
        archive.into_inner().map_err(Error::Write)
    }

    /// The bundle in an archive. Nothing is written to disk.
    pub fn unpack(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.len() as u64 > LIMIT_MIB << 20 {
            return Err(Error::TooLarge(LIMIT_MIB));
        }
        let mut files: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        let mut archive = tar::Archive::new(bytes);
        for entry in archive.entries().map_err(Error::Archive)? {
            let entry = entry.map_err(Error::Archive)?;
            // A sparse file is as large as it says, however small the archive.
            if !entry.header().entry_type().is_file() {
                continue;
            }
            let path = entry.path().map_err(Error::Archive)?.to_string_lossy().into_owned();
            let Some(name) = path.strip_prefix(FOLDER).and_then(|name| name.strip_prefix('/')) else { continue };
            let mut content = Vec::new();
            entry.take(LIMIT_MIB << 20).read_to_end(&mut content).map_err(Error::Archive)?;
            files.insert(name.to_owned(), content);
        }
        let document = |name: &'static str| -> Result<Value, Error> {
            let bytes = files.get(name).ok_or(Error::Missing(name))?;
            serde_json::from_slice(bytes).map_err(|source| Error::Content { what: name, source })
        };
        let manifest = document("bundle.json")?;
        let schema = manifest.get("schema").and_then(Value::as_str).unwrap_or_default();
        if schema != Manifest::SCHEMA {
            return Err(Error::Schema(schema.to_owned()));
        }
        let console = |(name, bytes): (&String, &Vec<u8>)| {
            let node = name.strip_prefix("console/")?.strip_suffix(".txt").filter(|node| !node.contains(['/', '\\']))?;
            Some((node.to_owned(), String::from_utf8_lossy(bytes).into_owned()))
        };
        Ok(Self {
            manifest: read("bundle.json", manifest)?,
            report: read("report.json", document("report.json")?)?,
            facts: read("facts.json", document("facts.json")?)?,
            timeline: read("timeline.json", document("timeline.json")?)?,
            consoles: files.iter().filter_map(console).collect(),
        })
    }
}

fn json(what: &'static str, value: &impl serde::Serialize) -> Result<Vec<u8>, Error> {
    let mut bytes = serde_json::to_vec_pretty(value).map_err(|source| Error::Content { what, source })?;
    bytes.push(b'\n');
    Ok(bytes)
}
