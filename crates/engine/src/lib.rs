// SPDX-License-Identifier: Apache-2.0
//! What makes a blueprint real. Conductor, API and doctor see only the [`Engine`] trait and the [`Observed`] tree.

mod digest;
pub mod image;
pub mod local;
mod observed;

pub use observed::{Observed, Resource, ResourceKind, ResourceState};

use magnum_blueprint::Blueprint;
use magnum_types::{ClusterId, NodeName};
use std::future::Future;
use std::net::Ipv4Addr;
use std::pin::Pin;
use std::time::Duration;

/// A boxed future, so that the trait can be used as `dyn Engine`.
pub type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Makes, observes and removes the resources of clusters. Every method may be repeated and may be cut off at any
/// point: the next call goes on from what is there.
pub trait Engine: Send + Sync {
    /// The engine's name in logs and reports: `local`, `heat`.
    fn name(&self) -> &'static str;

    /// Which installation of the engine this is, when clusters can only be worked on by the one that made them: another
    /// machine's would not see their servers and make them once more. None when any process can.
    fn home(&self) -> Option<&str> {
        None
    }

    /// For how many clusters nodes may be coming up at a time in one process. None where they have processors of their own.
    fn at_once(&self) -> Option<usize> {
        None
    }

    /// What is there now. Never fails: what could not be seen is a resource with state `Unknown` and the reason.
    fn observe<'a>(&'a self, cluster: ClusterId) -> Boxed<'a, Observed>;

    /// Does the next batch of work towards `blueprint`: makes what is missing, removes servers that are no longer in
    /// it, starts what has stopped. Answers what it did and whether anything is left.
    fn converge<'a>(&'a self, blueprint: &'a Blueprint, observed: &'a Observed) -> Boxed<'a, Result<Progress, Error>>;

    /// Removes everything of `cluster`, also what an earlier crash left half made. `done` when nothing is left.
    fn remove<'a>(&'a self, cluster: ClusterId) -> Boxed<'a, Result<Progress, Error>>;

    /// An external address not in `taken`, for a new cluster.
    fn free_external_address<'a>(&'a self, taken: &'a [Ipv4Addr]) -> Boxed<'a, Result<Ipv4Addr, Error>>;

    /// Runs a program on a node from outside its network, so that it works when the node's network is dead.
    fn exec<'a>(&'a self, cluster: ClusterId, node: &'a NodeName, request: Exec) -> Boxed<'a, Result<ExecOutput, Error>>;

    /// The last `bytes` of the node's serial console.
    fn console<'a>(&'a self, cluster: ClusterId, node: &'a NodeName, bytes: usize) -> Boxed<'a, Result<String, Error>>;

    /// Cuts the node's power at once, as a failed host would. It stays off until a converge wants it on.
    fn power_off<'a>(&'a self, cluster: ClusterId, node: &'a NodeName) -> Boxed<'a, Result<(), Error>>;

    /// The packet filter in front of the node's port, for the doctor. None when this engine has no such view.
    fn port_filter<'a>(&'a self, _cluster: ClusterId, _node: &'a NodeName) -> Boxed<'a, Result<Option<PortFilter>, Error>> {
        Box::pin(async { Ok(None) })
    }

    /// A listener at the cluster's gateway, on which Magnum answers the nodes. None while the network is not there.
    fn node_listener<'a>(&'a self, cluster: ClusterId) -> Boxed<'a, Result<Option<std::net::TcpListener>, Error>>;
}

/// What one batch of work did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// In words, for the timeline: `network made`, `server node-1 started`.
    pub did: Vec<String>,
    /// Nothing is left to do.
    pub done: bool,
}

/// The packet filter in front of a node's port: its security groups as they are in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortFilter {
    /// The document that `nft --json list ruleset` prints where the filter lives, with counters.
    pub nft: String,
    /// The chain that packets to the node enter at.
    pub ingress_chain: String,
}

/// A program to run on a node.
#[derive(Debug, Clone)]
pub struct Exec {
    /// Program and arguments; no shell is involved.
    pub argv: Vec<String>,
    pub stdin: Vec<u8>,
    pub timeout: Duration,
    /// More output than this is cut, and said so in [`ExecOutput::truncated`].
    pub max_output: usize,
}

impl Exec {
    /// `argv` with no input, ten seconds and a mebibyte of output.
    pub fn new<S: Into<String>>(argv: impl IntoIterator<Item = S>) -> Self {
        Self { argv: argv.into_iter().map(Into::into).collect(), stdin: Vec::new(), timeout: Duration::from_secs(10), max_output: 1 << 20 }
    }
}

/// How a program on a node ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecOutput {
    /// None when a signal or the time limit ended it.
    pub code: Option<i32>,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
    pub timed_out: bool,
    pub truncated: bool,
}

/// Whose fault a failure is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The request cannot be fulfilled as it is.
    Caller,
    /// The machine or cloud below.
    Cloud,
    /// This program.
    Ours,
}

/// A failure of an engine, with what it was doing.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Something on the machine that only an operator can change: a missing program, no root, no image.
    #[error("{what}")]
    Prerequisite { what: String, hint: String },
    /// A resource could not be made, changed or removed; `what` says which and how it failed.
    #[error("{resource}: {what}")]
    Resource { resource: String, what: String },
    /// The node is not there or not running.
    #[error("node {node} is {state}")]
    NodeState { node: String, state: String },
}

impl Error {
    /// Whose fault it is.
    pub fn fault(&self) -> Fault {
        match self {
            Error::Prerequisite { .. } | Error::Resource { .. } => Fault::Cloud,
            Error::NodeState { .. } => Fault::Caller,
        }
    }

    /// Whether trying again later can help without anybody changing anything.
    pub fn is_transient(&self) -> bool {
        matches!(self, Error::Resource { .. })
    }

    /// What the operator can do.
    pub fn hint(&self) -> Option<&str> {
        match self {
            Error::Prerequisite { hint, .. } => Some(hint),
            _ => None,
        }
    }
}
