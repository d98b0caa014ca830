// SPDX-License-Identifier: Apache-2.0
//! Does what the plan says: what must come first one after the other, everything about different servers side by side.

pub(crate) mod balancer;
pub(crate) mod network;
pub(crate) mod ports;
pub(crate) mod remove;
pub(crate) mod router;
pub(crate) mod server;

use crate::local::machine::Machine;
use crate::local::plan::{Action, plan};
use crate::local::{failed, observe};
use crate::{Error, Observed, Progress, ResourceState};
use magnum_blueprint::{Blueprint, Server};
use magnum_host::file;
use magnum_types::NodeName;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Servers that are worked on at the same time.
const PARALLEL: usize = 8;

/// Does all that is missing. What was observed may be old: it is looked at again when it was not complete.
pub(crate) fn converge(machine: &Machine, blueprint: &Blueprint, observed: &Observed) -> Result<Progress, Error> {
    let _held = machine.hold(blueprint.cluster)?;
    if plan(blueprint, observed, &machine.resolvers)?.is_empty() {
        return Ok(Progress { did: Vec::new(), done: !has_unknown(observed) });
    }
    // An earlier call may have gone on after its caller stopped waiting.
    let observed = observe::observe(machine, blueprint.cluster);
    let actions = plan(blueprint, &observed, &machine.resolvers)?;
    claim(machine, blueprint)?;
    let mut did = Vec::new();
    perform(machine, blueprint, &actions, &mut did)?;
    Ok(Progress { did, done: !has_unknown(&observed) })
}

fn has_unknown(observed: &Observed) -> bool {
    observed.resources.iter().any(|r| r.state == ResourceState::Unknown)
}

/// From here on the cluster exists on this machine, and the external network is kept.
fn claim(machine: &Machine, blueprint: &Blueprint) -> Result<(), Error> {
    let _held = machine.hold_external()?;
    let folder = machine.clusters_dir().join(machine.names(blueprint.cluster).short());
    file::folder(&folder, 0o700).map_err(failed("state directory"))
}

fn perform(machine: &Machine, blueprint: &Blueprint, actions: &[Action], did: &mut Vec<String>) -> Result<(), Error> {
    let chosen = |wanted: fn(&Action) -> Option<&NodeName>| -> Vec<NodeName> { actions.iter().filter_map(wanted).cloned().collect() };
    let removed = chosen(|a| if let Action::RemoveServer(n) = a { Some(n) } else { None });
    let volumes = chosen(|a| if let Action::Volume(n) = a { Some(n) } else { None });
    let ports = chosen(|a| if let Action::Port(n) = a { Some(n) } else { None });
    let has = |action: &Action| actions.contains(action);

    done(
        did,
        removed.iter().map(|n| Action::RemoveServer(n.clone())),
        in_parallel(&removed, |n| remove::server(machine, blueprint.cluster, n)),
    )?;
    if has(&Action::Network) {
        done(did, [Action::Network], vec![network::ensure(machine, blueprint)])?;
    }
    let (router, servers) = std::thread::scope(|scope| {
        let router = scope.spawn(|| set_up_router(machine, blueprint, actions));
        let servers = set_up_servers(machine, blueprint, actions, &volumes, &ports);
        (router.join().unwrap_or_else(|_| Outcome::broken("router")), servers)
    });
    let mut first = None;
    for outcome in [router, servers] {
        did.extend(outcome.did);
        first = first.or(outcome.error);
    }
    match first {
        None => Ok(()),
        Some(error) => {
            tracing::warn!(cluster = %blueprint.cluster, %error, "could not make everything");
            Err(error)
        }
    }
}

/// What was done, and the first failure.
struct Outcome {
    did: Vec<String>,
    error: Option<Error>,
}

impl Outcome {
    fn broken(resource: &str) -> Self {
        let error = Error::Resource { resource: resource.to_owned(), what: "the work on it broke off".to_owned() };
        Self { did: Vec::new(), error: Some(error) }
    }
}

