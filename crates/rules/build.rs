// SPDX-License-Identifier: Apache-2.0
//! Makes the registries from the directory listing: every `src/rules/<layer>/<id>.rs` becomes a module and an entry of
//! `ALL`, every `src/complaints/<name>.rs` one of `COMPLAINTS`, with its `//!` text as its page, and every
//! `src/instructions/<name>.rs` one of `SECTIONS`. Nobody edits a list, and the order is that of the file names.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let source = PathBuf::from(env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?).join("src");
    let text = rules(&source.join("rules"))? + &complaints(&source.join("complaints"))? + &instructions(&source.join("instructions"))?;
    fs::write(Path::new(&env::var("OUT_DIR").map_err(io::Error::other)?).join("registry.rs"), text)
}

fn rules(root: &Path) -> io::Result<String> {
    println!("cargo::rerun-if-changed={}", root.display());
    let (mut modules, mut entries) = (String::new(), String::new());
    for layer in sorted(root)?.into_iter().filter(|p| p.is_dir()) {
        let folder = name(&layer)?;
        let (of_layer, listed) = modules_in(&layer, "", |file, id, module| {
            let page = page(&fs::read_to_string(file)?);
            Ok(format!("Entry {{ rule: &{module}::RULE, page: {page:?}, file_stem: {id:?}, folder: {folder:?} }}"))
        })?;
        modules += &of_layer;
        entries += &listed;
    }
    Ok(format!("{modules}\n/// Every rule, in the order of layers' and files' names.\npub static ALL: &[Entry] = &[\n{entries}];\n"))
}

fn complaints(folder: &Path) -> io::Result<String> {
    let (modules, entries) = modules_in(folder, "complaint_", |file, name, module| {
        let page = page(&fs::read_to_string(file)?);
        Ok(format!("ComplaintEntry {{ complaint: &{module}::COMPLAINT, page: {page:?}, name: {name:?} }}"))
    })?;
    Ok(format!(
        "{modules}\n/// Every complaint, in the order of files' names.\npub static COMPLAINTS: &[ComplaintEntry] = &[\n{entries}];\n"
    ))
}

fn instructions(folder: &Path) -> io::Result<String> {
    let (modules, entries) = modules_in(folder, "section_", |_, _, module| Ok(format!("&{module}::SECTION")))?;
    Ok(format!("{modules}\n/// The guide's sections, in its order.\npub static SECTIONS: &[&instruction::Section] = &[\n{entries}];\n"))
}

/// The declaration of a module for each file of a folder, and what `entry` makes of its path, name and module for the list.
fn modules_in(folder: &Path, prefix: &str, entry: impl Fn(&Path, &str, &str) -> io::Result<String>) -> io::Result<(String, String)> {
    println!("cargo::rerun-if-changed={}", folder.display());
    let (mut modules, mut entries) = (String::new(), String::new());
    for file in sorted(folder)?.into_iter().filter(|p| p.extension().is_some_and(|e| e == "rs")) {
        let name = name(&file)?;
        let module = format!("{prefix}{}", name.replace('-', "_"));
        writeln!(modules, "#[path = {:?}]\nmod {module};", file.display().to_string()).map_err(io::Error::other)?;
        writeln!(entries, "    {},", entry(&file, &name, &module)?).map_err(io::Error::other)?;
    }
    Ok((modules, entries))
}

fn sorted(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = fs::read_dir(folder)?.map(|entry| entry.map(|e| e.path())).collect::<io::Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}

fn name(path: &Path) -> io::Result<String> {
    let stem = path.file_stem().and_then(|s| s.to_str());
    stem.map(str::to_owned).ok_or_else(|| io::Error::other(format!("{} has no name", path.display())))
}

fn page(source: &str) -> String {
    let lines = source.lines().filter_map(|line| line.strip_prefix("//!"));
    lines.map(|line| line.strip_prefix(' ').unwrap_or(line)).collect::<Vec<_>>().join("\n")
}
