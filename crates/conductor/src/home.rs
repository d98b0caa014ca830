// SPDX-License-Identifier: Apache-2.0
//! Clusters whose servers are on another machine are left alone: this one's engine would not see them, and make them again.

use crate::Error;
use crate::activate::Next;
use crate::prepare::HOME;
use crate::world::World;
use jiff::Timestamp;
use magnum_store::{ClusterField, Lease, Whole};
use secrecy::ExposeSecret;
use std::time::Duration;

/// How often it is seen whether they have come here.
const AGAIN: Duration = Duration::from_secs(20);
/// After so long the other machine's conductor is taken to be away, in milliseconds.
const AWAY: i64 = 60_000;

/// When to look again at a cluster that is another installation's; None when it is this one's, or nobody's yet. A request that
/// waits for the other for long has that as the cluster's status reason.
pub(crate) async fn elsewhere(world: &World, lease: &Lease, whole: &Whole) -> Result<Option<Next>, Error> {
    let Some(own) = world.engine.home() else { return Ok(None) };
    let id = whole.cluster.uuid;
    let private = world.store.list_private(id).await.map_err(Error::Store)?;
    let Some(home) = private.get(HOME).map(ExposeSecret::expose_secret).filter(|home| *home != own) else { return Ok(None) };
    let operations = world.store.list_open_operations(id).await.map_err(Error::Store)?;
    let now = Timestamp::now().as_millisecond();
    if operations.iter().any(|operation| now - operation.started_at > AWAY) {
        let text = format!(
            "waiting for the machine with the cluster's servers: no magnum conductor runs on the state directory of local engine {home}"
        );
        if whole.cluster.status_reason.as_ref() != Some(&text) {
            tracing::warn!(cluster = %id, home, own, "the cluster's servers are another machine's, whose conductor is away");
            world.store.update_cluster(lease, id, &[ClusterField::StatusReason(Some(text))]).await.map_err(Error::Store)?;
        }
    }
    Ok(Some(Next::In(AGAIN)))
}
