// SPDX-License-Identifier: Apache-2.0
//! The snapshot: everything that was seen of one cluster at one time.

use crate::coe::{KubernetesFacts, SwarmFacts};
use crate::node::NodeFacts;
use crate::{ClusterView, HostFacts, ProbeFacts, Scope, Topic, Why};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Everything the rules may read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    /// Format of this document: [`Facts::SCHEMA`].
    pub schema: String,
    /// When the collection ended; what rules take as "now".
    pub taken_at: Timestamp,
    pub cluster: ClusterView,
    /// By node name; every member of the cluster has an entry in both.
    pub hosts: BTreeMap<String, HostFacts>,
    pub nodes: BTreeMap<String, NodeFacts>,
    #[serde(default)]
    pub kubernetes: KubernetesFacts,
    #[serde(default)]
    pub swarm: SwarmFacts,
    #[serde(default)]
    pub probes: ProbeFacts,
}

impl Facts {
    /// The only format there is so far.
    pub const SCHEMA: &'static str = "magnum.facts/v1";

    /// A snapshot in which nothing has been looked at yet.
    pub fn new(cluster: ClusterView, taken_at: Timestamp) -> Self {
        let names = || cluster.members.iter().map(|m| m.name.clone());
        Self {
            schema: Self::SCHEMA.to_owned(),
            taken_at,
            hosts: names().map(|n| (n, HostFacts::default())).collect(),
            nodes: names().map(|n| (n, NodeFacts::default())).collect(),
            kubernetes: KubernetesFacts::default(),
            swarm: SwarmFacts::default(),
            probes: ProbeFacts::default(),
            cluster,
        }
    }

    /// Every topic there is.
    pub fn topics() -> impl Iterator<Item = (Topic, Scope)> {
        let cluster = [KubernetesFacts::TOPICS, SwarmFacts::TOPICS, ProbeFacts::TOPICS].into_iter().flatten();
        let node = [NodeFacts::TOPICS, HostFacts::TOPICS].into_iter().flatten();
        cluster.map(|t| (*t, Scope::Cluster)).chain(node.map(|t| (*t, Scope::Node)))
    }

    /// Notes that `topic` could not be looked at: for one node, or for the cluster. What was seen stays.
    pub fn blind(&mut self, topic: Topic, node: Option<&str>, why: &Why) {
        match node {
            Some(name) => {
                let done = self.nodes.get_mut(name).is_some_and(|n| n.blind(topic, why));
                if !done && let Some(host) = self.hosts.get_mut(name) {
                    host.blind(topic, why);
                }
            }
            None => {
                let _ = self.kubernetes.blind(topic, why) || self.swarm.blind(topic, why) || self.probes.blind(topic, why);
            }
        }
    }

    /// Whether `topic` was looked at: for one node, or for the cluster.
    pub fn looked(&self, topic: Topic, node: Option<&str>) -> bool {
        match node {
            Some(name) => self
                .nodes
                .get(name)
                .and_then(|n| n.looked(topic))
                .or_else(|| self.hosts.get(name).and_then(|h| h.looked(topic)))
                .unwrap_or(false),
            None => {
                self.kubernetes.looked(topic).or_else(|| self.swarm.looked(topic)).or_else(|| self.probes.looked(topic)).unwrap_or(false)
            }
        }
    }
}
