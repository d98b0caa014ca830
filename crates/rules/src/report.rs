// SPDX-License-Identifier: Apache-2.0
//! The report, `magnum.doctor/v1`. Every claim points at evidence in the same document; nothing else may be claimed.

use crate::verdict::Subject;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A whole diagnosis.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// [`Report::SCHEMA`].
    pub schema: String,
    pub cluster: ClusterHead,
    pub started: Timestamp,
    pub duration_ms: u64,
    pub mode: Mode,
    /// What the user complains of, when the diagnosis was about that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub complaint: Option<ComplaintHead>,
    /// From where the cluster could be seen: `engine`, `api`, and each node.
    pub vantages: BTreeMap<String, String>,
    pub verdict: Word,
    /// What a command that prints this report exits with.
    pub exit: u8,
    pub findings: Vec<Finding>,
    /// What was found besides and is not known to be behind the complaint.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aside: Vec<Consequence>,
    /// Symptoms that no finding explains: the reason why a report without a cause is not "healthy".
    #[serde(default)]
    pub unexplained: Vec<Unexplained>,
    #[serde(default)]
    pub not_seen: Vec<NotSeen>,
    /// Closest to trouble, worst first.
    #[serde(default)]
    pub near: Vec<NearTrouble>,
    pub evidence: BTreeMap<String, Evidence>,
    pub checks: Vec<Check>,
    /// Probes that were sent.
    #[serde(default)]
    pub probes: Vec<String>,
    /// What collected the facts, with the time it took.
    #[serde(default)]
    pub collectors: Vec<CollectorRun>,
}

impl Report {
    /// The only format there is so far.
    pub const SCHEMA: &'static str = "magnum.doctor/v1";
}

/// The cluster in one line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClusterHead {
    pub uuid: String,
    pub name: String,
    pub coe: String,
    pub engine: String,
    pub status: String,
    #[serde(default)]
    pub status_reason: String,
    pub masters: usize,
    pub nodes: usize,
}

/// What the diagnosis was about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComplaintHead {
    /// `S6`.
    pub id: String,
    /// `pending`.
    pub name: String,
    pub title: String,
    /// Lines of the Troubleshooting Guide.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub guide: String,
}

/// Where the facts came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    Live,
    Bundle,
    Verify,
}

/// The verdict on a cluster, and the status of a finding or check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Word {
    /// A cluster without a finding that matters.
    Healthy,
    /// A check that looked and found nothing.
    Ok,
    Cause,
    Suspect,
    Warning,
    Consequence,
    /// Could not be seen.
    Unknown,
    /// Does not apply to this cluster.
    Skipped,
    /// No cause, but also no clear view.
    Inconclusive,
}

/// How a finding is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// The failing step was done again and failed the same way.
    Reproduced,
    /// A state was seen that cannot go together with health.
    Observed,
    /// Everything else was excluded.
    Inferred,
    Suspected,
}

impl Confidence {
    /// The words for a person.
    pub fn as_str(self) -> &'static str {
        match self {
            Confidence::Reproduced => "certain (reproduced)",
            Confidence::Observed => "certain (observed)",
            Confidence::Inferred => "likely (everything else excluded)",
            Confidence::Suspected => "possible",
        }
    }
}

/// One root cause, suspect or warning.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    pub id: String,
    /// The fault's name: the first line of its page.
    pub title: String,
    pub layer: String,
    pub status: Word,
    pub confidence: Confidence,
    #[serde(default)]
    pub symptoms: Vec<String>,
    pub subject: Subject,
    /// One sentence for a person.
    pub summary: String,
    pub chain: Vec<ChainLink>,
    #[serde(default)]
    pub ruled_out: Vec<RuledOut>,
    #[serde(default)]
    pub consequences: Vec<Consequence>,
    pub remedy: Remedy,
    /// Lines of the Troubleshooting Guide.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub guide: String,
}

/// One sentence of the argument, with the evidence it rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChainLink {
    pub claim: String,
    /// Keys of [`Report::evidence`].
    pub evidence: Vec<String>,
}

/// A look-alike that was excluded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuledOut {
    pub id: String,
    pub because: String,
    #[serde(default)]
    pub by: Vec<String>,
}

/// A fault that follows from the finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consequence {
    pub id: String,
    pub subject: Subject,
    pub summary: String,
}

/// What to do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remedy {
    pub text: String,
    #[serde(default)]
    pub commands: Vec<Command>,
    /// The command that shows whether it helped.
    #[serde(default)]
    pub verify: String,
}

/// A command with what it may do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Command {
    pub cmd: String,
    pub risk: Risk,
}

/// What a command may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Risk {
    ReadOnly,
    /// Restarts or changes something on one node.
    ChangesNode,
    ChangesCluster,
    ChangesCloud,
    LosesData,
}

impl Command {
    /// A command of this risk.
    pub fn new(risk: Risk, cmd: impl Into<String>) -> Self {
        Self { cmd: cmd.into(), risk }
    }
}

/// A symptom without a cause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unexplained {
    pub subject: Subject,
    pub text: String,
    pub evidence: Vec<String>,
}

/// Something that could not be looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotSeen {
    pub subject: Subject,
    pub topics: Vec<String>,
    pub reason: String,
    /// `timed-out`, `unreachable`, `denied`, `garbled`, `not-here`, `not-needed`.
    pub kind: String,
    /// Faults that could not be judged because of it.
    pub faults: Vec<String>,
    /// The finding that explains why it could not be seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub explained_by: Option<String>,
    /// It leaves open whether the cluster is healthy.
    pub leaves_doubt: bool,
}

/// Fine, but not far from trouble.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NearTrouble {
    pub text: String,
    pub percent: u8,
    pub evidence: Vec<String>,
}

/// A quotation, exact enough to be read again by hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// The source's stable id.
    pub source: String,
    /// How to read it by hand.
    pub what: String,
    pub vantage: String,
    pub at: Timestamp,
    /// Where in the source.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub path: String,
    pub value: String,
}

/// One rule that was run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    pub name: String,
    pub status: Word,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub guide: String,
}

/// One collector that ran.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CollectorRun {
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    pub ms: u64,
    /// Empty when it saw what it looked for.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub error: String,
}
