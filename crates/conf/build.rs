// SPDX-License-Identifier: Apache-2.0
//! Makes the registry from the directory listing: every `src/groups/<group>.rs` becomes a module and an entry of `ALL`.
//! Nobody edits a list; the order is that of the file names.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let folder = PathBuf::from(env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?).join("src/groups");
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut files = fs::read_dir(&folder)?.map(|entry| entry.map(|e| e.path())).collect::<io::Result<Vec<_>>>()?;
    files.retain(|path| path.extension().is_some_and(|e| e == "rs"));
    files.sort();
    let (mut modules, mut entries) = (String::new(), String::new());
    for file in &files {
        let stem = file.file_stem().and_then(|s| s.to_str()).ok_or_else(|| io::Error::other(format!("{} has no name", file.display())))?;
        writeln!(modules, "#[path = {:?}]\nmod group_{stem};", file.display().to_string()).map_err(io::Error::other)?;
        writeln!(entries, "    &group_{stem}::GROUP,").map_err(io::Error::other)?;
    }
    let text = format!("{modules}\n/// Every group, in the order of the files' names.\npub static ALL: &[&Group] = &[\n{entries}];\n");
    fs::write(Path::new(&env::var("OUT_DIR").map_err(io::Error::other)?).join("registry.rs"), text)
}
