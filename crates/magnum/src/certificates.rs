// SPDX-License-Identifier: Apache-2.0
//! `[certificates]`: where clusters' authorities and their keys are kept.

use magnum_certificates::{Database, Error, Files, Manager};
use magnum_cli::HookError;
use magnum_conf::Config;
use magnum_store::Store;
use std::path::PathBuf;
use std::sync::Arc;

/// What `cert_manager_type` names.
#[derive(Debug, PartialEq, Eq)]
pub enum Choice {
    Database,
    /// In this folder.
    Files(PathBuf),
}

/// The manager that is to keep them.
pub fn manager(config: &Config, store: &Store) -> Result<Arc<dyn Manager>, HookError> {
    match choice(config)? {
        Choice::Database => Ok(Arc::new(Database::new(store.clone()))),
        Choice::Files(path) => Ok(Arc::new(Files::open(store.clone(), &path).map_err(|error| unusable(&error))?)),
    }
}

/// The manager that the settings name. One that this program does not have is an error: with another than the one that made them,
/// the clusters' certificates could not be found.
pub fn choice(config: &Config) -> Result<Choice, HookError> {
    let wrong = |error: magnum_conf::Error| HookError::new(error.to_string());
    match config.text("certificates", "cert_manager_type").map_err(wrong)?.as_deref() {
        None | Some("x509keypair") => Ok(Choice::Database),
        Some("local") => {
            let path = config.text("certificates", "storage_path").map_err(wrong)?.filter(|path| !path.is_empty());
            let unset = || HookError::new("[certificates] storage_path: empty, and cert_manager_type is local").hint("name a folder");
            path.map(|path| Choice::Files(PathBuf::from(path))).ok_or_else(unset)
        }
        Some(other) => Err(HookError::new(format!("[certificates] cert_manager_type: {other} is not a manager that this program has")).hint(
            "set it to x509keypair (the database) or local (files); clusters whose certificates are in Barbican need the Python service",
        )),
    }
}

fn unusable(error: &Error) -> HookError {
    let first: &dyn std::error::Error = error;
    let causes = std::iter::successors(first.source(), |e| e.source());
    HookError::new(causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use magnum_conf::{File, Sources};

    async fn of(text: &str) -> Result<Arc<dyn Manager>, HookError> {
        let text = format!("[certificates]\n{text}");
        let config = Config::new(Sources { files: vec![File { name: "magnum.conf".to_owned(), text }], ..Sources::default() });
        manager(&config, &Store::memory().await.unwrap())
    }

    #[tokio::test]
    async fn what_cannot_keep_certificates_is_refused_at_the_start() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        assert!(of("").await.is_ok() && of("cert_manager_type = x509keypair").await.is_ok());
        let made = folder.path().join("made/of/it");
        assert!(of(&format!("cert_manager_type = local\nstorage_path = {}", made.display())).await.is_ok());
        assert_eq!(std::fs::read_dir(&made).unwrap().count(), 0, "nothing is left of the trial");
        for (text, says) in [
            ("cert_manager_type = barbican".to_owned(), "barbican is not a manager that this program has"),
            ("cert_manager_type = local\nstorage_path =".to_owned(), "storage_path: empty"),
            (format!("cert_manager_type = local\nstorage_path = {}/x", file.display()), "storage_path is a folder"),
        ] {
            let error = of(&text).await.err().unwrap();
            assert!(error.message.contains(says), "{text}: {}", error.message);
        }
    }
}
