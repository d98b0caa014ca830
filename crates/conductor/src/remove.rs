// SPDX-License-Identifier: Apache-2.0
//! Delete: everything the engine made, then every row.

use crate::activate::Next;
use crate::world::World;
use crate::{Error, outcome};
use magnum_store::{ClusterField, Lease, OperationState, Whole};
use magnum_types::ClusterStatus;
use std::time::Duration;

/// One pass of a delete.
pub(crate) async fn remove(world: &World, lease: &Lease, whole: &Whole) -> Result<Next, Error> {
    let id = whole.cluster.uuid;
    world.gate.close(id);
    match world.engine.remove(id).await {
        Ok(progress) if progress.done => {
            world.certificates.delete_cluster(lease, id).await.map_err(Error::kept)?;
            world.forget(id);
            tracing::info!(cluster = %id, "deleted");
            Ok(Next::Gone)
        }
        Ok(_) => Ok(Next::In(Duration::from_millis(100))),
        Err(error) => {
            let error = Error::Engine(error);
            if world.may_try_again(id, &error) {
                tracing::warn!(cluster = %id, error = %error.reason(), "the delete will be tried again");
                return Ok(Next::In(Duration::from_secs(1)));
            }
            let operations = world.store.list_open_operations(id).await.map_err(Error::Store)?;
            outcome::close(world, lease, whole, &operations, OperationState::Failed, &error.reason()).await?;
            let fields = [ClusterField::StatusReason(Some(error.reason())), ClusterField::Status(ClusterStatus::DeleteFailed)];
            world.store.update_cluster(lease, id, &fields).await.map_err(Error::Store)?;
            world.succeeded(id);
            Ok(Next::Settled)
        }
    }
}
