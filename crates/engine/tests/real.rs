// SPDX-License-Identifier: Apache-2.0
//! The local engine on this machine, for real: containers boot, packets pass or do not, and nothing is left. These
//! need root, the engine's programs and a built image; every name begins with `real_`, so that a test run can leave
//! them out.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::print_stderr)]

#[path = "real/cluster.rs"]
mod cluster;
#[path = "real/crash.rs"]
mod crash;
#[path = "real/egress.rs"]
mod egress;
#[path = "real/leftovers.rs"]
mod leftovers;
#[path = "real/world.rs"]
mod world;
