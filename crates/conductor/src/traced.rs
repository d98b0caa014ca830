// SPDX-License-Identifier: Apache-2.0
//! What becomes of operations, as spans: one for each operation, made when it is over, and below it what was done for it, by
//! this conductor or any other, and on the nodes.

use crate::Error;
use crate::world::World;
use magnum_engine::Progress;
use magnum_store::{Event, Operation, TRACEPARENT, Whole};
use magnum_traces::{Action, Moment, Step};
use magnum_types::{ClusterStatus, StepState};
use std::time::{Duration, SystemTime};

/// Of the timeline at most so much is looked at.
const EVENTS: i64 = 2000;

/// How operations ended.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Ended<'a> {
    /// What the cluster has become, if its status says so.
    pub status: Option<ClusterStatus>,
    /// Why they failed, if they did.
    pub failed: Option<&'a str>,
}

/// Tells of something that was done for operations, unless it came to nothing; called when it is over.
pub(crate) fn step(world: &World, operations: &[Operation], name: &str, began: SystemTime, outcome: &Result<Progress, Error>) {
    if world.traces.is_none() {
        return;
    }
    let (did, failed) = match outcome {
        Ok(progress) if progress.did.is_empty() => return,
        Ok(progress) => (progress.did.join("; "), None),
        Err(error) => (String::new(), Some(error.reason())),
    };
    for operation in operations {
        if let Some(action) = action(world, operation) {
            let mut attributes = vec![("magnum.engine", world.engine.name().into())];
            if failed.is_none() {
                attributes.push(("magnum.detail", did.clone().into()));
            }
            action.step(Step { name: name.to_owned(), began, ended: SystemTime::now(), attributes, failed: failed.clone() });
        }
    }
}

/// Tells that operations are over; called when that is stored.
pub(crate) async fn ended(world: &World, whole: &Whole, operations: &[Operation], end: Ended<'_>) {
    let actions: Vec<(&Operation, Action)> = operations.iter().filter_map(|one| Some((one, action(world, one)?))).collect();
    if actions.is_empty() {
        return;
    }
    // Of a cluster that is gone there is no timeline any more.
    let events = world.store.list_newest_events(whole.cluster.uuid, EVENTS).await.unwrap_or_else(|error| {
        tracing::warn!(cluster = %whole.cluster.uuid, %error, "the timeline could not be read for a trace");
        Vec::new()
    });
    for (operation, action) in actions {
        let meanwhile = || events.iter().filter(|event| event.at >= operation.started_at);
        meanwhile().filter_map(node_step).for_each(|step| action.step(step));
        let moments = meanwhile().filter(|event| event.step != world.engine.name()).filter_map(moment).collect();
        let mut attributes = vec![
            ("magnum.cluster.id", whole.cluster.uuid.to_string().into()),
            ("magnum.cluster.coe", whole.template.coe.as_str().into()),
            ("magnum.operation.id", operation.id.to_string().into()),
            ("magnum.operation.kind", operation.kind.clone().into()),
            ("magnum.request_id", operation.request_id.clone().into()),
        ];
        if let Some(project) = operation.context.get("project_id").and_then(|project| project.as_str()) {
            attributes.push(("magnum.project_id", project.to_owned().into()));
        }
        if let Some(status) = end.status {
            attributes.push(("magnum.cluster.status", status.to_string().into()));
        }
        action.end(attributes, moments, end.failed);
    }
}

fn action(world: &World, operation: &Operation) -> Option<Action> {
    world.traces.as_ref()?.operation(&magnum_traces::Operation {
        id: operation.id.uuid(),
        name: format!("cluster {}", operation.kind),
        traceparent: operation.context.get(TRACEPARENT).and_then(|header| header.as_str()),
        began: time(operation.started_at),
    })
}

/// What the timeline says of a step that took its time.
fn node_step(event: &Event) -> Option<Step> {
    let took = Duration::from_millis(u64::try_from(event.duration_ms?).ok()?);
    if !matches!(event.state, StepState::Done | StepState::Failed) {
        return None;
    }
    let ended = time(event.at);
    Some(Step {
        name: format!("step {}", event.step),
        began: ended.checked_sub(took)?,
        ended,
        attributes: noted(event),
        failed: (event.state == StepState::Failed).then(|| event.detail.clone()),
    })
}

/// What it says of something that just happened.
fn moment(event: &Event) -> Option<Moment> {
    let has_happened = event.duration_ms.is_none() && matches!(event.state, StepState::Done | StepState::Failed);
    has_happened.then(|| Moment { name: event.step.clone(), at: time(event.at), attributes: noted(event) })
}

fn noted(event: &Event) -> Vec<(&'static str, magnum_traces::Value)> {
    let node = event.node.clone().map(|node| ("magnum.node", node.into()));
    let detail = Some(event.detail.clone()).filter(|detail| !detail.is_empty()).map(|detail| ("magnum.detail", detail.into()));
    node.into_iter().chain(detail).collect()
}

fn time(milliseconds: i64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(u64::try_from(milliseconds).unwrap_or_default())
}

#[cfg(test)]
mod tests;
