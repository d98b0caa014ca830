// SPDX-License-Identifier: Apache-2.0
//! What the handlers work with.

use crate::catalogue::Catalogue;
use crate::identity::Authenticate;
use magnum_engine::Engine;
use magnum_store::Store;
use magnum_types::ClusterId;
use std::path::PathBuf;
use std::sync::Arc;

/// Makes the doctor's report on a cluster.
pub trait Diagnose: Send + Sync {
    /// A report of schema `magnum.doctor/v1`. What could not be looked at is said in it; an error is the text of
    /// why there is no report at all. With `verify`, only these faults are looked for; an unknown id is an error.
    fn diagnose<'a>(&'a self, cluster: ClusterId, verify: Vec<String>) -> magnum_engine::Boxed<'a, Result<serde_json::Value, String>>;
}

/// Everything the API needs. Cheap to clone.
#[derive(Clone)]
pub struct App {
    pub store: Store,
    pub engine: Arc<dyn Engine>,
    pub catalogue: Arc<dyn Catalogue>,
    pub diagnose: Arc<dyn Diagnose>,
    pub authenticate: Arc<dyn Authenticate>,
    /// What 401 answers name as the identity service: `WWW-Authenticate: Keystone uri="…"`.
    pub www_authenticate_uri: String,
    /// The node agent's binary, served to nodes and anybody at `GET /v1/agent`. None: 404.
    pub agent: Option<PathBuf>,
    /// `[quotas]max_clusters_per_project`, 20 in Magnum.
    pub max_clusters_per_project: i64,
}
