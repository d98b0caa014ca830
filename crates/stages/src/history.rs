// SPDX-License-Identifier: Apache-2.0
//! What the clock is told: the nodes, what their agents reported, and the time.

use crate::Usual;
use jiff::Timestamp;
use magnum_types::{Coe, Role, StepState};

/// One report of a node's agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    pub step: String,
    pub state: StepState,
    /// What is waited for, or why it failed.
    pub detail: String,
    pub at: Timestamp,
    /// How long the step took, in milliseconds; with `Done`.
    pub took_ms: Option<i64>,
}

/// How a node stands, as its row says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Not there yet, or its agent still works.
    Coming,
    /// The agent reported `ready`.
    Ready,
    /// The agent reported a step that cannot succeed.
    Failed,
}

/// One node with all that it reported, oldest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeHistory {
    pub name: String,
    pub role: Role,
    /// Of a node that is up the reports need not be given.
    pub standing: Standing,
    /// When it was asked for, or last began to boot.
    pub started_at: Option<Timestamp>,
    /// When it was up, if it is.
    pub ready_at: Option<Timestamp>,
    pub reports: Vec<Report>,
}

/// A cluster with an action in progress. The first master comes before the other masters.
#[derive(Debug, Clone, Copy)]
pub struct Scene<'a> {
    pub coe: Coe,
    pub nodes: &'a [NodeHistory],
    /// When the action began.
    pub began: Timestamp,
    /// When the action fails if it is not done; none without a limit.
    pub deadline: Option<Timestamp>,
    pub now: Timestamp,
    pub usual: &'a Usual,
}

impl NodeHistory {
    /// When `step` was last done, if it has not been begun again since. A node that is up has done them all, also when
    /// its reports are not at hand.
    pub(crate) fn done_at(&self, step: &str) -> Option<Timestamp> {
        match self.reports.iter().rev().find(|r| r.step == step) {
            Some(newest) => Some(newest.at).filter(|_| newest.state == StepState::Done),
            None if self.standing == Standing::Ready => Some(self.started_at.unwrap_or(Timestamp::MIN)),
            None => None,
        }
    }

    /// When `step` was first begun.
    pub(crate) fn begun_at(&self, step: &str) -> Option<Timestamp> {
        self.reports.iter().find(|r| r.step == step).map(|r| r.at).or_else(|| self.done_at(step))
    }
}
