// SPDX-License-Identifier: Apache-2.0
//! The doctor's knowledge: one file per fault under `rules/`, and the judgement over all of them.
//!
//! Pure: a rule reads facts, never the world, and the same facts give the same report to the byte. What was not looked
//! at makes a rule's answer "unknown", never "fine". The report and its text form live here, so that a client can
//! print one without anything that reaches out.

mod ask;
mod case;
mod complaint;
mod explain;
pub mod fixture;
pub mod instruction;
mod journal;
mod judge;
mod member;
mod overlay;
mod pods;
mod port;
mod pressure;
mod quorum;
pub mod render;
pub mod report;
mod rule;
mod stub_registry;
mod symptom;
mod verdict;

pub use ask::{NodeAsk, each_node, last_words, masters, need, when};
pub use case::{Case, Expect, blind, fires, quiet};
pub use complaint::{Complaint, ComplaintEntry, complaint, complaints, no_complaint};
pub use explain::{explain, similar};
pub use judge::{Selection, judge};
pub use pods::{PodAsk, Pull, amount, distance, each_pod, each_pull, nearest};
pub use pressure::{Pressure, pressed};
pub use rule::{Act, Class, CoeKind, Entry, Layer, Near, Rule, Ward};
pub use verdict::{Answer, Blind, Claim, Finding, Hidden, Kind, Remedy, Stop, Subject, Verdict};

include!(concat!(env!("OUT_DIR"), "/registry.rs"));

/// The rule of this id.
pub fn find(id: &str) -> Option<&'static Entry> {
    ALL.iter().find(|entry| entry.rule.id == id)
}

#[cfg(test)]
mod tests;
