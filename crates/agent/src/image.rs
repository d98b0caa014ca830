// SPDX-License-Identifier: Apache-2.0
//! Container images that came with the node's disk.

use crate::error::Error;
use crate::file;
use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// The image of the container that holds a pod's namespaces.
pub const PAUSE: &str = "docker.io/magnum/pause:1";
const FOLDER: &str = "/opt/magnum/images";

/// Size and time of change: what tells one archive from another of the same name.
type Mark = (u64, i64);

/// Calls `load` for every `*.tar` that was not loaded yet, `pause` first, and notes in `list` what was.
pub fn load_missing(list: &Path, load: impl Fn(&str) -> Result<(), Error>) -> Result<(), Error> {
    let noted = std::fs::read_to_string(list).ok().and_then(|text| serde_json::from_str(&text).ok());
    let mut loaded: BTreeMap<String, Mark> = noted.unwrap_or_default();
    for (path, mark) in archives()? {
        if loaded.get(&path) == Some(&mark) {
            continue;
        }
        load(&path)?;
        loaded.insert(path, mark);
        let text = serde_json::to_string(&loaded).map_err(|error| Error::Spec(error.to_string()))?;
        file::write(list, &text, file::PUBLIC)?;
    }
    Ok(())
}

/// The archives with size and time of change.
fn archives() -> Result<Vec<(String, Mark)>, Error> {
    let Ok(entries) = std::fs::read_dir(FOLDER) else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for path in entries.filter_map(Result::ok).map(|entry| entry.path()) {
        if path.extension().is_some_and(|extension| extension == "tar") {
            let meta = path.metadata().map_err(|source| Error::File { action: "read", path: path.clone(), source })?;
            found.push((path.display().to_string(), (meta.size(), meta.mtime())));
        }
    }
    found.sort_by_key(|(path, _)| (!path.ends_with("/pause.tar"), path.clone()));
    Ok(found)
}
