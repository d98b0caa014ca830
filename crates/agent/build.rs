// SPDX-License-Identifier: Apache-2.0
//! Lists `src/steps/*.rs` and `src/collectors/*.rs`, so that a new step or collector is one new file.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let root = env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?;
    let out = env::var("OUT_DIR").map_err(io::Error::other)?;
    for (folder, item, kind) in [("steps", "STEP", "Step"), ("collectors", "COLLECTOR", "Collector")] {
        println!("cargo::rerun-if-changed=src/{folder}");
        let text = listing(&Path::new(&root).join("src").join(folder), item, kind)?;
        fs::write(Path::new(&out).join(format!("{folder}.rs")), text)?;
    }
    Ok(())
}

/// One `mod` a file, and `ALL`, in the order of the file names.
fn listing(folder: &Path, item: &str, kind: &str) -> io::Result<String> {
    let mut files: Vec<_> = fs::read_dir(folder)?.filter_map(Result::ok).map(|e| e.path()).collect();
    files.retain(|path| path.extension().is_some_and(|e| e == "rs"));
    files.sort();
    let (mut modules, mut names) = (String::new(), String::new());
    for path in &files {
        let stem = path.file_stem().and_then(|s| s.to_str()).ok_or_else(|| io::Error::other("a file name that is not text"))?;
        writeln!(modules, "#[path = {:?}]\nmod {stem};", path.display().to_string()).map_err(io::Error::other)?;
        write!(names, "&{stem}::{item}, ").map_err(io::Error::other)?;
    }
    Ok(format!("{modules}/// All of them, in the order of their file names.\npub static ALL: &[&{kind}] = &[{names}];\n"))
}
