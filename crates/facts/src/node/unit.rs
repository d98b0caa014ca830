// SPDX-License-Identifier: Apache-2.0
//! systemd units.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Units by name without `.service`.
pub type Units = BTreeMap<String, Unit>;

/// systemd's `ActiveState`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Activity {
    Active,
    Reloading,
    Inactive,
    Failed,
    Activating,
    Deactivating,
    Maintenance,
}

impl Activity {
    /// Reads systemd's word.
    pub fn from_systemd(word: &str) -> Option<Self> {
        Some(match word {
            "active" => Activity::Active,
            "reloading" => Activity::Reloading,
            "inactive" => Activity::Inactive,
            "failed" => Activity::Failed,
            "activating" => Activity::Activating,
            "deactivating" => Activity::Deactivating,
            "maintenance" => Activity::Maintenance,
            _ => return None,
        })
    }

    /// systemd's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Activity::Active => "active",
            Activity::Reloading => "reloading",
            Activity::Inactive => "inactive",
            Activity::Failed => "failed",
            Activity::Activating => "activating",
            Activity::Deactivating => "deactivating",
            Activity::Maintenance => "maintenance",
        }
    }
}

/// One unit as `systemctl show` has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unit {
    /// `LoadState`: `loaded`, `not-found`, `masked`.
    pub load: String,
    pub active: Activity,
    /// `SubState`: `running`, `dead`, `auto-restart`, `exited`.
    pub sub: String,
    /// `Result`: `success`, `exit-code`, `signal`, `oom-kill`, `timeout`, `start-limit-hit`.
    #[serde(default)]
    pub result: String,
    /// `ExecMainStatus`: the last exit status or signal number.
    #[serde(default)]
    pub exit_status: Option<i32>,
    /// `NRestarts`.
    #[serde(default)]
    pub restarts: u32,
    /// `UnitFileState`: `enabled`, `disabled`, `static`.
    #[serde(default)]
    pub enabled: String,
    /// When the state was entered.
    #[serde(default)]
    pub since: Option<Timestamp>,
    /// The last lines of its journal, oldest first.
    #[serde(default)]
    pub log: Vec<String>,
    /// Older lines of this boot's journal, of the last ten minutes, that speak of trouble, oldest first.
    #[serde(default)]
    pub trouble: Vec<String>,
    /// Its main process; 0 when there is none.
    #[serde(default)]
    pub pid: u32,
}

impl Unit {
    /// The node has such a unit, whatever its state.
    pub fn exists(&self) -> bool {
        self.load != "not-found"
    }

    /// Running, or finished well as a one-shot unit.
    pub fn is_up(&self) -> bool {
        matches!(self.active, Activity::Active | Activity::Reloading)
    }

    /// Stopped, failed, or between two of its crashes.
    pub fn is_down(&self) -> bool {
        matches!(self.active, Activity::Inactive | Activity::Failed) || self.sub == "auto-restart"
    }

    /// How systemd would say it: `failed (exit-code, status 255)`.
    pub fn state_text(&self) -> String {
        let mut notes: Vec<String> = Vec::new();
        if self.load == "masked" || self.load == "not-found" {
            notes.push(self.load.clone());
        }
        if !self.result.is_empty() && self.result != "success" {
            notes.push(self.result.clone());
            notes.extend(self.exit_status.map(|s| format!("status {s}")));
        }
        if self.sub == "auto-restart" {
            notes.push(format!("restarting, {} restarts so far", self.restarts));
        }
        let word = self.active.as_str();
        if notes.is_empty() { word.to_owned() } else { format!("{word} ({})", notes.join(", ")) }
    }

    /// Ended by itself: failed, or between two of its crashes. A unit that was never started has not.
    pub fn has_crashed(&self) -> bool {
        self.active == Activity::Failed || self.sub == "auto-restart"
    }

    /// The newest journal line in which any of `words` stands, whatever their case.
    pub fn says(&self, words: &[&str]) -> Option<&str> {
        let has = |line: &&String| {
            let lower = line.to_lowercase();
            words.iter().any(|w| lower.contains(&w.to_lowercase()))
        };
        self.log.iter().rev().chain(self.trouble.iter().rev()).find(has).map(String::as_str)
    }

    /// The newest journal line that is not systemd's own bookkeeping.
    pub fn last_words(&self) -> Option<&str> {
        const SYSTEMD: &[&str] = &["Stopped ", "Stopping ", "Started ", "Starting ", "Scheduled restart job"];
        const AFTER_NAME: &[&str] =
            &[": Deactivated ", ": Consumed ", ": Scheduled restart", ": Main process exited", ": Failed with result"];
        let own = |line: &&String| {
            let systemd =
                line.contains("systemd[1]") || SYSTEMD.iter().any(|w| line.starts_with(w)) || AFTER_NAME.iter().any(|w| line.contains(w));
            !systemd && !line.trim().is_empty()
        };
        self.log.iter().rev().find(own).map(String::as_str)
    }
}
