// SPDX-License-Identifier: Apache-2.0
//! What the handlers work with.

use crate::authorities::Authorities;
use crate::catalogue::Catalogue;
use crate::front::Front;
use crate::identity::Authenticate;
use crate::metrics::Metrics;
use magnum_certificates::Manager;
use magnum_engine::Engine;
use magnum_policy::Enforcer;
use magnum_store::Store;
use magnum_traces::Tracer;
use magnum_types::ClusterId;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::watch;

/// Makes the doctor's report on a cluster.
pub trait Diagnose: Send + Sync {
    /// A report of schema `magnum.doctor/v1`. What could not be looked at is said in it. `told` hears of every collector
    /// when it has ended: its name, its node, how long it took, and why it saw nothing.
    fn diagnose<'a>(&'a self, cluster: ClusterId, question: Question, told: Told) -> magnum_engine::Boxed<'a, Result<Judged, NoReport>>;

    /// A path of schema `magnum.path/v1`, or a matrix of schema `magnum.path-matrix/v1`.
    fn path<'a>(&'a self, cluster: ClusterId, wish: PathWish) -> magnum_engine::Boxed<'a, Result<serde_json::Value, NoReport>>;
}

/// Which paths are traced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PathWish {
    /// Between two ends, as a user names them.
    Between { from: String, to: String },
    /// All nodes, and a pod of each, among each other.
    Matrix,
}

/// Who hears of what was looked at.
pub type Told = Arc<dyn Fn(serde_json::Value) + Send + Sync>;

/// What the doctor is asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Question {
    /// Only these faults are looked for; empty: all.
    pub verify: Vec<String>,
    /// What the user complains of: a name, an id, or a message as it was read.
    pub symptom: Option<String>,
}

impl Question {
    /// Whether the answer is about the whole cluster.
    pub fn is_whole(&self) -> bool {
        self.verify.is_empty() && self.symptom.is_none()
    }

    /// As it is noted, so that the same is known again.
    pub(crate) fn document(&self) -> serde_json::Value {
        serde_json::json!({"verify": self.verify, "symptom": self.symptom})
    }
}

/// A report with the facts it was judged from.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    pub report: serde_json::Value,
    pub facts: serde_json::Value,
}

/// Why there is no report at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoReport {
    /// The question names something that does not exist.
    Unknown(String),
    Failed(String),
}

/// Everything the API needs. Cheap to clone.
#[derive(Clone)]
pub struct App {
    pub store: Store,
    /// Where authorities and their keys are kept.
    pub certificates: Arc<dyn Manager>,
    pub engine: Arc<dyn Engine>,
    pub catalogue: Arc<dyn Catalogue>,
    pub diagnose: Arc<dyn Diagnose>,
    /// Whose keys need not be decrypted again.
    pub authorities: Arc<Authorities>,
    pub authenticate: Arc<dyn Authenticate>,
    /// The rules in force; another set takes effect with the next request.
    pub rules: watch::Receiver<Arc<Enforcer>>,
    /// What 401 answers name as the identity service: `WWW-Authenticate: Keystone uri="…"`.
    pub www_authenticate_uri: String,
    /// The node agent's binary, served to nodes and anybody at `GET /v1/agent`. None: 404.
    pub agent: Option<PathBuf>,
    /// What was asked so far.
    pub metrics: Metrics,
    /// Who traces requests; nobody unless somebody wants it.
    pub traces: Option<Tracer>,
    /// What stands before the API.
    pub front: Arc<Front>,
    /// `[quotas]max_clusters_per_project`, 20 in Magnum.
    pub max_clusters_per_project: i64,
}
