// SPDX-License-Identifier: Apache-2.0
//! What to do next: a pure function from what is wanted and what is there. Saying it twice changes nothing, because
//! what has been done is seen in what is there.

use crate::local::render::{balancer, node, port};
use crate::local::{digest, router_digest};
use crate::{Observed, Resource, ResourceKind, ResourceState};
use magnum_blueprint::{Blueprint, Server};
use magnum_types::NodeName;
use std::fmt;
use std::net::Ipv4Addr;

/// The private network's name in the observed tree.
pub(crate) const NETWORK: &str = "private";
/// The router's name in the observed tree.
pub(crate) const ROUTER: &str = "router";
/// The load balancer's name in the observed tree.
pub(crate) const BALANCER: &str = "api";
/// The attribute with the digest of what was applied.
pub(crate) const CONFIG: &str = "config";
/// A server's attribute with the digest of its node spec.
pub(crate) const SPEC: &str = "spec";

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Action {
    /// Ends and removes a server that is no longer wanted, with its port and volume.
    RemoveServer(NodeName),
    Network,
    Router,
    LoadBalancer,
    RemoveLoadBalancer,
    Volume(NodeName),
    Port(NodeName),
    CreateServer(NodeName),
    StartServer(NodeName),
    /// Ends what is left of a server whose monitor has died, and starts it.
    RestartServer(NodeName),
    PowerOffServer(NodeName),
    /// Gives a server its changed node spec.
    UpdateSpec(NodeName),
}

impl fmt::Display for Action {
    /// What was done, for the timeline.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Action::RemoveServer(node) => write!(f, "server {node} removed"),
            Action::Network => f.write_str("network made"),
            Action::Router => f.write_str("router set up"),
            Action::LoadBalancer => f.write_str("load balancer set up"),
            Action::RemoveLoadBalancer => f.write_str("load balancer removed"),
            Action::Volume(node) => write!(f, "volume of {node} made"),
            Action::Port(node) => write!(f, "port of {node} set up"),
            Action::CreateServer(node) => write!(f, "server {node} made and started"),
            Action::StartServer(node) => write!(f, "server {node} started"),
            Action::RestartServer(node) => write!(f, "server {node} started again"),
            Action::PowerOffServer(node) => write!(f, "server {node} powered off"),
            Action::UpdateSpec(node) => write!(f, "node spec of {node} updated"),
        }
    }
}

/// What is missing or wrong, in the order in which it can be done.
pub(crate) fn plan(blueprint: &Blueprint, observed: &Observed, resolvers: &[Ipv4Addr]) -> Result<Vec<Action>, crate::Error> {
    let mut actions = surplus(blueprint, observed);
    if !is_active(observed.get(ResourceKind::Network, NETWORK)) {
        actions.push(Action::Network);
    }
    let router = observed.get(ResourceKind::Router, ROUTER);
    if !is_active(router) || !has(router, CONFIG, &router_digest(blueprint, resolvers)) {
        actions.push(Action::Router);
    }
    let balancer = observed.get(ResourceKind::LoadBalancer, BALANCER);
    match &blueprint.load_balancer {
        Some(wanted) if !is_active(balancer) || !has(balancer, CONFIG, &digest::short(&balancer::config(wanted))) => {
            actions.push(Action::LoadBalancer);
        }
        None if balancer.is_some() => actions.push(Action::RemoveLoadBalancer),
        _ => {}
    }
    let mut servers = Vec::new();
    for server in &blueprint.servers {
        let name = server.name.as_str();
        if server.docker_volume_gib.is_some() && !is_active(observed.get(ResourceKind::Volume, name)) {
            actions.push(Action::Volume(server.name.clone()));
        }
        let port = observed.get(ResourceKind::Port, name);
        if !is_active(port) || !has(port, CONFIG, &port::rules(blueprint, server).digest) {
            actions.push(Action::Port(server.name.clone()));
        }
        servers.extend(server_action(server, observed.get(ResourceKind::Server, name))?);
    }
    actions.extend(servers);
    Ok(actions)
}

/// Servers, and remains of servers, that the blueprint does not have.
fn surplus(blueprint: &Blueprint, observed: &Observed) -> Vec<Action> {
    let kinds = [ResourceKind::Server, ResourceKind::Port, ResourceKind::Volume];
    let present = observed.resources.iter().filter(|r| kinds.contains(&r.kind));
    let mut names: Vec<NodeName> = present.filter_map(|r| NodeName::parse(&r.name).ok()).collect();
    names.sort();
    names.dedup();
    names.retain(|name| blueprint.servers.iter().all(|s| s.name != *name));
    names.into_iter().map(Action::RemoveServer).collect()
}

fn server_action(server: &Server, found: Option<&Resource>) -> Result<Option<Action>, crate::Error> {
    let name = server.name.clone();
    let Some(found) = found else { return Ok(Some(Action::CreateServer(name))) };
    Ok(match (found.state, server.powered_on) {
        (ResourceState::Building, _) => Some(Action::CreateServer(name)),
        (ResourceState::Stopped, true) => Some(Action::StartServer(name)),
        (ResourceState::Error, true) => Some(Action::RestartServer(name)),
        (ResourceState::Active | ResourceState::Error, false) => Some(Action::PowerOffServer(name)),
        (ResourceState::Active, true) => {
            let current = has(Some(found), SPEC, &digest::short(&node::spec(server)?));
            (!current && !server.keeps_spec).then_some(Action::UpdateSpec(name))
        }
        (ResourceState::Stopped, false) | (ResourceState::Unknown, _) => None,
    })
}

fn is_active(resource: Option<&Resource>) -> bool {
    resource.is_some_and(|r| r.state == ResourceState::Active)
}

fn has(resource: Option<&Resource>, attribute: &str, value: &str) -> bool {
    resource.and_then(|r| r.attributes.get(attribute)).is_some_and(|v| v == value)
}

#[cfg(test)]
mod tests;
