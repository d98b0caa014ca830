// SPDX-License-Identifier: Apache-2.0
//! Healthy clusters to break: every fact is seen and good. A case takes one and changes what the fault would change.

mod base;
mod overlay;
mod scene;
mod services;

pub use base::{kubernetes, swarm};
pub use overlay::{says_and_crashes, waiting};
pub use scene::{Scene, crashed, drop_rule, log, starting, stopped};