fn set_up_router(machine: &Machine, blueprint: &Blueprint, actions: &[Action]) -> Outcome {
    let mut did = Vec::new();
    let mut attempt = || {
        for action in actions {
            let result = match (action, &blueprint.load_balancer) {
                (Action::Router, _) => router::ensure(machine, blueprint),
                (Action::LoadBalancer, Some(wanted)) => balancer::ensure(machine, blueprint.cluster, wanted),
                (Action::RemoveLoadBalancer, _) => balancer::remove(machine, blueprint.cluster),
                _ => continue,
            };
            done(&mut did, [action.clone()], vec![result])?;
        }
        Ok(())
    };
    let error = attempt().err();
    Outcome { did, error }
}

fn set_up_servers(machine: &Machine, blueprint: &Blueprint, actions: &[Action], volumes: &[NodeName], ports: &[NodeName]) -> Outcome {
    let mut did = Vec::new();
    let mut attempt = || {
        let wanted: Vec<&Server> = volumes.iter().filter_map(|n| find(blueprint, n)).collect();
        done(
            &mut did,
            volumes.iter().cloned().map(Action::Volume),
            in_parallel(&wanted, |s| server::volume(machine, blueprint.cluster, s)),
        )?;
        let wanted: Vec<&Server> = ports.iter().filter_map(|n| find(blueprint, n)).collect();
        if !wanted.is_empty() {
            ports::ensure(machine, blueprint, &wanted)?;
            did.extend(ports.iter().cloned().map(|n| Action::Port(n).to_string()));
        }
        let tasks: Vec<(&Action, &Server)> =
            actions.iter().filter_map(|a| server_of(a).and_then(|n| find(blueprint, n)).map(|s| (a, s))).collect();
        let results = in_parallel(&tasks, |(action, server)| server::perform(machine, blueprint.cluster, server, action));
        done(&mut did, tasks.iter().map(|(action, _)| (*action).clone()), results)
    };
    let error = attempt().err();
    Outcome { did, error }
}

fn server_of(action: &Action) -> Option<&NodeName> {
    match action {
        Action::CreateServer(n) | Action::StartServer(n) | Action::RestartServer(n) | Action::PowerOffServer(n) | Action::UpdateSpec(n) => {
            Some(n)
        }
        _ => None,
    }
}

fn find<'a>(blueprint: &'a Blueprint, node: &NodeName) -> Option<&'a Server> {
    blueprint.servers.iter().find(|s| s.name == *node)
}

/// Notes what succeeded; answers the first failure.
fn done(did: &mut Vec<String>, actions: impl IntoIterator<Item = Action>, results: Vec<Result<(), Error>>) -> Result<(), Error> {
    let mut first = Ok(());
    for (action, result) in actions.into_iter().zip(results) {
        match result {
            Ok(()) => did.push(action.to_string()),
            Err(error) if first.is_ok() => first = Err(error),
            Err(_) => {}
        }
    }
    first
}

/// Does `work` on every item, a few at a time; the results are in the items' order.
pub(crate) fn in_parallel<I: Sync>(items: &[I], work: impl Fn(&I) -> Result<(), Error> + Sync) -> Vec<Result<(), Error>> {
    let next = AtomicUsize::new(0);
    let worker = || {
        let mut results = Vec::new();
        while let index = next.fetch_add(1, Ordering::Relaxed)
            && let Some(item) = items.get(index)
        {
            results.push((index, work(item)));
        }
        results
    };
    let mut results: Vec<(usize, Result<(), Error>)> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..items.len().min(PARALLEL)).map(|_| scope.spawn(worker)).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap_or_default()).collect()
    });
    results.sort_by_key(|(index, _)| *index);
    let mut ordered: Vec<_> = results.into_iter().map(|(_, result)| result).collect();
    ordered
        .resize_with(items.len(), || Err(Error::Resource { resource: "cluster".to_owned(), what: "the work on it broke off".to_owned() }));
    ordered
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_done_side_by_side_and_answered_in_order() {
        let items: Vec<usize> = (0..50).collect();
        let results =
            in_parallel(
                &items,
                |i| if i % 10 == 3 { Err(Error::NodeState { node: i.to_string(), state: "x".to_owned() }) } else { Ok(()) },
            );
        let failed: Vec<usize> = results.iter().enumerate().filter(|(_, r)| r.is_err()).map(|(i, _)| i).collect();
        assert_eq!(failed, [3, 13, 23, 33, 43]);
    }
}
