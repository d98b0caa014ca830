// SPDX-License-Identifier: Apache-2.0
//! Checks of the source tree that no compiler makes: licence lines, sizes, layering, words.

use crate::{guide, sh};
use anyhow::{Context, Result, bail};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

/// The most lines a source file may have.
const HARD_LIMIT: usize = 600;
/// Which ring each crate is in; a crate may use its own ring's inner neighbours as ALLOWED says, and inner rings.
const RINGS: &[(&str, &[&str])] = &[
    ("pure", &["types", "conf", "policy", "pki", "blueprint", "facts", "rules", "stages", "bundle", "path"]),
    ("edge", &["store", "cloud", "coe", "host", "engine", "collect", "keystone", "certificates", "notify", "traces"]),
    ("body", &["conductor", "doctor", "api", "agent", "cli"]),
    ("program", &["magnum", "testkit", "fuzz", "xtask"]),
];
/// What pure crates must never pull in.
const IMPURE: &[&str] = &["tokio", "sqlx", "reqwest", "axum", "nix", "ureq", "hyper"];
/// Crates that must not be built, with what is used instead.
const BANNED: &[(&str, &str)] = &[
    ("ring", "aws-lc-rs, the one cryptographic provider"),
    ("openssl-sys", "rustls"),
    ("native-tls", "rustls"),
    ("serde_yaml", "serde-saphyr"),
    ("chrono", "jiff"),
];
/// Words of 2015 and where they may stand: the legacy commands and whatever speaks of them.
const OLD_WORDS: &[&str] = &["baymodel", "minion"];
const OLD_WORDS_ALLOWED: &[&str] = &[
    "crates/cli/",
    "crates/api/",
    "crates/store/",
    "crates/policy/",
    "docs/",
    "README.md",
    "xtask/src/tidy.rs",
    "crates/testkit/",
    "crates/conf/",
    "crates/fuzz/",
    "crates/policy/",
];

/// Runs every check and lists all findings at once.
pub fn run() -> Result<()> {
    let root = sh::root();
    let files = sh::read(Command::new("git").current_dir(&root).args(["ls-files", "--cached", "--others", "--exclude-standard"]))?;
    let mut findings = layering(&root)?;
    findings.extend(banned(&root)?);
    findings.extend(guide::stale(&root)?);
    let exceptions = exceptions(&root)?;
    for file in files.lines().filter(|f| f.ends_with(".rs") && root.join(f).is_file()) {
        let text = std::fs::read_to_string(root.join(file)).with_context(|| format!("reading {file}"))?;
        findings.extend(source_file(file, &text, exceptions.get(file).copied()));
    }
    if findings.is_empty() {
        sh::say("tidy: nothing to mend");
        return Ok(());
    }
    for finding in &findings {
        eprintln!("tidy: {finding}");
    }
    bail!("{} findings", findings.len())
}

fn source_file(file: &str, text: &str, allowed_lines: Option<usize>) -> Vec<String> {
    let mut findings = Vec::new();
    if !text.starts_with("// SPDX-License-Identifier: Apache-2.0\n") {
        findings.push(format!("{file}: the first line is not the licence line"));
    }
    let lines = text.lines().count();
    if lines > allowed_lines.unwrap_or(HARD_LIMIT) {
        findings.push(format!("{file}: {lines} lines; the limit is {}", allowed_lines.unwrap_or(HARD_LIMIT)));
    }
    if allowed_lines.is_some() && lines <= HARD_LIMIT {
        findings.push(format!("{file}: has only {lines} lines now; take it off xtask/tidy-exceptions.txt"));
    }
    if !OLD_WORDS_ALLOWED.iter().any(|path| file.starts_with(path)) {
        let lower = text.to_lowercase();
        findings.extend(OLD_WORDS.iter().filter(|w| lower.contains(**w)).map(|w| format!("{file}: says {w:?}; see docs/glossary.md")));
    }
    findings
}

/// `path lines` per line: files over the limit, at most this long. The list may only shrink.
fn exceptions(root: &Path) -> Result<BTreeMap<String, usize>> {
    let path = root.join("xtask/tidy-exceptions.txt");
    let text = std::fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
    text.lines()
        .filter(|l| !l.trim().is_empty() && !l.starts_with('#'))
        .map(|line| {
            let (file, lines) = line.split_once(' ').with_context(|| format!("tidy-exceptions.txt: {line:?} is not `path lines`"))?;
            Ok((file.to_owned(), lines.trim().parse().with_context(|| format!("tidy-exceptions.txt: {line:?}"))?))
        })
        .collect()
}

/// Forbidden edges between crates, from Cargo's own metadata.
fn layering(root: &Path) -> Result<Vec<String>> {
    let text = sh::read(Command::new("cargo").current_dir(root).args(["metadata", "--format-version=1", "--no-deps"]))?;
    let metadata: serde_json::Value = serde_json::from_str(&text).context("reading cargo metadata")?;
    let mut findings = Vec::new();
    for package in metadata["packages"].as_array().context("cargo metadata has no packages")? {
        let name = short(package["name"].as_str().unwrap_or_default());
        let Some(ring) = ring(name) else {
            findings.push(format!("crate {name} is in no ring of xtask/src/tidy.rs"));
            continue;
        };
        for dependency in package["dependencies"].as_array().into_iter().flatten().filter(|d| d["kind"].is_null()) {
            let full = dependency["name"].as_str().unwrap_or_default();
            if ring == 0 && IMPURE.contains(&full) {
                findings.push(format!("pure crate {name} depends on {full}"));
            }
            let Some(other) = full.strip_prefix("magnum-").and_then(self::ring) else { continue };
            if other > ring || (other == ring && ring == 2) {
                findings.push(format!("crate {name} ({}) depends on {full} ({})", RINGS[ring].0, RINGS[other].0));
            }
        }
    }
    Ok(findings)
}

/// Banned crates among those that are really built; the lock file also names optional ones.
fn banned(root: &Path) -> Result<Vec<String>> {
    let tree = ["tree", "--workspace", "--edges", "normal,build", "--prefix", "none", "--format", "{p}"];
    let text = sh::read(Command::new("cargo").current_dir(root).args(tree))?;
    let built = |name: &str| text.lines().any(|line| line.split(' ').next() == Some(name));
    Ok(BANNED.iter().filter(|(name, _)| built(name)).map(|(name, instead)| format!("crate {name} is built; use {instead}")).collect())
}

fn short(name: &str) -> &str {
    name.strip_prefix("magnum-").unwrap_or(name)
}

fn ring(name: &str) -> Option<usize> {
    RINGS.iter().position(|(_, crates)| crates.contains(&name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_judged_by_licence_size_and_words() {
        let good = "// SPDX-License-Identifier: Apache-2.0\n";
        assert!(source_file("crates/x/src/a.rs", good, None).is_empty());
        assert_eq!(source_file("crates/x/src/a.rs", "fn main() {}\n", None).len(), 1);
        assert_eq!(source_file("crates/x/src/a.rs", &format!("{good}{}", "\n".repeat(700)), None).len(), 1);
        assert_eq!(source_file("crates/x/src/a.rs", good, Some(900)).len(), 1, "an exception no longer needed is a finding");
        assert_eq!(source_file("crates/x/src/a.rs", &format!("{good}// a Minion\n"), None).len(), 1);
    }
}
