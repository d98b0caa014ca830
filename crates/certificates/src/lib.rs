// SPDX-License-Identifier: Apache-2.0
//! Where clusters' certificates and their keys are kept: Magnum's certificate managers.
//!
//! What must stay true: a pair is kept whole before a cluster's row refers to it, and it is gone only after nothing refers to
//! it any more; what a process that ended in between has left behind is found again and removed.

mod database;
mod error;
mod files;
mod manager;
mod pair;

pub use database::Database;
pub use error::Error;
pub use files::Files;
pub use manager::Manager;
pub use pair::Pair;
