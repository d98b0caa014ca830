// SPDX-License-Identifier: Apache-2.0
//! Runs the collectors, stage by stage, all of a stage at once.

use crate::ALL;
use crate::collector::{Collector, Context, Patch, Wanted};
use crate::world::World;
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use jiff::Timestamp;
use magnum_facts::{Facts, Scope, Why, WhyKind};
use magnum_types::NodeName;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// What was collected.
pub struct Collected {
    pub facts: Facts,
    pub runs: Vec<Run>,
    /// Probes that were sent, in words.
    pub probes: Vec<String>,
}

/// One run of one collector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    pub name: &'static str,
    pub node: Option<String>,
    pub took: Duration,
    pub error: Option<String>,
}

struct Job {
    collector: &'static Collector,
    node: Option<NodeName>,
}

/// Looks at everything `wanted` within `deadline`, and says of the rest why it was not looked at.
pub async fn collect(world: Arc<World>, wanted: &Wanted, deadline: Duration) -> Collected {
    collect_telling(world, wanted, deadline, &|_| {}).await
}

/// As [`collect`]; `told` hears of every collector when it has ended.
pub async fn collect_telling(world: Arc<World>, wanted: &Wanted, deadline: Duration, told: &(dyn Fn(&Run) + Send + Sync)) -> Collected {
    let end = Instant::now() + deadline;
    let mut facts = Facts::new(world.cluster.clone(), Timestamp::now());
    let (mut runs, mut probes) = (Vec::new(), Vec::new());
    for stage in 0..=2 {
        let jobs = jobs(stage, &world, wanted, &facts);
        let before = Arc::new(facts.clone());
        let mut running: FuturesUnordered<_> = jobs.into_iter().map(|job| one(job, Arc::clone(&world), Arc::clone(&before), end)).collect();
        while let Some((job, took, result)) = running.next().await {
            let error = result.as_ref().err().map(|why| why.reason.clone());
            apply(&mut facts, &job, result);
            if let Some(text) = job.collector.announce.filter(|t| error.is_none() && !probes.iter().any(|p| p == t)) {
                probes.push(text.to_owned());
            }
            let run = Run { name: job.collector.name, node: job.node.map(|n| n.to_string()), took, error };
            told(&run);
            runs.push(run);
        }
    }
    facts.taken_at = Timestamp::now();
    runs.sort_by(|a, b| (a.name, &a.node).cmp(&(b.name, &b.node)));
    Collected { facts, runs, probes }
}

fn jobs(stage: u8, world: &World, wanted: &Wanted, facts: &Facts) -> Vec<Job> {
    let fitting = ALL.iter().filter(|c| c.stage.number() == stage && (c.fits)(world.cluster.coe) && wanted.takes(c));
    let names: Vec<NodeName> = world.cluster.members.iter().filter_map(|m| NodeName::parse(&m.name).ok()).collect();
    let each = fitting.flat_map(|collector| -> Vec<Job> {
        match collector.scope {
            Scope::Cluster => vec![Job { collector, node: None }],
            Scope::Node => names.iter().map(|n| Job { collector, node: Some(n.clone()) }).collect(),
        }
    });
    each.filter(|job| job.collector.stage.calls(facts, job.node.as_ref().map(NodeName::as_str))).collect()
}

async fn one(job: Job, world: Arc<World>, facts: Arc<Facts>, end: Instant) -> (Job, Duration, Result<Patch, Why>) {
    let started = Instant::now();
    let budget = job.collector.budget.min(end.saturating_duration_since(started));
    let context = Context { world, node: job.node.clone(), facts, budget };
    // Its own panic must not end the diagnosis, so it runs as a task of its own; dropping the handle aborts it.
    let mut task = tokio::task::JoinSet::new();
    task.spawn((job.collector.run)(context));
    let result = match timeout(budget, task.join_next()).await {
        Ok(Some(Ok(result))) => result,
        Ok(_) => Err(Why::new(WhyKind::Garbled, format!("the collector {} broke off", job.collector.name))),
        Err(_) => Err(Why::new(WhyKind::TimedOut, format!("{} did not end within {:.1} s", job.collector.name, budget.as_secs_f32()))),
    };
    (job, started.elapsed(), result)
}

fn apply(facts: &mut Facts, job: &Job, result: Result<Patch, Why>) {
    match result {
        Ok(patch) => patch(facts),
        Err(why) => {
            tracing::debug!(
                collector = job.collector.name,
                node = job.node.as_ref().map(NodeName::as_str),
                reason = why.reason,
                "could not look"
            );
            let names: Vec<String> = match &job.node {
                Some(node) => vec![node.to_string()],
                None => facts.nodes.keys().cloned().collect(),
            };
            for topic in job.collector.provides {
                facts.blind(*topic, None, &why);
                names.iter().for_each(|name| facts.blind(*topic, Some(name), &why));
            }
        }
    }
}
