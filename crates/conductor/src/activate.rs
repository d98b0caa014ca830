// SPDX-License-Identifier: Apache-2.0
//! One look at one cluster, never told why.

use crate::tenure::{self, Tenure};
use crate::world::World;
use crate::{Error, bring, home, keep, remove};
use magnum_store::{Lease, Scope, is_coming};
use magnum_types::{Action, ClusterId, ClusterStatus, Phase};
use std::time::Duration;

/// When another conductor has the cluster: it heard the same news. This is for the case that it dies.
const OTHERS: Duration = Duration::from_secs(2);

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
    let lease = match take(world, id).await {
        Ok(Some(lease)) => lease,
        Ok(None) => return watch_others(world, id).await,
        Err(error) => {
            tracing::error!(cluster = %id, %error, "the lease could not be taken");
            return Next::In(Duration::from_secs(2));
        }
    };
    let outcome = Tenure::of(&world.store, &lease).spend(work(world, &lease, id)).await;
    if let Err(error) = world.store.release_lease(&lease).await {
        tracing::warn!(cluster = %id, %error, "the lease could not be given back");
    }
    match outcome {
        Ok(next) => next,
        Err(error) if error.is_gone() => {
            world.gate.close(id);
            world.forget(id);
            Next::Gone
        }
        Err(error) if error.is_moot() => Next::In(OTHERS),
        Err(error) => {
            tracing::error!(cluster = %id, error = %error.reason(), "an activation failed");
            Next::In(Duration::from_secs(2))
        }
    }
}

/// Takes the cluster, unless another conductor has it: now, or again and again, as is seen from one look to the next. So the
/// one that had it goes on with what it remembers, and the others do not do everything once more.
async fn take(world: &World, id: ClusterId) -> Result<Option<Lease>, magnum_store::Error> {
    let name = format!("cluster/{id}");
    if let Some(last) = world.store.get_lease(&name).await?
        && last.holder != world.holder
        && world.is_others(id, last.generation)
    {
        return Ok(None);
    }
    let lease = world.store.take_lease(&name, &world.holder, tenure::LEASE).await?;
    if let Some(lease) = &lease {
        world.note_turn(id, lease.generation);
    }
    Ok(lease)
}

async fn work(world: &World, lease: &Lease, id: ClusterId) -> Result<Next, Error> {
    let whole = world.store.get_whole(id).await.map_err(Error::Store)?;
    let Some(status) = whole.cluster.status else {
        return Err(Error::Broken("the cluster has no status".to_owned()));
    };
    if let Some(next) = home::elsewhere(world, lease, &whole).await? {
        return Ok(next);
    }
    let next = match (status.action_in_progress(), status.phase()) {
        (Some(Action::Delete), _) => remove::remove(world, lease, &whole).await,
        (Some(action), _) => bring::bring(world, lease, &whole, action).await,
        (None, Phase::Failed) => keep::failed(world, lease, &whole).await,
        (None, _) => keep::complete(world, lease, &whole).await,
    }?;
    if next == Next::Settled || !is_coming(&whole.cluster) {
        world.admission.leave(id);
    }
    Ok(next)
}

/// Another conductor works on the cluster: only its nodes are answered here too, so that they still are when that one dies.
async fn watch_others(world: &World, id: ClusterId) -> Next {
    world.admission.leave(id);
    match world.store.get_cluster(&Scope::All, id).await {
        Ok(cluster) if cluster.status == Some(ClusterStatus::DeleteInProgress) => world.gate.close(id),
        Ok(cluster) => {
            world.gate.open(id).await;
            if cluster.status.is_some_and(|status| status.action_in_progress().is_none()) {
                return Next::Settled;
            }
        }
        Err(magnum_store::Error::NotFound { .. }) => {
            world.gate.close(id);
            world.forget(id);
            return Next::Gone;
        }
        Err(error) => tracing::warn!(cluster = %id, %error, "the cluster could not be read"),
    }
    Next::In(OTHERS)
}
