// SPDX-License-Identifier: Apache-2.0
//! This machine: programs, network namespaces, control groups, system containers, files. Everything here touches the
//! real machine and decides nothing; what to do is decided in the pure code of the callers. All calls block and all
//! have a time limit, so callers run them on threads made for blocking work.

pub mod cgroup;
pub mod container;
mod error;
pub mod file;
pub mod limits;
pub mod link;
pub mod namespace;
pub mod nft;
pub mod process;
pub mod program;

pub use error::Error;
pub use namespace::Namespace;
pub use program::{Ended, Program};
