// SPDX-License-Identifier: Apache-2.0
//! What a collector is.

use crate::world::World;
use magnum_facts::{Facts, Scope, Source, Topic, Vantage, Why};
use magnum_types::{Coe, NodeName};
use std::collections::BTreeSet;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

/// What a collector found, as a change of the snapshot.
pub type Patch = Box<dyn FnOnce(&mut Facts) + Send>;

/// A running collector. Its error is the reason why nothing could be seen.
pub type Running = Pin<Box<dyn Future<Output = Result<Patch, Why>> + Send>>;

/// When a collector runs.
#[derive(Clone, Copy)]
pub enum Stage {
    /// At once.
    Shallow,
    /// After the shallow ones, where their facts call for it. The node is None for a collector of the cluster.
    Deep(fn(&Facts, Option<&str>) -> bool),
    /// After the deep ones, to make sure of what they found.
    Confirm(fn(&Facts, Option<&str>) -> bool),
}

impl Stage {
    /// 0, 1, 2.
    pub(crate) fn number(self) -> u8 {
        match self {
            Stage::Shallow => 0,
            Stage::Deep(_) => 1,
            Stage::Confirm(_) => 2,
        }
    }

    pub(crate) fn calls(self, facts: &Facts, node: Option<&str>) -> bool {
        match self {
            Stage::Shallow => true,
            Stage::Deep(when) | Stage::Confirm(when) => when(facts, node),
        }
    }
}

/// One way of looking.
pub struct Collector {
    pub name: &'static str,
    /// Topics it fills, or marks as not looked at when it cannot.
    pub provides: &'static [Topic],
    pub vantage: Vantage,
    /// Once for the cluster, or once for each node: then one hung node delays no other.
    pub scope: Scope,
    pub stage: Stage,
    /// Longer than this, and its topics are not looked at.
    pub budget: Duration,
    /// Which COEs it can look at.
    pub fits: fn(Coe) -> bool,
    /// For probes: what is sent, for the report.
    pub announce: Option<&'static str>,
    pub run: fn(Context) -> Running,
}

/// What one run of a collector is given.
#[derive(Clone)]
pub struct Context {
    pub world: Arc<World>,
    /// The node, for collectors of nodes.
    pub node: Option<NodeName>,
    /// What was seen in earlier stages.
    pub facts: Arc<Facts>,
    pub budget: Duration,
}

impl Context {
    /// The source of what this run reads now; the id begins with the node's name.
    pub fn source(&self, id: &str, what: impl Into<String>, vantage: Vantage) -> Source {
        let owner = self.node.as_ref().map_or("cluster", NodeName::as_str);
        Source { id: format!("{owner}/{id}"), what: what.into(), vantage, at: jiff::Timestamp::now() }
    }
}

/// What is to be looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Wanted {
    #[default]
    All,
    /// Only what these topics need.
    Topics(BTreeSet<Topic>),
}

impl Wanted {
    pub(crate) fn takes(&self, collector: &Collector) -> bool {
        match self {
            Wanted::All => true,
            Wanted::Topics(topics) => collector.provides.iter().any(|t| topics.contains(t)),
        }
    }
}
