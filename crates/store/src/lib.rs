// SPDX-License-Identifier: Apache-2.0
//! All state, in SQL: Magnum's own tables as its migrations leave them, and ours (`mg_*`) beside them.
//!
//! What must stay true: only this crate sees the database library; SQL is written once, with `?` and quoted
//! identifiers; a wanted state and its operation row are written in one transaction; every write of a conductor
//! is fenced by its lease's generation, so that one who lost the lease changes nothing.

mod change;
mod cluster;
mod column;
mod connection;
mod copy;
mod dialect;
mod error;
mod event;
mod federation;
mod field;
mod inquiry;
mod inspect;
mod keypair;
mod lease;
mod lock;
mod news;
mod node;
mod nodegroup;
mod notice;
mod operation;
mod page;
mod private;
mod quota;
mod record;
mod renewal;
mod report;
mod request;
mod resource;
mod revision;
mod schema;
mod service;
mod shown;
mod sql;
mod stage;
mod stats;
mod table;
mod template;

pub use change::{Cause, Change, News};
pub use cluster::{Cluster, ClusterField, Whole};
pub use connection::Limits;
pub use copy::{Copied, copy};
pub use dialect::Dialect;
pub use error::Error;
pub use event::{Event, NewEvent};
pub use federation::Federation;
pub use inquiry::{Begun, Inquiry, Progress};
pub use inspect::{Finding, Inspection, Version};
pub use keypair::KeyPair;
pub use lease::Lease;
pub use node::{Node, NodeStatus};
pub use nodegroup::{NodeCount, NodeGroup, NodeGroupField};
pub use notice::{Ending, Notice, Priority};
pub use operation::{Operation, OperationState, TRACEPARENT};
pub use page::{Page, Scope};
pub use quota::Quota;
pub use renewal::{
    AUTHORITIES, ROTATION, References, Renewal, Rotation, RotationPhase, Trusted, next_token_name, read as read_private, token_name,
};
pub use report::Diagnosis;
pub use request::{NewCluster, Request};
pub use revision::{NEWEST, REVISIONS, Revision};
pub use schema::steps;
pub use service::Service;
pub use shown::Shown;
pub use stage::{Stages, began, is_coming, time_limit};
pub use stats::Stats;
pub use template::Template;

use connection::Target;
use jiff::Timestamp;
use std::path::Path;
use std::sync::Arc;

/// The state of one installation. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    pub(crate) db: Arc<sql::Database>,
    pub(crate) gathering: Arc<shown::Gathering>,
}

impl Store {
    /// Opens the SQLite database at `path`, makes it if missing, and brings its schema up to date. It is this process's own:
    /// no news are exchanged with others; for that there is [`Self::connect`].
    pub async fn open(path: &Path) -> Result<Self, Error> {
        Self::start(&Target::Sqlite(Some(path.to_owned())), &Limits::default(), false).await
    }

    /// As [`Self::open`], for several processes at once: news are exchanged among them.
    pub async fn open_shared(path: &Path) -> Result<Self, Error> {
        Self::start(&Target::Sqlite(Some(path.to_owned())), &Limits::default(), true).await
    }

    /// A database in memory, gone with the last clone.
    pub async fn memory() -> Result<Self, Error> {
        Self::start(&Target::Sqlite(None), &Limits::default(), false).await
    }

    /// Connects to the database that `[database] connection` names, and brings our part of its schema up to date: Magnum's
    /// own tables are made if the database is empty, and otherwise taken over as they are.
    pub async fn connect(url: &str, limits: &Limits) -> Result<Self, Error> {
        Self::start(&Target::parse(url)?, limits, true).await
    }

    async fn start(target: &Target, limits: &Limits, shared: bool) -> Result<Self, Error> {
        let mut db = sql::Database::open(target, limits).await?;
        schema::migrate(&mut db, NEWEST).await?;
        if shared {
            db.share();
            news::spawn(&db, target).await?;
        }
        Ok(Self { db: Arc::new(db), gathering: Arc::default() })
    }

    /// Which kind of database this is.
    pub fn dialect(&self) -> Dialect {
        self.db.dialect()
    }

    /// Closes all connections; calls after that fail.
    pub async fn close(&self) {
        self.db.close().await;
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
