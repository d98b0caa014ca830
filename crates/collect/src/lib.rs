// SPDX-License-Identifier: Apache-2.0
//! Looking: one file per collector under `collectors/`. All run at once, each with a time limit of its own; what runs
//! out of it, or is refused, becomes `NotLooked` with the reason, never a value and never a failure of the diagnosis.
//! Nothing is changed on the cluster.

mod collector;
mod https;
mod kind;
mod node;
mod parse;
mod probe;
mod reading;
mod run;
mod world;

pub use collector::{Collector, Context, Patch, Stage, Wanted};
pub use run::{Collected, Run, collect, collect_telling};
pub use world::{ApiAccess, World};

include!(concat!(env!("OUT_DIR"), "/collectors.rs"));

#[cfg(test)]
mod tests;
