// SPDX-License-Identifier: Apache-2.0
//! The doctor: looks at a cluster with the collectors, judges what was seen with the rules, and answers with a report.
//! It never fails: what could not be looked at is part of the report. Nothing on the cluster is changed.

mod diagnose;
mod path;
mod vantage;

pub use diagnose::{ClusterInput, Diagnosis, Options, diagnose, examine, examine_telling, replay};
pub use magnum_collect::ApiAccess;
pub use magnum_facts::{ClusterView, Facts, Layout, MemberView, Source, StepView, Vantage};
pub use magnum_rules::report::Report;
pub use magnum_rules::{Selection, complaint, explain, no_complaint, render, report};
pub use path::{PathError, path, path_matrix};

#[cfg(test)]
mod tests;
