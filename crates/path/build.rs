// SPDX-License-Identifier: Apache-2.0
//! Makes the list of causes from the directory listing: every `src/causes/<name>.rs` becomes a module and an entry.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let folder = PathBuf::from(env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?).join("src/causes");
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut files = fs::read_dir(&folder)?.map(|entry| entry.map(|e| e.path())).collect::<io::Result<Vec<_>>>()?;
    files.retain(|file| file.extension().is_some_and(|e| e == "rs"));
    files.sort();
    let (mut modules, mut entries) = (String::new(), String::new());
    for file in files {
        let stem = file.file_stem().and_then(|s| s.to_str()).ok_or_else(|| io::Error::other("a file without a name"))?;
        let module = stem.replace('-', "_");
        writeln!(modules, "#[path = {:?}]\nmod {module};", file.display().to_string()).map_err(io::Error::other)?;
        writeln!(entries, "    &{module}::CAUSE,").map_err(io::Error::other)?;
    }
    let text = format!(
        "{modules}\n/// Every cause, in the order of the files' names.\npub static CAUSES: &[&crate::cause::Cause] = &[\n{entries}];\n"
    );
    fs::write(Path::new(&env::var("OUT_DIR").map_err(io::Error::other)?).join("causes.rs"), text)
}
