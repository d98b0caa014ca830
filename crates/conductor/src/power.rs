// SPDX-License-Identifier: Apache-2.0
//! Which nodes have power: what an operator switched off is switched off, and what is seen is noted.

use crate::Error;
use crate::world::World;
use magnum_engine::{Observed, ResourceKind, ResourceState};
use magnum_store::{Lease, Node, NodeStatus};

/// Switches off running nodes that are to be off, and notes every node that is off. A node that has power again is
/// being built until it reports. (Switching on is the engine's converge.)
pub(crate) async fn sync(world: &World, lease: &Lease, nodes: &[Node], observed: &Observed) -> Result<(), Error> {
    for node in nodes {
        let server = observed.get(ResourceKind::Server, node.name.as_str());
        let mut running = server.is_some_and(|r| r.state == ResourceState::Active);
        let stopped = server.is_some_and(|r| r.state == ResourceState::Stopped);
        if running && !node.powered_on {
            world.engine.power_off(node.cluster, &node.name).await.map_err(Error::Engine)?;
            running = false;
        }
        let status = match (running, node.status) {
            (true, NodeStatus::Stopped | NodeStatus::Unknown) => NodeStatus::Building,
            (false, NodeStatus::Stopped) | (true, _) => continue,
            // A server that is not made yet is not a stopped one.
            (false, _) if node.powered_on && !stopped => continue,
            (false, _) => NodeStatus::Stopped,
        };
        world.store.update_node_status(lease, node.cluster, &node.name, status, None).await.map_err(Error::Store)?;
    }
    Ok(())
}
