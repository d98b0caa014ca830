// SPDX-License-Identifier: Apache-2.0
//! What a collection is given: the cluster as Magnum has it, the engine, and a way into the COE's API.

use magnum_engine::Engine;
use magnum_facts::ClusterView;
use magnum_types::ClusterId;
use secrecy::SecretString;
use std::sync::Arc;

/// Everything a collector may reach out with.
pub struct World {
    pub id: ClusterId,
    pub cluster: ClusterView,
    pub engine: Arc<dyn Engine>,
    /// None when Magnum has no credentials for the COE's API; it is then asked from a master.
    pub api: Option<ApiAccess>,
}

/// How this machine reaches the COE's API.
#[derive(Debug, Clone)]
pub struct ApiAccess {
    /// `https://203.0.113.5:6443`.
    pub url: String,
    pub ca_pem: String,
    /// A client certificate that may read everything.
    pub certificate_pem: String,
    pub key_pem: SecretString,
}
