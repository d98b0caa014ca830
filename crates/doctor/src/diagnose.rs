// SPDX-License-Identifier: Apache-2.0
//! One diagnosis, from looking to the report.

use crate::vantage;
use magnum_collect::{ApiAccess, Collected, Run, Wanted, World, collect_telling};
use magnum_engine::Engine;
use magnum_facts::{ClusterView, Facts, Topic};
use magnum_rules::report::{CollectorRun, Mode, Report};
use magnum_rules::{ALL, Rule, Selection, judge};
use magnum_types::ClusterId;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What Magnum knows of the cluster.
#[derive(Debug, Clone)]
pub struct ClusterInput {
    pub id: ClusterId,
    pub cluster: ClusterView,
    /// How to reach the COE's API from here; None = through a master.
    pub api: Option<ApiAccess>,
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Which faults are judged. With `only` set (`--verify ID`), only what they need is looked at.
    pub selection: Selection,
    /// After this the report is made from what there is.
    pub budget: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self { selection: Selection::default(), budget: Duration::from_secs(10) }
    }
}

impl Options {
    /// Looks again for these faults only.
    pub fn verify(ids: impl IntoIterator<Item = String>) -> Self {
        Self { selection: Selection { only: ids.into_iter().collect(), symptom: None }, ..Self::default() }
    }
}

/// A report with the facts it was judged from.
#[derive(Debug, Clone, PartialEq)]
pub struct Diagnosis {
    pub report: Report,
    pub facts: Facts,
}

/// Looks at the cluster and says what is wrong with it.
pub async fn diagnose(input: ClusterInput, engine: Arc<dyn Engine>, options: Options) -> Report {
    examine(input, engine, options).await.report
}

/// As [`diagnose`], with the facts, so that they can be kept and judged again.
pub async fn examine(input: ClusterInput, engine: Arc<dyn Engine>, options: Options) -> Diagnosis {
    examine_telling(input, engine, options, &|_| {}).await
}

/// As [`examine`]; `told` hears of every collector when it has ended.
pub async fn examine_telling(
    input: ClusterInput,
    engine: Arc<dyn Engine>,
    options: Options,
    told: &(dyn Fn(CollectorRun) + Send + Sync),
) -> Diagnosis {
    let (started, clock) = (jiff::Timestamp::now(), Instant::now());
    let world = Arc::new(World { id: input.id, cluster: input.cluster, engine, api: input.api });
    let Collected { facts, runs, probes } =
        collect_telling(world, &wanted(&options.selection), options.budget, &|run| told(account(run))).await;
    let mut report = judge(&facts, &options.selection);
    report.started = started;
    report.mode = if options.selection.only.is_empty() { Mode::Live } else { Mode::Verify };
    report.vantages = vantage::of(&facts, &runs);
    report.probes = probes;
    report.collectors = runs.iter().map(account).collect();
    report.duration_ms = u64::try_from(clock.elapsed().as_millis()).unwrap_or(u64::MAX);
    Diagnosis { report, facts }
}

/// A collector's run as it stands in the report.
fn account(run: &Run) -> CollectorRun {
    CollectorRun {
        name: run.name.to_owned(),
        node: run.node.clone(),
        ms: u64::try_from(run.took.as_millis()).unwrap_or(u64::MAX),
        error: run.error.clone().unwrap_or_default(),
    }
}

/// Judges kept facts again; needs nothing but them.
pub fn replay(facts: &Facts, selection: &Selection) -> Report {
    judge(facts, selection)
}

/// What the selected rules need, and what the rules need that could win over them or stand above them.
fn wanted(selection: &Selection) -> Wanted {
    // What is behind a complaint may be anything, and what is found besides is told.
    if selection.only.is_empty() {
        return Wanted::All;
    }
    let chosen = |rule: &Rule| selection.only.iter().any(|id| id == rule.id);
    let own: Vec<&Rule> = ALL.iter().map(|e| e.rule).filter(|r| chosen(r)).collect();
    let concerns = |other: &Rule| {
        own.iter().any(|r| r.not_if.iter().any(|p| Rule::names(p, other.id)) || other.explains.iter().any(|p| Rule::names(p, r.id)))
    };
    let rules = ALL.iter().map(|e| e.rule).filter(|r| chosen(r) || concerns(r));
    let mut topics: BTreeSet<Topic> = rules.flat_map(|r| r.needs).copied().collect();
    // A node's units tell a dark node from a quiet one, whatever is asked.
    topics.insert(magnum_facts::node::NodeFacts::UNITS);
    Wanted::Topics(topics)
}
