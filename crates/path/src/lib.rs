// SPDX-License-Identifier: Apache-2.0
//! The packet path between two endpoints of a cluster.

mod cause;
mod endpoint;
mod gap;
mod judge;
mod matrix;
mod plan;
pub mod render;
mod round;
mod route;
mod service;
mod tell;
mod trace;
pub mod wire;

pub use cause::{Cause, Evidence, Found, Look, Scene};
pub use endpoint::{Backend, Endpoint, Sort, resolve};
pub use gap::{Gap, Stop, gap, stops};
pub use judge::{Inputs, Suspicion, judge, suspicion};
pub use matrix::{Cell, Matrix, ends, judge_all, pair_probes, pairs};
pub use plan::{burst, probes, questions, source_ports};
pub use round::{Connection, Count, Group, Round};
pub use route::{Carrier, Hop, Place, carrier, route};
pub use trace::{Outcome, Row, Shot, Trace, Way};

include!(concat!(env!("OUT_DIR"), "/causes.rs"));
