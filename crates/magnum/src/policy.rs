// SPDX-License-Identifier: Apache-2.0
//! The policy's files: read at the start, and again when they change.

use magnum_cli::HookError;
use magnum_conf::Config;
use magnum_policy::{Enforcer, RuleFile, Settings, Severity};
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::sync::watch;

/// How often files are looked at for changes.
const LOOK: Duration = Duration::from_secs(1);

/// Where rules come from.
#[derive(Debug, Clone)]
pub struct Places {
    settings: Settings,
    file: PathBuf,
    folders: Vec<PathBuf>,
}

/// What was seen of a file: when it was written, and its size.
type Seen = BTreeMap<PathBuf, (Option<SystemTime>, u64)>;

impl Places {
    /// As `[oslo_policy]` says; relative names are beside the file with the settings.
    pub fn of(config: &Config, beside: &Path) -> Result<Self, HookError> {
        let wrong = |error: magnum_conf::Error| HookError::new(error.to_string());
        let settings = Settings {
            enforce_scope: config.flag("oslo_policy", "enforce_scope").map_err(wrong)?,
            enforce_new_defaults: config.flag("oslo_policy", "enforce_new_defaults").map_err(wrong)?,
            default_rule: config.text("oslo_policy", "policy_default_rule").map_err(wrong)?.unwrap_or_else(|| "default".to_owned()),
        };
        let file = config.text("oslo_policy", "policy_file").map_err(wrong)?.unwrap_or_else(|| "policy.yaml".to_owned());
        let folders = config.list("oslo_policy", "policy_dirs").map_err(wrong)?;
        Ok(Self { settings, file: beside.join(file), folders: folders.iter().map(|folder| beside.join(folder)).collect() })
    }

    /// The rules of an installation with these settings, as its files are now.
    pub fn in_force(settings: &crate::settings::Settings) -> Result<Enforcer, HookError> {
        Self::of(&settings.config, &settings.beside)?.read()
    }

    /// The rules as the files are now.
    pub fn read(&self) -> Result<Enforcer, HookError> {
        let mut files = Vec::new();
        for path in self.files()? {
            match std::fs::read_to_string(&path) {
                Ok(text) => files.push(RuleFile { name: path.display().to_string(), text }),
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(unreadable(&path, &error)),
            }
        }
        Ok(Enforcer::new(self.settings.clone(), &files))
    }

    /// The files that count, in the order in which they override each other; those that are not there included.
    fn files(&self) -> Result<Vec<PathBuf>, HookError> {
        let mut files = vec![self.file.clone()];
        // As before 2020, when no other file is there.
        let old = self.file.with_extension("json");
        if self.file.extension().is_some_and(|e| e == "yaml") && !self.file.exists() && old.exists() {
            files.push(old);
        }
        for folder in &self.folders {
            let entries = match std::fs::read_dir(folder) {
                Ok(entries) => entries,
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                Err(error) => return Err(unreadable(folder, &error)),
            };
            let mut names: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
            names.retain(|path| path.is_file() && !path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.')));
            names.sort();
            files.append(&mut names);
        }
        Ok(files)
    }

    fn seen(&self) -> Seen {
        let look = |path: PathBuf| {
            let data = std::fs::metadata(&path).ok()?;
            Some((path, (data.modified().ok(), data.len())))
        };
        self.files().unwrap_or_default().into_iter().filter_map(look).collect()
    }
}

/// The rules in force. A file that is broken from the start ends the start; one that is broken later leaves the rules as they are.
pub fn watch(places: Places) -> Result<watch::Receiver<Arc<Enforcer>>, HookError> {
    let mut seen = places.seen();
    let enforcer = sound(places.read()?)?;
    let (sender, receiver) = watch::channel(Arc::new(enforcer));
    tokio::spawn(async move {
        let mut ticks = tokio::time::interval(LOOK);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            if sender.is_closed() {
                return;
            }
            let now = places.seen();
            if now == seen {
                continue;
            }
            seen = now;
            match places.read().and_then(sound) {
                Ok(enforcer) => {
                    tracing::info!("the policy's files have changed; their rules are in force");
                    sender.send_replace(Arc::new(enforcer));
                }
                Err(error) => tracing::error!(
                    error = error.message,
                    "the policy's files have changed and are not right; the rules of before stay in force"
                ),
            }
        }
    });
    Ok(receiver)
}

/// Refuses what the rules' own check calls an error; says the rest in the log.
fn sound(enforcer: Enforcer) -> Result<Enforcer, HookError> {
    let findings = enforcer.check();
    let errors: Vec<String> = findings.iter().filter(|f| f.severity == Severity::Error).map(ToString::to_string).collect();
    for finding in findings.iter().filter(|f| f.severity != Severity::Error) {
        tracing::warn!("{finding}");
    }
    if errors.is_empty() {
        return Ok(enforcer);
    }
    Err(HookError::new(errors.join("; ")).hint("magnum policy check says more; magnum policy list shows the rules in force"))
}

fn unreadable(path: &Path, error: &std::io::Error) -> HookError {
    HookError::new(format!("[oslo_policy] {} cannot be read: {error}", path.display()))
        .hint("let the service's user read it, or name another file")
}
