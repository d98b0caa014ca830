// SPDX-License-Identifier: Apache-2.0
//! The observed tree: what an engine found, in the same words for every engine.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// All resources of one cluster that exist, in a stable order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observed {
    pub resources: Vec<Resource>,
}

impl Observed {
    /// The resource of this kind and name.
    pub fn get(&self, kind: ResourceKind, name: &str) -> Option<&Resource> {
        self.resources.iter().find(|r| r.kind == kind && r.name == name)
    }

    /// All resources of this kind.
    pub fn of(&self, kind: ResourceKind) -> impl Iterator<Item = &Resource> {
        self.resources.iter().filter(move |r| r.kind == kind)
    }
}

/// One resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resource {
    pub kind: ResourceKind,
    /// The name in the blueprint: a node's name for servers, ports and volumes.
    pub name: String,
    /// How the engine calls it: a namespace, a container, a stack's resource id.
    pub physical_id: String,
    pub state: ResourceState,
    /// Why the state is what it is, when that needs saying.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// Facts worth showing: addresses, pids, sizes.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, String>,
}

/// Kinds of resources, with OpenStack's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResourceKind {
    Network,
    Router,
    LoadBalancer,
    Port,
    Volume,
    Server,
}

/// How a resource stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResourceState {
    /// As it should be; a server is running.
    Active,
    /// Partly made.
    Building,
    /// A server that is not running.
    Stopped,
    Error,
    /// Could not be looked at; `reason` says why.
    Unknown,
}
