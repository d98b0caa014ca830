// SPDX-License-Identifier: Apache-2.0
//! Makes registries from directory listings: every `src/collectors/<name>.rs`, `src/readings/<name>.rs` and
//! `src/kinds/<name>.rs` becomes a module and an entry of its list. Nobody edits a list.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

const LISTS: [(&str, &str, &str, &str); 3] = [
    ("collectors", "COLLECTOR", "Collector", "/// Every collector, in the order of the files' names.\npub "),
    ("readings", "READING", "crate::reading::Reading", "/// Every reading of the agent's answers.\npub(crate) "),
    ("kinds", "KIND", "crate::kind::Kind", "/// Every kind of Kubernetes object that is looked at.\npub(crate) "),
];

fn main() -> io::Result<()> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?).join("src");
    let out = PathBuf::from(env::var("OUT_DIR").map_err(io::Error::other)?);
    for (folder, item, kind, head) in LISTS {
        let (modules, entries) = list(&root.join(folder), item)?;
        let text = format!("{modules}\n{head}static ALL: &[&{kind}] = &[\n{entries}];\n");
        fs::write(out.join(format!("{folder}.rs")), text)?;
    }
    Ok(())
}

fn list(folder: &Path, item: &str) -> io::Result<(String, String)> {
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut files = fs::read_dir(folder)?.map(|e| e.map(|e| e.path())).collect::<io::Result<Vec<_>>>()?;
    files.retain(|p| p.extension().is_some_and(|e| e == "rs"));
    files.sort();
    let (mut modules, mut entries) = (String::new(), String::new());
    for file in files {
        let stem = file.file_stem().and_then(|s| s.to_str()).ok_or_else(|| io::Error::other("a file without a name"))?;
        let module = stem.replace('-', "_");
        writeln!(modules, "#[path = {:?}]\nmod {module};", file.display().to_string()).map_err(io::Error::other)?;
        writeln!(entries, "    &{module}::{item},").map_err(io::Error::other)?;
    }
    Ok((modules, entries))
}
