// SPDX-License-Identifier: Apache-2.0
//! The reconciler: brings every cluster to what its rows ask for.
//!
//! Level-triggered: an activation knows only a cluster's id, looks, does the next batch of work, records it, and says
//! when to look again. What must stay true: every write carries the lease; status is written also when a step failed;
//! nothing that can be looked up is remembered, but for a short-lived note of when the engine was last asked.

mod activate;
mod admission;
mod bring;
mod cadf;
mod certificates;
mod drain;
mod error;
mod health;
mod home;
mod inquire;
mod judge;
mod keep;
mod keys;
mod leave;
mod notices;
mod outcome;
mod power;
mod prepare;
mod relay;
mod remove;
mod rollout;
mod rotate;
mod run;
mod swarm;
mod tenure;
mod tokens;
mod traced;
mod world;

pub use error::Error;
pub use inquire::{Cause, Examine, Examined};
pub use prepare::{EXTERNAL_ADDRESS, settings};
pub use relay::Announce;
pub use run::run;
pub use world::{Flavors, Gate, World};
