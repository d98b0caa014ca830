// SPDX-License-Identifier: Apache-2.0
//! Clusters on which nothing is asked for: kept as they should be, and looked after.

use crate::activate::Next;
use crate::world::World;
use crate::{Error, bring, certificates, health, outcome, power, prepare};
use magnum_store::{ClusterField, Lease, Node, NodeStatus, OperationState, Whole};
use magnum_types::{HealthStatus, Role};
use std::time::Duration;

/// How often a running cluster's health is asked.
const HEALTH: Duration = Duration::from_secs(20);

/// A complete cluster: what stopped is started again, what was switched off stays off, and its health is noted.
pub(crate) async fn complete(world: &World, lease: &Lease, whole: &Whole) -> Result<Next, Error> {
    let id = whole.cluster.uuid;
    let nodes = world.store.list_nodes(id).await.map_err(Error::Store)?;
    let private = world.store.list_private(id).await.map_err(Error::Store)?;
    let settings = prepare::settings(whole, &nodes, &private, world.flavors.as_ref())?;
    let mut blueprint = settings.blueprint().map_err(Error::Settings)?;
    // Changes reach running nodes in their turn, while an update goes on; at rest every one keeps what it has.
    blueprint.servers.iter_mut().for_each(|server| server.keeps_spec = true);
    let observed = world.engine.observe(id).await;
    power::sync(world, lease, &nodes, &observed).await?;
    let progress = world.engine.converge(&blueprint, &observed).await.map_err(Error::Engine)?;
    world.gate.open(id).await;
    bring::record(world, lease, whole, &progress).await?;
    if !progress.done || !progress.did.is_empty() {
        return Ok(Next::In(Duration::from_millis(200)));
    }
    finish_power(world, lease, whole).await?;
    if world.health_is_due(id, HEALTH) {
        note_health(world, lease, whole, &nodes).await?;
    }
    Ok(Next::Settled)
}

/// A failed cluster: its nodes are kept for inspection, as they are; only its own wishes for power are met.
pub(crate) async fn failed(world: &World, lease: &Lease, whole: &Whole) -> Result<Next, Error> {
    let id = whole.cluster.uuid;
    world.gate.open(id).await;
    let nodes = world.store.list_nodes(id).await.map_err(Error::Store)?;
    let observed = world.engine.observe(id).await;
    power::sync(world, lease, &nodes, &observed).await?;
    finish_power(world, lease, whole).await?;
    Ok(Next::Settled)
}

async fn finish_power(world: &World, lease: &Lease, whole: &Whole) -> Result<(), Error> {
    let id = whole.cluster.uuid;
    let open = world.store.list_open_operations(id).await.map_err(Error::Store)?;
    if open.is_empty() {
        return Ok(());
    }
    outcome::close(world, lease, whole, &open, OperationState::Done, "").await
}

async fn note_health(world: &World, lease: &Lease, whole: &Whole, nodes: &[Node]) -> Result<(), Error> {
    let cluster = &whole.cluster;
    let health = if whole.template.coe.is_swarm() {
        let Some(manager) = nodes.iter().find(|n| n.role == Role::Master && n.status != NodeStatus::Stopped) else { return Ok(()) };
        health::swarm(world.engine.as_ref(), cluster.uuid, &manager.name).await
    } else {
        let (Some(url), Some(ca), Some(client)) = (&cluster.api_address, &cluster.ca_cert_ref, &cluster.magnum_cert_ref) else {
            return Ok(());
        };
        let ca_pem = certificates::trusted(world, cluster.uuid, ca).await?;
        let (certificate_pem, key_pem) = certificates::load(world, client).await?;
        let access = health::Access { url, ca_pem: &ca_pem, certificate_pem: &certificate_pem, key_pem: &key_pem };
        health::kubernetes(&access).await
    };
    if cluster.health_status == Some(health.status) && cluster.health_status_reason == health.reason {
        return Ok(());
    }
    if health.status == HealthStatus::Unhealthy {
        tracing::warn!(cluster = %cluster.uuid, reason = ?health.reason, "unhealthy");
    }
    let fields = [ClusterField::HealthStatus(Some(health.status)), ClusterField::HealthStatusReason(health.reason)];
    world.store.update_cluster(lease, cluster.uuid, &fields).await.map_err(Error::Store)
}
