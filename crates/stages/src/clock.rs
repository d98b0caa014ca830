// SPDX-License-Identifier: Apache-2.0
//! The judgement itself.

use crate::detail::Told;
use crate::history::{NodeHistory, Report, Scene, Standing};
use crate::judgement::{Forecast, Judgement, NodeClock, Pace};
use crate::needs::{after, is_own_work, others};
use crate::usual::Expected;
use crate::{BOOT, READY};
use jiff::Timestamp;
use magnum_types::{Role, StepState};
use std::collections::BTreeMap;

/// A stage hangs when nothing has moved for this many times as long as it usually takes …
const TIMES: i64 = 5;
/// … or this many times as long as it takes when it is late, whichever is longer …
const TIMES_LATE: i64 = 2;
/// … and never sooner than this: in milliseconds, for a measured and for a built-in expectation.
const AT_LEAST: (i64, i64) = (15_000, 20_000);
/// What is still to be expected of a stage that already takes longer than it usually does, in milliseconds.
const OVERDUE: i64 = 1_000;

/// How much slower than usual a machine is believed to be at most, in percent of the usual time.
const SLOWEST: i64 = 300;

/// Judges an action that is in progress.
pub fn judge(scene: &Scene<'_>) -> Judgement {
    let slow = slowness(scene);
    let mut nodes: Vec<NodeClock> = scene.nodes.iter().map(|node| clock(node, scene, slow)).collect();
    follow(&mut nodes);
    let forecast = forecast(&nodes, scene);
    Judgement { at: scene.now, began: scene.began, deadline: scene.deadline, forecast, nodes }
}

/// How long today's steps take in percent of what they usually take, by those that wait for nobody; never below 100.
fn slowness(scene: &Scene<'_>) -> i64 {
    let done = scene.nodes.iter().flat_map(|n| n.reports.iter().map(move |r| (n.role, r)));
    let own = done.filter(|(_, r)| r.state == StepState::Done && is_own_work(&r.step));
    let mut percent: Vec<i64> =
        own.filter_map(|(role, r)| Some(r.took_ms?.saturating_mul(100) / scene.usual.of(role, &r.step).usual_ms.max(1))).collect();
    percent.sort_unstable();
    percent.get(percent.len() / 2).filter(|_| percent.len() > 1).map_or(100, |median| (*median).clamp(100, SLOWEST))
}

fn scaled(ms: i64, percent: i64) -> i64 {
    ms.saturating_mul(percent) / 100
}

/// A step that has begun and is not done.
struct Open<'a> {
    step: &'a str,
    since: Timestamp,
    /// When it last told something new.
    moved: Timestamp,
    waits_for: &'a str,
    behind: Vec<String>,
    expected: Expected,
    slow: i64,
}

impl Open<'_> {
    fn quiet_ms(&self, now: Timestamp) -> i64 {
        ms(now, self.moved)
    }

    fn hangs(&self, now: Timestamp) -> bool {
        self.behind.is_empty() && self.quiet_ms(now) > scaled(patience(&self.expected), self.slow)
    }

    fn remaining_ms(&self, now: Timestamp) -> i64 {
        let left = scaled(self.expected.usual_ms, self.slow).saturating_sub(ms(now, self.since));
        left.max(if self.step == READY { 0 } else { OVERDUE }).saturating_add(scaled(self.expected.rest_ms, self.slow))
    }
}

/// How long nothing may move on a machine of the usual speed.
fn patience(expected: &Expected) -> i64 {
    let least = if expected.measured > 0 { AT_LEAST.0 } else { AT_LEAST.1 };
    expected.usual_ms.saturating_mul(TIMES).max(expected.late_ms.saturating_mul(TIMES_LATE)).max(least)
}

/// The milliseconds from `then` to `now`, at least none.
pub(crate) fn ms(now: Timestamp, then: Timestamp) -> i64 {
    now.as_millisecond().saturating_sub(then.as_millisecond()).max(0)
}

fn clock(node: &NodeHistory, scene: &Scene<'_>, slow: i64) -> NodeClock {
    let now = scene.now;
    let still = |stage: &str, since: Timestamp, pace: Pace, waits_for: &str| NodeClock {
        name: node.name.clone(),
        role: node.role,
        stage: stage.to_owned(),
        since,
        pace,
        hung_since: None,
        waits_for: waits_for.to_owned(),
        waits_on: Vec::new(),
        usual_ms: 0,
        measured: 0,
        took_ms: None,
        remaining_ms: (pace == Pace::Ready).then_some(0),
    };
    let begin = node.started_at.unwrap_or(scene.began);
    if node.standing == Standing::Ready {
        let ready = still(READY, node.ready_at.unwrap_or(begin), Pace::Ready, "");
        return NodeClock { took_ms: node.ready_at.zip(node.started_at).map(|(end, begin)| ms(end, begin)), ..ready };
    }
    if node.standing == Standing::Failed {
        let failed = node.reports.iter().rev().find(|r| r.state == StepState::Failed);
        return failed.map_or_else(|| still(BOOT, begin, Pace::Failed, ""), |r| still(&r.step, r.at, Pace::Failed, &r.detail));
    }
    let open = open(node, scene, slow);
    let Some(stage) = stage(&open, now) else { return still(BOOT, begin, Pace::Moving, "") };
    let hung = stage.hangs(now);
    let pace = if hung { Pace::Hung } else { Pace::Moving };
    let remaining = open.iter().map(|o| o.remaining_ms(now)).max().filter(|_| !hung);
    NodeClock {
        hung_since: hung.then_some(stage.moved),
        waits_on: stage.behind.clone(),
        usual_ms: stage.expected.usual_ms,
        measured: stage.expected.measured,
        remaining_ms: remaining,
        ..still(stage.step, stage.since, if stage.behind.is_empty() { pace } else { Pace::Waits }, stage.waits_for)
    }
}

