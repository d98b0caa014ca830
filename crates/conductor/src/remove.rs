// SPDX-License-Identifier: Apache-2.0
//! Delete: everything the engine made, then every row.

use crate::activate::Next;
use crate::notices::End;
use crate::traced::Ended;
use crate::world::World;
use crate::{Error, notices, traced};
use magnum_store::{ClusterField, Ending, Lease, OperationState, Whole};
use magnum_types::ClusterStatus;
use std::time::{Duration, SystemTime};

/// One pass of a delete.
pub(crate) async fn remove(world: &World, lease: &Lease, whole: &Whole) -> Result<Next, Error> {
    let id = whole.cluster.uuid;
    world.gate.close(id);
    let operations = world.store.list_open_operations(id).await.map_err(Error::Store)?;
    notices::begun(world, lease, whole, &operations).await?;
    let began = SystemTime::now();
    let removed = world.engine.remove(id).await.map_err(Error::Engine);
    traced::step(world, &operations, "remove", began, &removed);
    match removed {
        Ok(progress) if progress.done => {
            let end = End { status: ClusterStatus::DeleteComplete, reason: None, api: None, nodes: None };
            let notices = notices::ended(world, whole, &operations, &end);
            world.certificates.delete_cluster(lease, id, &notices).await.map_err(Error::kept)?;
            let ended = Ended { status: Some(ClusterStatus::DeleteComplete), failed: None };
            traced::ended(world, whole, &operations, ended).await;
            world.told.notify_one();
            world.forget(id);
            tracing::info!(cluster = %id, "deleted");
            Ok(Next::Gone)
        }
        Ok(_) => Ok(Next::In(Duration::from_millis(100))),
        Err(error) => {
            if world.may_try_again(id, &error) {
                tracing::warn!(cluster = %id, error = %error.reason(), "the delete will be tried again");
                return Ok(Next::In(Duration::from_secs(1)));
            }
            let (status, reason) = (ClusterStatus::DeleteFailed, error.reason());
            let end = End { status, reason: Some(&reason), api: None, nodes: None };
            let ending = Ending {
                operations: operations.iter().map(|operation| operation.id).collect(),
                state: OperationState::Failed,
                detail: reason.clone(),
                notices: notices::ended(world, whole, &operations, &end),
                cluster: vec![ClusterField::StatusReason(Some(reason.clone())), ClusterField::Status(status)],
            };
            world.store.end_action(lease, id, ending).await.map_err(Error::Store)?;
            traced::ended(world, whole, &operations, Ended { status: Some(status), failed: Some(&reason) }).await;
            world.told.notify_one();
            world.succeeded(id);
            Ok(Next::Settled)
        }
    }
}
