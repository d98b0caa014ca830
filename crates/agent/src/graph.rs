// SPDX-License-Identifier: Apache-2.0
//! Runs the steps of a node: each in its own thread as soon as those it needs are done.
//!
//! A failed step is tried again after a while, quietly unless its reason changes: what an operator or a neighbour node
//! puts right goes on without anybody calling the agent.

use crate::error::Error;
use crate::step::{Context, Step};
use magnum_blueprint::NodeSpec;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};
use std::{panic, thread};

/// Pause before a failed step is tried again.
const AGAIN: Duration = Duration::from_secs(10);

/// Pause before a step is run again that something passing has stopped.
const BREATH: Duration = Duration::from_millis(300);

/// Which steps are done; steps wait on it.
#[derive(Default)]
pub struct Board {
    done: Mutex<BTreeSet<&'static str>>,
    changed: Condvar,
}

impl Board {
    /// Whether `step` is done.
    pub fn is_done(&self, step: &str) -> bool {
        self.done.lock().unwrap_or_else(PoisonError::into_inner).contains(step)
    }

    fn mark(&self, step: &'static str) {
        self.done.lock().unwrap_or_else(PoisonError::into_inner).insert(step);
        self.changed.notify_all();
    }

    fn wait_for(&self, steps: &[&'static str]) {
        let done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        let ready = self.changed.wait_while(done, |done| !steps.iter().all(|step| done.contains(step)));
        drop(ready);
    }
}

/// The steps this node has, with only those needs that it has too; an error names what is wrong with the list.
pub fn choose(all: &[&'static Step], spec: &NodeSpec) -> Result<BTreeMap<&'static str, Vec<&'static str>>, String> {
    let mine: BTreeMap<_, _> = all.iter().filter(|step| (step.applies)(spec)).map(|step| (step.name, *step)).collect();
    let known: BTreeSet<_> = all.iter().map(|step| step.name).collect();
    let mut chosen = BTreeMap::new();
    for (name, step) in &mine {
        if let Some(unknown) = step.needs.iter().find(|need| !known.contains(*need)) {
            return Err(format!("step {name} needs {unknown}, which does not exist"));
        }
        chosen.insert(*name, step.needs.iter().copied().filter(|need| mine.contains_key(need)).collect::<Vec<_>>());
    }
    let mut open = chosen.clone();
    while !open.is_empty() {
        let free: Vec<_> = open.iter().filter(|(_, needs)| !needs.iter().any(|need| open.contains_key(need))).map(|(n, _)| *n).collect();
        if free.is_empty() {
            return Err(format!("steps need each other in a circle: {:?}", open.keys()));
        }
        free.iter().for_each(|name| drop(open.remove(name)));
    }
    Ok(chosen)
}

/// Runs all steps to their end. Returns when every step is done.
pub fn run(all: &[&'static Step], needs: &BTreeMap<&'static str, Vec<&'static str>>, context: &(dyn Fn(&'static Step) -> Context + Sync)) {
    thread::scope(|scope| {
        for step in all {
            let Some(needs) = needs.get(step.name) else { continue };
            let builder = thread::Builder::new().name(step.name.to_owned()).stack_size(512 << 10);
            let started = builder.spawn_scoped(scope, move || carry_out(step, needs, context));
            if let Err(error) = started {
                let context = context(step);
                context.reporter.failed(step.name, &format!("cannot start a thread: {error}"), Duration::ZERO);
            }
        }
    });
}

fn carry_out(step: &'static Step, needs: &[&'static str], context: &(dyn Fn(&'static Step) -> Context + Sync)) {
    let board = context(step).board;
    board.wait_for(needs);
    let mut last_reason = None;
    loop {
        let context = context(step);
        let begin = Instant::now();
        if last_reason.is_none() {
            context.reporter.started(step.name);
        }
        let reason = match attempt(step, &context) {
            Ok(Ok(())) => {
                if step.name != crate::run::LAST {
                    context.reporter.done(step.name, begin.elapsed(), BTreeMap::new());
                }
                board.mark(step.name);
                return;
            }
            Ok(Err(error)) => error.chain(),
            Err(_) => "the agent has a fault in this step".to_owned(),
        };
        if last_reason.as_ref() != Some(&reason) {
            context.reporter.failed(step.name, &reason, begin.elapsed());
            last_reason = Some(reason);
        }
        thread::sleep(AGAIN);
        context.systemd.forget();
    }
}

/// Runs a step, again and again within its limit as long as what stops it may pass.
fn attempt(step: &'static Step, context: &Context) -> thread::Result<Result<(), Error>> {
    loop {
        let outcome = panic::catch_unwind(panic::AssertUnwindSafe(|| (step.run)(context)));
        match outcome {
            Ok(Err(error)) if error.is_transient() && Instant::now() < context.deadline => {
                context.reporter.waiting(step.name, &error.chain());
                thread::sleep(BREATH);
            }
            other => return other,
        }
    }
}

#[cfg(test)]
mod tests;
