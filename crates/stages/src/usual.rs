// SPDX-License-Identifier: Apache-2.0
//! How long a stage usually takes: measured on earlier nodes of this installation, or else built in.

use crate::history::{NodeHistory, Standing};
use crate::{BOOT, READY};
use jiff::Timestamp;
use magnum_types::{Coe, Role, StepState};
use std::collections::BTreeMap;

/// With fewer earlier nodes than this nothing is called measured.
pub const LEAST: usize = 5;

/// Longer than a day is no measurement: a node's own clock says how long it took.
const LONGEST: i64 = 86_400_000;

/// How long one stage took on a node that came up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    pub role: Role,
    pub step: String,
    pub took_ms: i64,
    /// From the stage's end until the node was up.
    pub rest_ms: i64,
}

/// What is expected of a stage, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expected {
    /// The median.
    pub usual_ms: i64,
    /// Nineteen of twenty take no longer.
    pub late_ms: i64,
    /// From the stage's end until the node is up.
    pub rest_ms: i64,
    /// From how many nodes this was measured; 0: built in.
    pub measured: usize,
}

/// The expectations for clusters of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Usual {
    coe: Coe,
    measured: BTreeMap<(Role, String), Expected>,
}

impl Usual {
    /// Nothing is known of this installation.
    pub fn built_in(coe: Coe) -> Self {
        Self { coe, measured: BTreeMap::new() }
    }

    /// From what earlier nodes took; stages with fewer than [`LEAST`] samples keep the built-in expectation.
    pub fn measured(coe: Coe, samples: impl IntoIterator<Item = Sample>) -> Self {
        let mut all: BTreeMap<(Role, String), (Vec<i64>, Vec<i64>)> = BTreeMap::new();
        for sample in samples {
            let (took, rest) = all.entry((sample.role, sample.step)).or_default();
            took.push(sample.took_ms.max(0));
            rest.push(sample.rest_ms.max(0));
        }
        let enough = all.into_iter().filter(|(_, (took, _))| took.len() >= LEAST);
        let measured = enough.map(|(key, (mut took, mut rest))| {
            let expected = Expected {
                usual_ms: quantile(&mut took, 50),
                late_ms: quantile(&mut took, 95),
                rest_ms: quantile(&mut rest, 50),
                measured: took.len(),
            };
            (key, expected)
        });
        Self { coe, measured: measured.collect() }
    }

    /// What is expected of `step` on a node of this role.
    pub fn of(&self, role: Role, step: &str) -> Expected {
        self.measured.get(&(role, step.to_owned())).copied().unwrap_or_else(|| built_in(self.coe, step))
    }
}

/// What a node that came up adds to the measurements; nothing for one that has not.
pub fn samples(node: &NodeHistory) -> Vec<Sample> {
    let (Standing::Ready, Some(ready_at)) = (node.standing, node.done_at(READY)) else { return Vec::new() };
    // After a restart the steps are done again, which takes another time.
    if node.reports.iter().filter(|r| r.step == READY && r.state == StepState::Done).count() > 1 {
        return Vec::new();
    }
    let until_ready = |at: Timestamp| ready_at.as_millisecond() - at.as_millisecond();
    let sample = |step: &str, took_ms: i64, at: Timestamp| Sample {
        role: node.role,
        step: step.to_owned(),
        took_ms: took_ms.clamp(0, LONGEST),
        rest_ms: until_ready(at).clamp(0, LONGEST),
    };
    let done = node.reports.iter().filter(|r| r.state == StepState::Done);
    let steps = done.filter_map(|r| Some(sample(&r.step, r.took_ms?, r.at)));
    let boot = node
        .reports
        .first()
        .zip(node.started_at)
        .map(|(first, started)| sample(BOOT, first.at.as_millisecond() - started.as_millisecond(), first.at));
    boot.into_iter().chain(steps).collect()
}

/// The value that `percent` of all do not exceed.
fn quantile(values: &mut [i64], percent: usize) -> i64 {
    values.sort_unstable();
    let rank = (values.len() * percent).div_ceil(100).max(1);
    values.get(rank - 1).copied().unwrap_or_default()
}

/// Step, how long it takes and how long the node needs after it, in milliseconds: medians of seven Kubernetes and three
/// Swarm nodes on a machine of two cores that also had other work (November 2026).
const KUBERNETES: &[(&str, i64, i64)] = &[
    (BOOT, 1_500, 9_500),
    ("network", 50, 9_500),
    ("runtime", 800, 9_000),
    ("images", 1_100, 8_000),
    ("certificates", 2_500, 7_500),
    ("etcd", 1_200, 6_000),
    ("overlay", 2_500, 5_000),
    ("kubelet", 3_000, 1_900),
    ("role", 250, 1_700),
    ("kube-apiserver", 6_500, 900),
    ("cluster", 200, 600),
    ("dns", 800, 100),
    ("kube-controller-manager", 700, 200),
    ("kube-scheduler", 600, 200),
    ("kube-proxy", 7_000, 200),
    (READY, 200, 0),
];
const SWARM: &[(&str, i64, i64)] = &[
    (BOOT, 1_500, 2_600),
    ("network", 50, 2_600),
    ("docker-certificates", 800, 1_500),
    ("docker", 1_100, 1_300),
    ("docker-images", 500, 800),
    ("swarm", 1_300, 50),
    (READY, 50, 0),
];
/// A step that the tables do not know.
const UNKNOWN: (i64, i64) = (5_000, 2_000);

fn built_in(coe: Coe, step: &str) -> Expected {
    let table = if coe.is_swarm() { SWARM } else { KUBERNETES };
    let (usual_ms, rest_ms) = table.iter().find(|row| row.0 == step).map_or(UNKNOWN, |row| (row.1, row.2));
    Expected { usual_ms, late_ms: usual_ms * 3, rest_ms, measured: 0 }
}
