// SPDX-License-Identifier: Apache-2.0
//! What was seen of a cluster, and what was not: the only thing the doctor's rules may read.
//!
//! Everything here is data. A [`Facts`] snapshot serialises to JSON and reads back identically, so a judgement can be
//! repeated anywhere, at any time, with the same result. Nothing defaults to "fine": a fact that nobody looked at is
//! [`Fact::NotLooked`] with the reason. No I/O, no clock, no async.

mod cluster;
pub mod coe;
mod fact;
mod host;
pub mod json;
pub mod node;
mod probe;
mod snapshot;
mod topic;

pub use cluster::{ClusterView, Layout, MemberView, StepView};
pub use fact::{Citation, Fact, Look, Source, Vantage, Why, WhyKind};
pub use host::{HostFacts, PortFilter, Power, ServerView};
pub use probe::{CounterRise, PairProbe, PortProbe, ProbeFacts, Reach, SizeProbe};
pub use snapshot::Facts;
pub use topic::{Scope, Topic};
