// SPDX-License-Identifier: Apache-2.0
//! The stage clock: in which stage each node of a cluster in progress is, since when, what it waits for and on whom,
//! whether it moves or hangs, and whether all will be done before the deadline.
//!
//! Pure: the conductor writes its sentence into `status_reason`, the API serves it, and the client draws it, so that
//! all three say the same. A node that waits for another one is never called hung; the one at the root is.

mod clock;
mod detail;
mod history;
mod judgement;
mod needs;
mod usual;
mod words;

#[cfg(test)]
mod tests;

pub use clock::judge;
pub use history::{NodeHistory, Report, Scene, Standing};
pub use judgement::{Forecast, Judgement, NodeClock, Pace};
pub use needs::is_known;
pub use usual::{Expected, LEAST, Sample, Usual, samples};
pub use words::{clock_time, seconds};

/// The stage of a node whose agent has not reported anything yet.
pub const BOOT: &str = "boot";
/// The step with which a node is up.
pub const READY: &str = "ready";
