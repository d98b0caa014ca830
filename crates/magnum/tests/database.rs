// SPDX-License-Identifier: Apache-2.0
//! `magnum db` as an operator runs it, on SQLite.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::path::{Path, PathBuf};
use std::process::Command;

struct Dir(PathBuf);

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Exit code, standard output, standard error.
fn magnum(dir: &Path, connection: &str, words: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_magnum"));
    command.args(words).current_dir(dir).env("MAGNUM_DATABASE_CONNECTION", connection).env("MAGNUM_STATE_DIR", dir);
    let output = command.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn an_operator_makes_checks_stamps_and_copies_a_database() {
    let dir = Dir(std::env::temp_dir().join(format!("magnum-db-test-{}", std::process::id())));
    std::fs::create_dir_all(&dir.0).unwrap();
    let [one, two] = ["one.db", "two.db"].map(|name| format!("sqlite:///{}", dir.0.join(name).display()));
    let run = |words: &[&str]| magnum(&dir.0, &one, words);
    let (code, _, error) = run(&["db", "check"]);
    assert!(code == 1 && error.contains("magnum db sync") && !dir.0.join("one.db").exists(), "{error}");
    assert_eq!(run(&["db", "sync", "--revision", "7da8489d6a68"]).0, 0);
    let (code, out, _) = run(&["db", "version", "-o", "json"]);
    let version: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &version["magnum_revision"], &version["magnum_release"]), (0, &"7da8489d6a68".into(), &"15.0.1 (zed)".into()));
    assert_eq!(version["step"], version["newest_step"]);
    let (code, out, _) = run(&["db", "check"]);
    assert!(code == 0 && out.contains("has all that this program needs") && out.contains("nodegroup.node_labels"), "{out}");
    assert_eq!(run(&["db", "stamp", "b3e1cf4a2d5e"]).0, 0);
    let (code, out, _) = run(&["db", "check", "-o", "json"]);
    assert!(code == 1 && out.contains("column nodegroup.node_taints is missing"), "{out}");
    assert_eq!(run(&["db", "stamp", "7da8489d6a68"]).0, 0);
    let (code, _, error) = run(&["db", "stamp", "ffffffffffff"]);
    assert!(code == 1 && error.contains("does not know"), "{error}");
    let (code, out, error) = run(&["db", "copy", &one, &two, "-o", "json"]);
    assert!(code == 0 && out.contains("\"cluster_template\""), "{error}");
    assert_eq!(magnum(&dir.0, &two, &["db", "check"]).0, 0);
    for url in ["mysql://root:geheim@localhost:1/magnum", "oracle://root:geheim@h/magnum", "mysql://root:geheim@h"] {
        let (code, out, error) = magnum(&dir.0, url, &["db", "version"]);
        assert!(code == 1 && error.contains("[database] connection"), "{error}");
        assert!(!format!("{out}{error}").contains("geheim"), "{error}");
    }
    let help = run(&["db", "version", "--help"]).1;
    assert!(help.contains("MAGNUM_DATABASE_CONNECTION") && !help.contains("one.db"), "{help}");
}
