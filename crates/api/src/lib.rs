// SPDX-License-Identifier: Apache-2.0
//! The REST API: Magnum's own contract, our additions beside it, and what nodes ask.
//!
//! What must stay true: reads come from the database only; a wanted state and its operation are stored in one
//! transaction before the answer; every error has OpenStack's body, made in one file ([`failure`]); an operation
//! is one file under `operations` and no list names it; nothing here knows which engine runs the clusters.

mod app;
mod authorise;
mod authorities;
mod caller;
pub mod catalogue;
mod certificate;
mod diagnosis;
mod dispatch;
mod failure;
mod front;
#[doc(hidden)]
pub mod fuzzing;
mod identity;
mod input;
mod jobs;
mod metrics;
mod moment;
mod names;
mod node_api;
mod openapi;
mod operation;
mod paging;
mod patch;
mod python;
mod reply;
mod shape;
mod traced;
mod typed;
mod validate;
mod version;

/// The operations, found by `build.rs`.
pub(crate) mod operations {
    use crate::operation::Route;
    include!(concat!(env!("OUT_DIR"), "/operations.rs"));
}

pub use app::{App, Diagnose, Judged, NoReport, PathWish, Question, Told};
pub use authorities::Authorities;
pub use dispatch::router;
pub use failure::error_body;
pub use front::{Cors, Front};
pub use identity::{Authenticate, Identity, Presented, PrivateToken, Refused};
pub use metrics::{Metrics, metrics_router};
pub use node_api::{node_router, token_hash};
pub use openapi::document as openapi;
pub use operation::{Operation, all as operations_list};
