// SPDX-License-Identifier: Apache-2.0
//! One look at one cluster, never told why.

use crate::world::World;
use crate::{Error, bring, keep, remove};
use magnum_types::{Action, ClusterId, Phase};
use std::time::Duration;

/// Longer than any single pass may take; a pass that overruns is fenced off, not trusted.
const LEASE: Duration = Duration::from_secs(180);

/// When to look again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// Nothing to do until something changes or the periodic look.
    Settled,
    In(Duration),
    /// The cluster is no more.
    Gone,
}

/// Brings the cluster one step closer to what its rows ask for.
pub(crate) async fn activate(world: &World, id: ClusterId) -> Next {
    let lease = match world.store.take_lease(&format!("cluster/{id}"), &world.holder, LEASE).await {
        Ok(Some(lease)) => lease,
        Ok(None) => return Next::In(Duration::from_secs(5)),
        Err(error) => {
            tracing::error!(cluster = %id, %error, "the lease could not be taken");
            return Next::In(Duration::from_secs(2));
        }
    };
    let outcome = work(world, &lease, id).await;
    if let Err(error) = world.store.release_lease(&lease).await {
        tracing::warn!(cluster = %id, %error, "the lease could not be given back");
    }
    match outcome {
        Ok(next) => next,
        Err(error) if error.is_moot() => Next::Gone,
        Err(error) => {
            tracing::error!(cluster = %id, error = %error.reason(), "an activation failed");
            Next::In(Duration::from_secs(2))
        }
    }
}

async fn work(world: &World, lease: &magnum_store::Lease, id: ClusterId) -> Result<Next, Error> {
    let whole = world.store.get_whole(id).await.map_err(Error::Store)?;
    let Some(status) = whole.cluster.status else {
        return Err(Error::Broken("the cluster has no status".to_owned()));
    };
    match (status.action_in_progress(), status.phase()) {
        (Some(Action::Delete), _) => remove::remove(world, lease, &whole).await,
        (Some(action), _) => bring::bring(world, lease, &whole, action).await,
        (None, Phase::Failed) => keep::failed(world, lease, &whole).await,
        (None, _) => keep::complete(world, lease, &whole).await,
    }
}
