// SPDX-License-Identifier: Apache-2.0
//! Writes how a create or an update ended: cluster, groups, operations, timeline.

use crate::judge::Verdict;
use crate::notices::End;
use crate::traced::Ended;
use crate::world::World;
use crate::{Error, notices, traced};
use magnum_store::{ClusterField, Ending, Lease, NewEvent, Node, NodeGroupField, NodeStatus, Operation, OperationState, Whole};
use magnum_types::{Action, ClusterStatus, Phase, StepState};

/// Records the end of `action`. `api` is the COE's address, once there is one.
pub(crate) async fn finish(
    world: &World,
    lease: &Lease,
    whole: &Whole,
    action: Action,
    verdict: &Verdict,
    operations: &[Operation],
    api: Option<String>,
) -> Result<(), Error> {
    let id = whole.cluster.uuid;
    world.set_settled(id, false);
    world.forget_turns(id);
    let (phase, reason, state) = match verdict {
        Verdict::Complete => (Phase::Complete, None, OperationState::Done),
        Verdict::Failed(reason) => (Phase::Failed, Some(reason.clone()), OperationState::Failed),
        Verdict::Waiting(_) => return Ok(()),
    };
    let status = ClusterStatus::of(action, phase);
    let nodes = world.store.list_nodes(id).await.map_err(Error::Store)?;
    groups(world, lease, whole, &nodes, status, reason.as_deref()).await?;
    let mut fields = vec![ClusterField::StatusReason(reason.clone()), ClusterField::StackId(Some(id.to_string()))];
    if let Some(api) = &api {
        fields.push(ClusterField::ApiAddress(Some(api.clone())));
    }
    if let Some(master) = nodes.iter().find(|n| n.role == magnum_types::Role::Master && !n.versions.is_empty()) {
        let version = |names: &[&str]| names.iter().find_map(|n| master.versions.get(*n)).cloned();
        fields.push(ClusterField::CoeVersion(version(&["kube-apiserver", "kubelet", "docker"])));
        fields.push(ClusterField::ContainerVersion(version(&["containerd", "docker"])));
    }
    let event = NewEvent {
        node: None,
        step: "cluster".to_owned(),
        state: if phase == Phase::Failed { StepState::Failed } else { StepState::Done },
        detail: reason.clone().map_or_else(|| status.to_string(), |r| format!("{status}: {r}")),
        duration_ms: None,
    };
    if *verdict == Verdict::Complete {
        measure(world, lease, whole, operations).await?;
    }
    // The status after all that it stands for, the event after the status: who sees one may rely on what came before.
    fields.push(ClusterField::Status(status));
    let end = End { status, reason: reason.as_deref(), api: api.as_deref(), nodes: Some(&nodes) };
    let ending = Ending {
        operations: operations.iter().map(|operation| operation.id).collect(),
        state,
        detail: reason.clone().unwrap_or_default(),
        cluster: fields,
        notices: notices::ended(world, whole, operations, &end),
    };
    world.store.end_action(lease, id, ending).await.map_err(Error::Store)?;
    world.told.notify_one();
    world.store.insert_events(lease, id, vec![event]).await.map_err(Error::Store)?;
    traced::ended(world, whole, operations, Ended { status: Some(status), failed: reason.as_deref() }).await;
    tracing::info!(cluster = %id, %status, reason = reason.as_deref().unwrap_or_default(), "an action ended");
    Ok(())
}

/// Notes how long the stages of the new nodes took, for the forecasts of later ones.
async fn measure(world: &World, lease: &Lease, whole: &Whole, operations: &[Operation]) -> Result<(), Error> {
    let since = magnum_store::began(&whole.cluster, operations);
    let samples = world.store.list_new_samples(&whole.cluster, since).await.map_err(Error::Store)?;
    world.store.insert_samples(lease, whole.template.coe, &samples).await.map_err(Error::Store)
}

/// Ends operations, all with the same result.
pub(crate) async fn close(
    world: &World,
    lease: &Lease,
    whole: &Whole,
    operations: &[Operation],
    state: OperationState,
    detail: &str,
) -> Result<(), Error> {
    let ids: Vec<_> = operations.iter().map(|o| o.id).collect();
    world.store.finish_operations(lease, whole.cluster.uuid, &ids, state, detail).await.map_err(Error::Store)?;
    let failed = (state == OperationState::Failed).then_some(detail);
    traced::ended(world, whole, operations, Ended { status: None, failed }).await;
    Ok(())
}

/// Every group gets its addresses and status; the reason goes to the groups that have a failed node, or to all.
async fn groups(
    world: &World,
    lease: &Lease,
    whole: &Whole,
    nodes: &[Node],
    status: ClusterStatus,
    reason: Option<&str>,
) -> Result<(), Error> {
    let id = whole.cluster.uuid;
    let any_failed = nodes.iter().any(|n| n.status == NodeStatus::Failed);
    for group in &whole.groups {
        let own: Vec<&Node> = nodes.iter().filter(|n| n.nodegroup == group.uuid).collect();
        if group.status == Some(ClusterStatus::DeleteInProgress) && own.is_empty() && reason.is_none() {
            world.store.delete_nodegroup(lease, id, group.uuid).await.map_err(Error::Store)?;
            continue;
        }
        let concerned = reason.filter(|_| !any_failed || own.iter().any(|n| n.status == NodeStatus::Failed));
        let action = if group.status == Some(ClusterStatus::CreateInProgress) { Action::Create } else { Action::Update };
        let group_status = match concerned {
            Some(_) => ClusterStatus::of(action, Phase::Failed),
            None if reason.is_some() => group.status.unwrap_or(status),
            None => ClusterStatus::of(action, Phase::Complete),
        };
        let touched = group.status.is_none_or(|s| s.phase() == Phase::InProgress);
        let mut fields = vec![NodeGroupField::NodeAddresses(own.iter().map(|n| n.address.clone()).collect())];
        if touched {
            fields.push(NodeGroupField::Status(group_status));
            fields.push(NodeGroupField::StatusReason(concerned.map(str::to_owned)));
            fields.push(NodeGroupField::StackId(Some(id.to_string())));
        }
        world.store.update_nodegroup(lease, id, group.uuid, &fields).await.map_err(Error::Store)?;
    }
    Ok(())
}