/// The steps that are open, without those that only wait for another one of the same node.
fn open<'a>(node: &'a NodeHistory, scene: &Scene<'_>, slow: i64) -> Vec<Open<'a>> {
    let begin = node.started_at.unwrap_or(scene.began);
    let make = |step: &'a str, since: Timestamp, moved: Timestamp, waits_for: &'a str| {
        let others = others(step, node, scene.nodes);
        let own = after(step).iter().filter_map(|earlier| node.done_at(earlier)).max();
        // What held it up before is not its own fault.
        let let_go = |at: Timestamp| [Some(at), others.free_at, own].into_iter().flatten().max().unwrap_or(at);
        let (since, moved) = (let_go(since), let_go(moved));
        Open { step, since, moved, waits_for, behind: others.behind, expected: scene.usual.of(node.role, step), slow }
    };
    let Some(last) = node.reports.last() else { return vec![make(BOOT, begin, begin, "")] };
    let mut runs: BTreeMap<&str, Run<'a>> = BTreeMap::new();
    for report in &node.reports {
        runs.entry(&report.step).or_insert_with(|| Run::begun(report)).take(report);
    }
    let unfinished = |step: &str| runs.get(step).is_some_and(|run| !run.done);
    let roots = runs.iter().filter(|(_, run)| !run.done).filter(|(step, _)| !after(step).iter().any(|earlier| unfinished(earlier)));
    let mut open: Vec<Open<'a>> = roots.map(|(step, run)| make(step, run.since, run.moved, run.waits_for)).collect();
    if open.is_empty() {
        // Between two steps: the agent says nothing of what comes next.
        open.push(make(&last.step, last.at, last.at, "its next step"));
    }
    open
}

/// One run of a step, as far as it was told.
struct Run<'a> {
    since: Timestamp,
    moved: Timestamp,
    waits_for: &'a str,
    told: Told,
    done: bool,
}

impl<'a> Run<'a> {
    fn begun(report: &'a Report) -> Self {
        Self { since: report.at, moved: report.at, waits_for: "", told: Told::default(), done: false }
    }

    fn take(&mut self, report: &'a Report) {
        match report.state {
            StepState::Started => *self = Self::begun(report),
            StepState::Waiting => {
                if self.told.news(&report.detail) {
                    self.moved = report.at;
                }
                (self.waits_for, self.done) = (&report.detail, false);
            }
            StepState::Done => (self.done, self.waits_for) = (true, ""),
            StepState::Failed => self.waits_for = &report.detail,
        }
    }
}

/// The step that holds the node up: one that hangs, or else the one that began first.
fn stage<'a, 'b>(open: &'b [Open<'a>], now: Timestamp) -> Option<&'b Open<'a>> {
    open.iter().min_by_key(|o| (!o.hangs(now), if o.hangs(now) { o.moved } else { o.since }))
}

/// A node that waits for others is up no sooner than they are, and at no known time when one of them hangs.
fn follow(nodes: &mut [NodeClock]) {
    for _ in 0..nodes.len() {
        let known: BTreeMap<String, Option<i64>> = nodes.iter().map(|n| (n.name.clone(), n.remaining_ms)).collect();
        for node in nodes.iter_mut().filter(|n| !n.waits_on.is_empty()) {
            let others: Option<Vec<i64>> = node.waits_on.iter().map(|name| known.get(name).copied().flatten()).collect();
            node.remaining_ms = match (node.remaining_ms, others) {
                (Some(own), Some(others)) => Some(others.into_iter().fold(own, i64::max)),
                _ => None,
            };
        }
    }
}

fn forecast(nodes: &[NodeClock], scene: &Scene<'_>) -> Forecast {
    if nodes.is_empty() {
        let boot = scene.usual.of(Role::Master, BOOT);
        return Forecast::Expected { in_ms: boot.usual_ms.saturating_add(boot.rest_ms) };
    }
    if nodes.iter().all(|n| n.pace == Pace::Ready) {
        return Forecast::Done;
    }
    let all: Option<Vec<i64>> = nodes.iter().map(|n| n.remaining_ms).collect();
    let Some(in_ms) = all.map(|all| all.into_iter().fold(0, i64::max)) else { return Forecast::Stuck };
    let left = scene.deadline.map(|deadline| deadline.as_millisecond() - scene.now.as_millisecond());
    if left.is_some_and(|left| in_ms > left) { Forecast::Late { in_ms } } else { Forecast::Expected { in_ms } }
}
