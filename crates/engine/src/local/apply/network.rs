// SPDX-License-Identifier: Apache-2.0
//! The private network: a bridge in a namespace of its own, and the router's port on it.

use crate::Error;
use crate::local::failed;
use crate::local::machine::Machine;
use crate::local::names::{BRIDGE, INSIDE, ROUTER_TAP, mac};
use magnum_blueprint::Blueprint;
use magnum_host::link;

/// Makes what is missing of it.
pub(crate) fn ensure(machine: &Machine, blueprint: &Blueprint) -> Result<(), Error> {
    let names = machine.names(blueprint.cluster);
    let (network, router) = (names.network(), names.router());
    network.create().map_err(failed("network"))?;
    router.create().map_err(failed("router"))?;
    let mtu = blueprint.network.mtu;
    let inside = network.enter(|| -> Result<(), magnum_host::Error> {
        link::disable_ipv6()?;
        let mut commands = vec!["link set lo up".to_owned()];
        if !link::exists(BRIDGE) {
            commands.push(format!("link add {BRIDGE} mtu {mtu} type bridge forward_delay 0 mcast_snooping 0"));
        }
        commands.push(format!("link set {BRIDGE} up"));
        if !link::is_pair(ROUTER_TAP, &router, INSIDE)? {
            commands.push(format!(
                "link add {ROUTER_TAP} mtu {mtu} type veth peer name {INSIDE} netns {} address {} mtu {mtu}",
                router.name(),
                mac(blueprint.network.gateway)
            ));
        }
        commands.push(format!("link set {ROUTER_TAP} master {BRIDGE} up"));
        link::batch(&commands)
    });
    inside.map_err(failed("network"))?.map_err(failed("network"))?;
    router.enter(link::disable_ipv6).map_err(failed("router"))?.map_err(failed("router"))
}
