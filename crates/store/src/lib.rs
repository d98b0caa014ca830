// SPDX-License-Identifier: Apache-2.0
//! All state, in SQL: Magnum's own tables as its migrations leave them, and ours (`mg_*`) beside them.
//!
//! What must stay true: only this crate sees the database library; SQL is written once, with `?` and quoted
//! identifiers; a wanted state and its operation row are written in one transaction; every write of a conductor
//! is fenced by its lease's generation, so that one who lost the lease changes nothing.

mod change;
mod cluster;
mod column;
mod error;
mod event;
mod federation;
mod field;
mod keypair;
mod lease;
mod node;
mod nodegroup;
mod operation;
mod page;
mod private;
mod quota;
mod record;
mod renewal;
mod report;
mod request;
mod resource;
mod schema;
mod service;
mod sql;
mod stage;
mod stats;
mod template;
#[cfg(test)]
mod tests;

pub use change::{Cause, Change};
pub use cluster::{Cluster, ClusterField, Whole};
pub use error::Error;
pub use event::{Event, NewEvent};
pub use federation::Federation;
pub use keypair::KeyPair;
pub use lease::Lease;
pub use node::{Node, NodeStatus};
pub use nodegroup::{NodeGroup, NodeGroupField};
pub use operation::{Operation, OperationState};
pub use page::{Page, Scope};
pub use quota::Quota;
pub use renewal::{
    AUTHORITIES, ROTATION, References, Renewal, Rotation, RotationPhase, Trusted, next_token_name, read as read_private, token_name,
};
pub use report::Diagnosis;
pub use request::{NewCluster, Request};
pub use schema::{Dialect, steps};
pub use service::Service;
pub use stage::{Stages, began, is_coming, time_limit};
pub use stats::Stats;
pub use template::Template;

use jiff::Timestamp;
use std::path::Path;
use std::sync::Arc;

/// The state of one installation. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    pub(crate) db: Arc<sql::Database>,
    pub(crate) changes: Arc<change::Changes>,
}

impl Store {
    /// Opens the SQLite database at `path`, makes it if missing, and brings its schema up to date.
    pub async fn open(path: &Path) -> Result<Self, Error> {
        let db = sql::Database::open(path).await?;
        schema::migrate(&db).await?;
        Ok(Self { db: Arc::new(db), changes: Arc::default() })
    }

    /// A database in memory, gone with the last clone.
    pub async fn memory() -> Result<Self, Error> {
        let db = sql::Database::memory().await?;
        schema::migrate(&db).await?;
        Ok(Self { db: Arc::new(db), changes: Arc::default() })
    }
}

/// The time, cut to the second as Magnum's columns hold it.
pub(crate) fn now_seconds() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_second(now.as_second()).unwrap_or(now)
}

/// The time in milliseconds, as our own columns hold it.
pub(crate) fn now_ms() -> i64 {
    Timestamp::now().as_millisecond()
}
