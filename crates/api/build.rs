// SPDX-License-Identifier: Apache-2.0
//! Writes the list of operations from the files in `src/operations`: a folder per resource, a file per operation.
//! A file with an `OPERATION` is a route; any other file of a folder is shared by its operations.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=src/operations");
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?).join("src/operations");
    let (mut modules, mut routes) = (String::new(), String::new());
    for folder in sorted(&root)? {
        let resource = stem(&folder);
        writeln!(modules, "pub(crate) mod {resource} {{").map_err(io::Error::other)?;
        for file in sorted(&folder)? {
            let name = stem(&file);
            writeln!(modules, "    #[path = {file:?}]\n    pub(crate) mod {name};").map_err(io::Error::other)?;
            if fs::read_to_string(&file)?.contains("pub const OPERATION: Operation") {
                let path = format!("{resource}::{name}");
                let about = about(&fs::read_to_string(&file)?);
                writeln!(
                    routes,
                    "    Route {{ operation: &{path}::OPERATION, name: {path:?}, about: {about:?}, handle: |caller, input, app| Box::pin({path}::handle(caller, input, app)) }},"
                )
                .map_err(io::Error::other)?;
            }
        }
        modules.push_str("}\n");
    }
    let text = format!("{modules}\n/// Every operation, by resource and file name.\npub(crate) static ROUTES: &[Route] = &[\n{routes}];\n");
    fs::write(PathBuf::from(env::var("OUT_DIR").map_err(io::Error::other)?).join("operations.rs"), text)
}

/// What the first line of the file's documentation says after the method and path: up to the line's end.
fn about(text: &str) -> String {
    let mut words = String::new();
    for line in text.lines().skip_while(|line| !line.starts_with("//!")).take_while(|line| line.starts_with("//! ")) {
        words.push_str(line.trim_start_matches("//!"));
    }
    let words = words.trim();
    words.split_once("`: ").map_or(words, |(_, about)| about).to_owned()
}

fn sorted(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = fs::read_dir(folder)?.map(|entry| entry.map(|e| e.path())).collect::<Result<Vec<_>, _>>()?;
    paths.sort();
    Ok(paths)
}

fn stem(path: &Path) -> String {
    path.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default()
}
