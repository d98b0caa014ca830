// SPDX-License-Identifier: Apache-2.0
//! The packet path between two endpoints of a cluster.

mod endpoint;
pub mod wire;
pub use endpoint::{Backend, Endpoint, Sort, resolve};
mod route;
pub use route::{Carrier, Hop, Place, carrier, route};
mod gap;
mod round;
pub use gap::{Gap, Stop, gap, stops};
pub use round::{Connection, Count, Group, Round};
mod cause;
pub use cause::{Cause, Evidence, Found, Look, Scene};
include!(concat!(env!("OUT_DIR"), "/causes.rs"));
mod plan;
mod service;
mod trace;
pub use plan::{burst, probes, questions, source_ports};
pub use trace::{Inputs, Outcome, Row, Shot, Suspicion, Trace, Way, judge, suspicion};
mod matrix;
pub mod render;
pub use matrix::{Cell, Matrix, ends, judge_all, pair_probes, pairs};
