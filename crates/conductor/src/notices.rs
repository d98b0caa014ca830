// SPDX-License-Identifier: Apache-2.0
//! Which operations others are told of, and when: as Magnum does it, at the begin of creates, updates and deletes that
//! users ask for, and at the end of every action.

use crate::Error;
use crate::cadf::{Outcome, Stamp, event, event_type};
use crate::world::World;
use magnum_store::{Lease, Node, Notice, Operation, Priority, TRACEPARENT, Whole};
use magnum_types::{Action, ClusterStatus, Phase};
use serde_json::{Map, Value};

/// What an ended action has made of the cluster.
pub(crate) struct End<'a> {
    pub status: ClusterStatus,
    pub reason: Option<&'a str>,
    /// The COE's address, if it is known by now.
    pub api: Option<&'a str>,
    /// The nodes there are now; none given: as the groups have them.
    pub nodes: Option<&'a [Node]>,
}

/// Has others told that operations have begun which they have not been told of.
pub(crate) async fn begun(world: &World, lease: &Lease, whole: &Whole, operations: &[Operation]) -> Result<(), Error> {
    if world.announcer.is_none() {
        return Ok(());
    }
    let fresh: Vec<(&Operation, Action)> = operations
        .iter()
        .filter(|operation| operation.announced_at.is_none())
        .filter_map(|operation| Some((operation, action_of(&operation.kind)?)))
        .collect();
    if fresh.is_empty() {
        return Ok(());
    }
    let notices: Vec<Notice> =
        fresh.iter().map(|(operation, action)| notice(whole, *action, Outcome::Pending, operation.context.clone())).collect();
    let ids: Vec<_> = fresh.iter().map(|(operation, _)| operation.id).collect();
    world.store.announce(lease, &ids, &notices).await.map_err(Error::Store)?;
    world.told.notify_one();
    Ok(())
}

/// What others are told of the end of an action that `operations` had asked for. The caller stores it with the end.
pub(crate) fn ended(world: &World, whole: &Whole, operations: &[Operation], end: &End<'_>) -> Vec<Notice> {
    use ClusterStatus as S;
    let action = match end.status {
        S::CreateComplete | S::CreateFailed => Action::Create,
        S::DeleteComplete | S::DeleteFailed => Action::Delete,
        _ => Action::Update,
    };
    if world.announcer.is_none() {
        return Vec::new();
    }
    let outcome = if end.status.phase() == Phase::Failed { Outcome::Failure } else { Outcome::Success };
    let mut whole = whole.clone();
    whole.cluster.status = Some(end.status);
    whole.cluster.status_reason = end.reason.map(str::to_owned);
    if let Some(api) = end.api {
        whole.cluster.api_address = Some(api.to_owned());
    }
    if let Some(nodes) = end.nodes {
        for group in &mut whole.groups {
            group.node_addresses = nodes.iter().filter(|node| node.nodegroup == group.uuid).map(|node| node.address.clone()).collect();
        }
    }
    // Who asked last; an action of which nobody knows who asked has nobody.
    let asked = operations.iter().rev().filter(|operation| !matches!(operation.kind.as_str(), "power" | "health"));
    let context = asked.map(|operation| &operation.context).find(|context| !context.is_empty());
    vec![notice(&whole, action, outcome, context.cloned().unwrap_or_default())]
}

fn notice(whole: &Whole, action: Action, outcome: Outcome, mut context: Map<String, Value>) -> Notice {
    // A matter between us and the collector of traces.
    context.remove(TRACEPARENT);
    let priority = if outcome == Outcome::Failure { Priority::Error } else { Priority::Info };
    let payload = event(whole, action, outcome, &context, &Stamp::now());
    Notice::new(whole.cluster.uuid, event_type(action), priority, context, payload)
}

/// What a kind of operation is to others. Of changes to node groups and of rotations Magnum tells the end only.
fn action_of(kind: &str) -> Option<Action> {
    match kind {
        "create" => Some(Action::Create),
        "update" | "resize" | "upgrade" => Some(Action::Update),
        "delete" => Some(Action::Delete),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
