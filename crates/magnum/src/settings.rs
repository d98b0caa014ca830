// SPDX-License-Identifier: Apache-2.0
//! Reads settings from where oslo.config would: files that are named, else those that are looked for; the environment.

use magnum_cli::{ConfigFiles, HookError};
use magnum_conf::{Config, File, Severity, Sources, directory_order, search};
use std::path::{Path, PathBuf};

/// Settings, and where relative names in them begin.
pub struct Settings {
    pub config: Config,
    /// The folder of the last file that was read.
    pub beside: PathBuf,
}

/// What to read when nothing is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unnamed {
    /// Nothing: an embedded server has no business with the files of another installation.
    Nothing,
    /// What oslo.config looks for: `~/.magnum`, `~`, `/etc/magnum` and `/etc`.
    Usual,
}

impl Settings {
    /// Reads them. A file that is named and cannot be read is an error; what the texts say is not judged here.
    pub fn read(files: &ConfigFiles, unnamed: Unnamed) -> Result<Self, HookError> {
        let mut paths = files.config_file.clone();
        for folder in &files.config_dir {
            paths.extend(inside(folder)?);
        }
        if files.config_file.is_empty() && files.config_dir.is_empty() && unnamed == Unnamed::Usual {
            paths = usual()?;
        }
        let texts = paths.iter().map(|path| {
            let text = std::fs::read_to_string(path).map_err(|error| unreadable(path, &error))?;
            Ok(File { name: path.display().to_string(), text })
        });
        let files = texts.collect::<Result<Vec<_>, HookError>>()?;
        let environment = std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        let config = Config::new(Sources { command_line: Vec::new(), environment: environment.collect(), files });
        let beside = paths.last().and_then(|path| path.parent()).map_or_else(|| PathBuf::from("/etc/magnum"), Path::to_owned);
        Ok(Self { config, beside })
    }

    /// Refuses settings that are wrong, all at once; says the rest in the log.
    pub fn sound(self) -> Result<Self, HookError> {
        let findings = self.config.check();
        for finding in findings.iter().filter(|finding| finding.severity == Severity::Warning) {
            tracing::warn!("{finding}");
        }
        let errors: Vec<String> = findings.iter().filter(|finding| finding.severity == Severity::Error).map(ToString::to_string).collect();
        if errors.is_empty() {
            return Ok(self);
        }
        Err(HookError::new(errors.join("\n")).hint("magnum config check says more; magnum config show shows what is in force"))
    }
}

fn usual() -> Result<Vec<PathBuf>, HookError> {
    let home = std::env::var("HOME").ok();
    let search = search(home.as_deref(), "magnum-api");
    let mut paths: Vec<PathBuf> =
        search.files.iter().filter_map(|names| names.iter().map(PathBuf::from).find(|path| path.is_file())).collect();
    for names in &search.directories {
        if let Some(folder) = names.iter().map(PathBuf::from).find(|path| path.is_dir()) {
            paths.extend(inside(&folder)?);
        }
    }
    Ok(paths)
}

/// The files of a folder that count, in their order.
fn inside(folder: &Path) -> Result<Vec<PathBuf>, HookError> {
    let entries = std::fs::read_dir(folder).map_err(|error| unreadable(folder, &error))?;
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    Ok(directory_order(names).into_iter().map(|name| folder.join(name)).collect())
}

fn unreadable(path: &Path, error: &std::io::Error) -> HookError {
    HookError::new(format!("{} cannot be read: {error}", path.display())).hint("name another with --config-file or --config-dir")
}
