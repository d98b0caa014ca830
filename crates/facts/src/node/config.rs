// SPDX-License-Identifier: Apache-2.0
//! Configuration files of a node's services, as they stand on its disk. Files with secrets in them are not among them.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Small text files by path, and what lies in the folders that matter.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Configs {
    pub files: BTreeMap<String, ConfigFile>,
    /// File names by folder; a folder that does not exist has no entry.
    #[serde(default)]
    pub folders: BTreeMap<String, Vec<String>>,
}

/// One file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfigFile {
    /// Its text, at most 64 KiB of it.
    pub text: String,
    /// Permission bits, as `0644`.
    #[serde(default)]
    pub mode: String,
}

impl Configs {
    /// The text of a file.
    pub fn text(&self, path: &str) -> Option<&str> {
        self.files.get(path).map(|f| f.text.as_str())
    }

    /// The unit's own file and its drop-ins, in the order in which systemd reads them.
    pub fn unit_files(&self, unit: &str) -> impl Iterator<Item = (&str, &str)> {
        let (own, folder) = (format!("/{unit}.service"), format!("/{unit}.service.d/"));
        let (mine, dropped) = (own.clone(), folder.clone());
        let all = move |path: &str| path.ends_with(&own) || path.contains(&folder);
        let mut found: Vec<(&str, &str)> = self.files.iter().filter(|(p, _)| all(p)).map(|(p, f)| (p.as_str(), f.text.as_str())).collect();
        found.sort_by_key(|(path, _)| (!path.ends_with(&mine), path.contains(&dropped), *path));
        found.into_iter()
    }

    /// The value that `Environment=` gives a variable of a unit; the last one counts.
    pub fn unit_environment(&self, unit: &str, variable: &str) -> Option<(&str, String)> {
        let mut found = None;
        for (path, text) in self.unit_files(unit) {
            for line in text.lines().filter_map(|l| l.trim().strip_prefix("Environment=")) {
                for word in words(line) {
                    if let Some(value) = word.strip_prefix(variable).and_then(|rest| rest.strip_prefix('=')) {
                        found = Some((path, value.to_owned()));
                    }
                }
            }
        }
        found
    }
}

/// `a=b "c=d e"` in its parts.
fn words(line: &str) -> Vec<String> {
    let (mut all, mut word, mut quoted) = (Vec::new(), String::new(), false);
    for c in line.chars() {
        match c {
            '"' => quoted = !quoted,
            ' ' | '\t' if !quoted => all.extend((!word.is_empty()).then(|| std::mem::take(&mut word))),
            other => word.push(other),
        }
    }
    all.extend((!word.is_empty()).then_some(word));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_drop_in_decides_what_a_unit_gets() {
        let file = |text: &str| ConfigFile { text: text.to_owned(), mode: "0644".to_owned() };
        let files = [
            ("/etc/systemd/system/kubelet.service", file("[Service]\nEnvironment=A=1\n")),
            ("/etc/systemd/system/kubelet.service.d/20-b.conf", file("[Service]\nEnvironment=\"A=2 x\" B=3\n")),
            ("/etc/systemd/system/kubelet.service.d/10-a.conf", file("[Service]\nEnvironment=A=0\n")),
            ("/etc/systemd/system/docker.service", file("[Service]\nEnvironment=A=9\n")),
        ];
        let configs = Configs { files: files.map(|(p, f)| (p.to_owned(), f)).into(), ..Configs::default() };
        assert_eq!(configs.unit_environment("kubelet", "A").map(|(_, v)| v), Some("2 x".to_owned()));
        assert_eq!(configs.unit_environment("kubelet", "C"), None);
        assert_eq!(configs.unit_files("kubelet").next().map(|(p, _)| p), Some("/etc/systemd/system/kubelet.service"));
    }
}
