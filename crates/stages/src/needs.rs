// SPDX-License-Identifier: Apache-2.0
//! What the agent's steps wait for without saying so in their order: other steps of the same node, and other nodes.

use crate::history::NodeHistory;
use jiff::Timestamp;
use magnum_types::Role;

/// Which other nodes a step waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum On {
    Nobody,
    /// Any master that has done this step; only workers wait.
    AnyMaster(&'static str),
    /// Most of the masters to have begun the same step, then the first one to be done with it.
    MostMasters,
    /// The first master to be done with the same step.
    FirstMaster,
}

struct Known {
    step: &'static str,
    /// Steps of the same node that it waits for while it runs.
    after: &'static [&'static str],
    on: On,
}

const fn known(step: &'static str, after: &'static [&'static str], on: On) -> Known {
    Known { step, after, on }
}

const KNOWN: &[Known] = &[
    known("certificates", &[], On::Nobody),
    known("cluster", &["kube-apiserver"], On::Nobody),
    known("dns", &["kube-apiserver"], On::Nobody),
    known("docker", &["docker-certificates"], On::Nobody),
    known("docker-certificates", &[], On::Nobody),
    known("docker-images", &["docker"], On::Nobody),
    known("etcd", &["certificates"], On::MostMasters),
    known("images", &["runtime"], On::Nobody),
    known("kube-apiserver", &["etcd"], On::Nobody),
    known("kube-controller-manager", &["kube-apiserver"], On::Nobody),
    known("kube-proxy", &["kube-apiserver"], On::AnyMaster("kube-apiserver")),
    known("kube-scheduler", &["kube-apiserver"], On::Nobody),
    known("kubelet", &["overlay", "kube-apiserver"], On::AnyMaster("kube-apiserver")),
    known("network", &[], On::Nobody),
    known("overlay", &["etcd"], On::AnyMaster("etcd")),
    known("ready", &[], On::AnyMaster("kube-apiserver")),
    known("role", &["kubelet"], On::Nobody),
    known("runtime", &[], On::Nobody),
    known("swarm", &["docker"], On::FirstMaster),
];

fn of(step: &str) -> Option<&'static Known> {
    KNOWN.iter().find(|known| known.step == step)
}

/// Whether the clock knows what this step of the agent waits for.
pub fn is_known(step: &str) -> bool {
    of(step).is_some()
}

/// Whether a step depends on its own node's speed alone.
pub(crate) fn is_own_work(step: &str) -> bool {
    ["certificates", "docker", "docker-certificates", "docker-images", "images", "runtime"].contains(&step)
}

/// The steps of its own node that `step` waits for while it runs.
pub(crate) fn after(step: &str) -> &'static [&'static str] {
    of(step).map_or(&[], |known| known.after)
}

/// What other nodes have to do with a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Others {
    /// The nodes that have not got far enough.
    pub behind: Vec<String>,
    /// When nobody was behind any more; none when nobody ever was.
    pub free_at: Option<Timestamp>,
}

/// Whom `step` of `node` waits for among `all`.
pub(crate) fn others(step: &str, node: &NodeHistory, all: &[NodeHistory]) -> Others {
    let masters: Vec<&NodeHistory> = all.iter().filter(|n| n.role == Role::Master).collect();
    let names = |nodes: &[&NodeHistory]| nodes.iter().filter(|n| n.name != node.name).map(|n| n.name.clone()).collect::<Vec<_>>();
    let free = |free_at| Others { behind: Vec::new(), free_at };
    let held_by = |behind| Others { behind, free_at: None };
    // `before`: from when the first one's being done with the step is all that is left to wait for.
    let after_first = |before: Option<Timestamp>| match masters.first().filter(|first| first.name != node.name) {
        None => free(before),
        Some(first) => match first.done_at(step) {
            Some(at) => free(before.max(Some(at))),
            None => held_by(vec![first.name.clone()]),
        },
    };
    match of(step).map_or(On::Nobody, |known| known.on) {
        On::Nobody => free(None),
        On::AnyMaster(_) if node.role == Role::Master => free(None),
        On::AnyMaster(wanted) => match masters.iter().filter_map(|m| m.done_at(wanted)).min() {
            Some(at) => free(Some(at)),
            None => held_by(names(&masters)),
        },
        On::FirstMaster => after_first(None),
        On::MostMasters => {
            let (begun, missing): (Vec<&NodeHistory>, Vec<&NodeHistory>) = masters.iter().partition(|m| m.begun_at(step).is_some());
            if begun.len() < masters.len() / 2 + 1 {
                return held_by(names(&missing));
            }
            let mut begins: Vec<Timestamp> = begun.iter().filter_map(|m| m.begun_at(step)).collect();
            begins.sort_unstable();
            // From then on it is the first one that sets etcd up for all.
            after_first(begins.get(masters.len() / 2).copied())
        }
    }
}
