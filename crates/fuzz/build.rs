// SPDX-License-Identifier: Apache-2.0
//! Makes the registry from the directory listing: every `src/targets/<target>.rs` becomes a module, an entry of `ALL` and a test.
//! Nobody edits a list; the order is that of the file names.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let folder = PathBuf::from(env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?).join("src/targets");
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut files = fs::read_dir(&folder)?.map(|entry| entry.map(|e| e.path())).collect::<io::Result<Vec<_>>>()?;
    files.retain(|path| path.extension().is_some_and(|e| e == "rs"));
    files.sort();
    let (mut modules, mut entries, mut tests) = (String::new(), String::new(), String::new());
    for file in &files {
        let stem = file.file_stem().and_then(|s| s.to_str()).ok_or_else(|| io::Error::other(format!("{} has no name", file.display())))?;
        writeln!(modules, "#[path = {:?}]\npub mod {stem};", file.display().to_string()).map_err(io::Error::other)?;
        writeln!(entries, "    Target {{ name: {stem:?}, check: {stem}::check }},").map_err(io::Error::other)?;
        writeln!(tests, "#[test]\nfn {stem}() {{\n    quick({stem:?}, crate::{stem}::check);\n}}").map_err(io::Error::other)?;
    }
    let out = PathBuf::from(env::var("OUT_DIR").map_err(io::Error::other)?);
    let list = format!("{modules}\n/// Every target, in the order of the files' names.\npub static ALL: &[Target] = &[\n{entries}];\n");
    fs::write(out.join("registry.rs"), list)?;
    fs::write(out.join("tests.rs"), tests)
}
