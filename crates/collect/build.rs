// SPDX-License-Identifier: Apache-2.0
//! Makes the registry of collectors from the directory listing: every `src/collectors/<name>.rs` becomes a module and
//! an entry of `ALL`. Nobody edits a list.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let folder = PathBuf::from(env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?).join("src/collectors");
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut files = fs::read_dir(&folder)?.map(|e| e.map(|e| e.path())).collect::<io::Result<Vec<_>>>()?;
    files.retain(|p| p.extension().is_some_and(|e| e == "rs"));
    files.sort();
    let (mut modules, mut entries) = (String::new(), String::new());
    for file in files {
        let stem = file.file_stem().and_then(|s| s.to_str()).ok_or_else(|| io::Error::other("a collector without a name"))?;
        let module = stem.replace('-', "_");
        writeln!(modules, "#[path = {:?}]\nmod {module};", file.display().to_string()).map_err(io::Error::other)?;
        writeln!(entries, "    &{module}::COLLECTOR,").map_err(io::Error::other)?;
    }
    let text =
        format!("{modules}\n/// Every collector, in the order of the files' names.\npub static ALL: &[&Collector] = &[\n{entries}];\n");
    fs::write(Path::new(&env::var("OUT_DIR").map_err(io::Error::other)?).join("registry.rs"), text)
}
