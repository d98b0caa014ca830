// SPDX-License-Identifier: Apache-2.0
//! Processes of a node's services; those of containers are not among them.

use serde::{Deserialize, Serialize};

/// One process.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    pub pid: u32,
    /// The kernel's name for it, at most 15 letters: `kube-apiserver`.
    pub name: String,
    /// The kernel's letter: `R`, `S`, `D` (waits for a device), `T` (stopped), `Z`.
    pub state: String,
    /// The unit it belongs to, without `.service`; empty when it is in none.
    #[serde(default)]
    pub unit: String,
    /// Program and arguments. Values of arguments that name a password or token are left out.
    #[serde(default)]
    pub argv: Vec<String>,
    #[serde(default)]
    pub rss_kib: u64,
    #[serde(default)]
    pub open_files: Option<u64>,
    /// How many files it may have open.
    #[serde(default)]
    pub open_files_limit: Option<u64>,
}

impl Process {
    /// The value of `--flag=value` or `--flag value`; empty for a flag without one. None when it is not given.
    pub fn flag(&self, flag: &str) -> Option<&str> {
        let bare = |word: &str| word.trim_start_matches('-') == flag && word.starts_with('-');
        self.argv.iter().enumerate().find_map(|(at, word)| match word.split_once('=') {
            Some((name, value)) if bare(name) => Some(value),
            None if bare(word) => Some(self.argv.get(at + 1).filter(|next| !next.starts_with('-')).map_or("", String::as_str)),
            _ => None,
        })
    }

    /// It was stopped by a signal and does nothing until it is told to go on.
    pub fn is_stopped(&self) -> bool {
        matches!(self.state.as_str(), "T" | "t")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_found_in_both_spellings() {
        let words = ["dockerd", "--bip=10.0.0.1/24", "-H", "fd://", "--live-restore"];
        let process = Process { argv: words.map(str::to_owned).into(), ..Process::default() };
        assert_eq!(process.flag("bip"), Some("10.0.0.1/24"));
        assert_eq!(process.flag("H"), Some("fd://"));
        assert_eq!(process.flag("live-restore"), Some(""));
        assert_eq!(process.flag("mtu"), None);
    }
}
