// SPDX-License-Identifier: Apache-2.0
//! Cluster and node group states (`reference: magnum-db.md 4.5`).

use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum $name { $(#[serde(rename = $word)] $variant),+ }

        impl $name {
            /// Every value, in the wire's order.
            pub const ALL: &'static [$name] = &[$($name::$variant),+];

            /// The word on the wire and in the database.
            pub fn as_str(self) -> &'static str {
                match self { $($name::$variant => $word),+ }
            }

            /// Reads the wire's word.
            pub fn from_wire(text: &str) -> Option<Self> {
                match text { $($word => Some($name::$variant),)+ _ => None }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

words!(
    /// The status of a cluster or a node group.
    ClusterStatus {
        CreateInProgress = "CREATE_IN_PROGRESS",
        CreateFailed = "CREATE_FAILED",
        CreateComplete = "CREATE_COMPLETE",
        UpdateInProgress = "UPDATE_IN_PROGRESS",
        UpdateFailed = "UPDATE_FAILED",
        UpdateComplete = "UPDATE_COMPLETE",
        DeleteInProgress = "DELETE_IN_PROGRESS",
        DeleteFailed = "DELETE_FAILED",
        DeleteComplete = "DELETE_COMPLETE",
        ResumeComplete = "RESUME_COMPLETE",
        ResumeFailed = "RESUME_FAILED",
        RestoreComplete = "RESTORE_COMPLETE",
        RollbackInProgress = "ROLLBACK_IN_PROGRESS",
        RollbackFailed = "ROLLBACK_FAILED",
        RollbackComplete = "ROLLBACK_COMPLETE",
        SnapshotComplete = "SNAPSHOT_COMPLETE",
        CheckComplete = "CHECK_COMPLETE",
        AdoptComplete = "ADOPT_COMPLETE",
    }
);

words!(
    /// What the health check last saw.
    HealthStatus { Healthy = "HEALTHY", Unhealthy = "UNHEALTHY", Unknown = "UNKNOWN" }
);

/// What is being done to a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    Create,
    Update,
    Delete,
}

/// How far an action has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Phase {
    InProgress,
    Failed,
    Complete,
}

impl ClusterStatus {
    /// The status of `action` at `phase`.
    pub fn of(action: Action, phase: Phase) -> Self {
        use ClusterStatus as S;
        match (action, phase) {
            (Action::Create, Phase::InProgress) => S::CreateInProgress,
            (Action::Create, Phase::Failed) => S::CreateFailed,
            (Action::Create, Phase::Complete) => S::CreateComplete,
            (Action::Update, Phase::InProgress) => S::UpdateInProgress,
            (Action::Update, Phase::Failed) => S::UpdateFailed,
            (Action::Update, Phase::Complete) => S::UpdateComplete,
            (Action::Delete, Phase::InProgress) => S::DeleteInProgress,
            (Action::Delete, Phase::Failed) => S::DeleteFailed,
            (Action::Delete, Phase::Complete) => S::DeleteComplete,
        }
    }

    /// Which of the three phases the word ends in.
    pub fn phase(self) -> Phase {
        let word = self.as_str();
        if word.ends_with("_IN_PROGRESS") {
            Phase::InProgress
        } else if word.ends_with("_FAILED") {
            Phase::Failed
        } else {
            Phase::Complete
        }
    }

    /// The action in progress, if one is.
    pub fn action_in_progress(self) -> Option<Action> {
        match self {
            ClusterStatus::CreateInProgress => Some(Action::Create),
            ClusterStatus::UpdateInProgress | ClusterStatus::RollbackInProgress => Some(Action::Update),
            ClusterStatus::DeleteInProgress => Some(Action::Delete),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_reads_back() {
        for status in ClusterStatus::ALL {
            assert_eq!(ClusterStatus::from_wire(status.as_str()), Some(*status));
        }
        assert_eq!(ClusterStatus::from_wire("SUSPEND_COMPLETE"), None);
        assert_eq!(ClusterStatus::RollbackComplete.phase(), Phase::Complete);
        assert_eq!(ClusterStatus::of(Action::Update, Phase::Failed).as_str(), "UPDATE_FAILED");
    }
}
