// SPDX-License-Identifier: Apache-2.0
//! The container orchestration engines a cluster can run.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A container orchestration engine, spelled as on the wire (`reference: magnum-db.md 4.5`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Coe {
    Kubernetes,
    /// Docker swarm mode, under Magnum's older word; same as [`Coe::SwarmMode`] here.
    Swarm,
    SwarmMode,
    Mesos,
    /// In rows of releases up to 15; nothing here deploys it.
    Dcos,
}

/// The text is no COE that this program knows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a container orchestration engine; use kubernetes, swarm, swarm-mode or mesos")]
pub struct UnknownCoe(pub String);

impl Coe {
    /// The word used in requests, answers and the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Coe::Kubernetes => "kubernetes",
            Coe::Swarm => "swarm",
            Coe::SwarmMode => "swarm-mode",
            Coe::Mesos => "mesos",
            Coe::Dcos => "dcos",
        }
    }

    /// Whether the nodes run Docker in swarm mode.
    pub fn is_swarm(self) -> bool {
        matches!(self, Coe::Swarm | Coe::SwarmMode)
    }
}

impl fmt::Display for Coe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Coe {
    type Err = UnknownCoe;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "kubernetes" => Ok(Coe::Kubernetes),
            "swarm" => Ok(Coe::Swarm),
            "swarm-mode" => Ok(Coe::SwarmMode),
            "mesos" => Ok(Coe::Mesos),
            "dcos" => Ok(Coe::Dcos),
            other => Err(UnknownCoe(other.to_owned())),
        }
    }
}
