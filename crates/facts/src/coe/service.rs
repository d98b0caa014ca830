// SPDX-License-Identifier: Apache-2.0
//! Services and their endpoints.

use super::{ObjectRef, Pod};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A service.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Service {
    pub namespace: String,
    pub name: String,
    /// `ClusterIP`, `NodePort`, `LoadBalancer`, `ExternalName`.
    pub kind: String,
    /// None for `ExternalName`; `None` as text for headless services.
    #[serde(default)]
    pub cluster_ip: Option<String>,
    /// Empty = endpoints are made by hand, or there are none by design.
    #[serde(default)]
    pub selector: BTreeMap<String, String>,
    #[serde(default)]
    pub ports: Vec<ServicePort>,
    /// `Cluster` or `Local`; empty where it does not apply.
    #[serde(default)]
    pub external_traffic: String,
    /// Endpoints count before they are ready.
    #[serde(default)]
    pub publish_not_ready: bool,
    #[serde(default)]
    pub created: Option<Timestamp>,
}

impl Service {
    /// Whether it sends to this pod, when that is ready.
    pub fn selects(&self, pod: &Pod) -> bool {
        let labelled = || self.selector.iter().all(|(k, v)| pod.labels.get(k) == Some(v));
        !self.selector.is_empty() && pod.namespace == self.namespace && pod.deleting_since.is_none() && labelled()
    }
}

/// One port of a service.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServicePort {
    #[serde(default)]
    pub name: String,
    pub protocol: String,
    pub port: u16,
    /// A number or a container port's name.
    #[serde(default)]
    pub target: String,
    #[serde(default)]
    pub node_port: Option<u16>,
}

/// The endpoints object of a service.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoints {
    pub namespace: String,
    pub name: String,
    #[serde(default)]
    pub ready: Vec<EndpointAddress>,
    #[serde(default)]
    pub not_ready: Vec<EndpointAddress>,
    #[serde(default)]
    pub ports: Vec<u16>,
}

/// One address behind a service.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndpointAddress {
    pub ip: String,
    #[serde(default)]
    pub node: Option<String>,
    #[serde(default)]
    pub target: Option<ObjectRef>,
}
