// SPDX-License-Identifier: Apache-2.0
//! The packet path between two endpoints of a cluster.

pub mod wire;
mod endpoint;
pub use endpoint::{Backend, Endpoint, Sort, resolve};
mod route;
pub use route::{Carrier, Hop, Place, Route, carrier, route};
mod gap;
mod round;
pub use gap::{Gap, Stop, gap, stops};
pub use round::{Connection, Count, Group, Round};
