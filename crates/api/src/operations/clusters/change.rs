// SPDX-License-Identifier: Apache-2.0
//! When a cluster may be changed, and the rows of a changed size.

use crate::failure::Failure;
use magnum_store::{Cluster, ClusterField, NodeGroup, NodeGroupField, Request};
use magnum_types::{Action, ClusterStatus, Phase};

/// Refuses changes to a cluster whose creation has failed or which is going away; `doing` as Magnum words it.
pub(crate) fn settled(cluster: &Cluster, doing: &str) -> Result<(), Failure> {
    use ClusterStatus as S;
    match cluster.status {
        Some(status @ (S::CreateFailed | S::DeleteInProgress | S::DeleteFailed | S::DeleteComplete)) => {
            Err(Failure::bad(format!("{doing} a cluster when status is \"{status}\" is not supported.")))
        }
        _ => Ok(()),
    }
}

/// What must not be going on when a change begins that needs the cluster whole.
pub(crate) const BUSY: [ClusterStatus; 4] =
    [ClusterStatus::CreateInProgress, ClusterStatus::UpdateInProgress, ClusterStatus::DeleteInProgress, ClusterStatus::RollbackInProgress];

/// Refuses changes to a cluster on which something goes on or has failed; `doing` as Magnum words it.
pub(crate) fn complete(cluster: &Cluster, doing: &str) -> Result<(), Failure> {
    match cluster.status {
        Some(status) if status.phase() == Phase::Complete && status != ClusterStatus::DeleteComplete => Ok(()),
        status => {
            let status = status.map_or_else(|| "None".to_owned(), |status| status.to_string());
            Err(Failure::bad(format!("{doing} a cluster when status is \"{status}\" is not supported.")))
        }
    }
}

/// Adds to `request` that the cluster is being changed. A creation that still runs stays one: it ends with what is wanted then.
pub(crate) fn updating(cluster: &Cluster, request: &mut Request) {
    if cluster.status.and_then(ClusterStatus::action_in_progress) != Some(Action::Create) {
        request.cluster.push(ClusterField::Status(ClusterStatus::UpdateInProgress));
        request.cluster.push(ClusterField::StatusReason(None));
    }
}

/// Adds to `request` that `group` is to have `wanted` nodes.
pub(crate) fn resized(cluster: &Cluster, group: &NodeGroup, wanted: i64, request: &mut Request) {
    let mut fields = vec![NodeGroupField::NodeCount(wanted)];
    if group.status.and_then(ClusterStatus::action_in_progress) != Some(Action::Create) {
        fields.push(NodeGroupField::Status(ClusterStatus::UpdateInProgress));
        fields.push(NodeGroupField::StatusReason(None));
    }
    request.groups.push((group.uuid, fields));
    updating(cluster, request);
}
