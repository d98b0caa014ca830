// SPDX-License-Identifier: Apache-2.0
//! Which nodes may take up a changed node spec now: masters one at a time, then workers in batches, each batch only when
//! the one before is done. Pure, and nothing is remembered: what a node has carried out it says itself.

use magnum_blueprint::Blueprint;
use magnum_store::{Node, NodeStatus, Operation};
use magnum_types::{NodeName, Role, SPEC_REVISION};

/// Workers that take up new certificates or a new token at a time: nothing that runs on them is stopped.
const QUIET_BATCH: usize = 4;

/// How far a cluster's nodes have come with the specs they are to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rollout {
    pub done: Vec<NodeName>,
    /// Whose turn it is.
    pub now: Vec<NodeName>,
    /// Who keeps the spec it has for now.
    pub later: Vec<NodeName>,
}

/// One node's part in it.
struct Part {
    name: NodeName,
    role: Role,
    done: bool,
}

impl Rollout {
    /// From what each server is to have and what each node's agent has said. Nodes without power are not waited for: they
    /// find their spec when they start.
    pub fn of(blueprint: &Blueprint, nodes: &[Node], batch: usize) -> Self {
        let parts = blueprint.servers.iter().filter(|server| server.powered_on).map(|server| {
            let node = nodes.iter().find(|node| node.name == server.name);
            let said = node.and_then(|node| node.versions.get(SPEC_REVISION));
            let done = node.is_some_and(|node| node.status == NodeStatus::Ready) && said == Some(&server.spec.revision);
            Part { name: server.name.clone(), role: server.role, done }
        });
        Self::plan(parts.collect(), batch)
    }

    fn plan(parts: Vec<Part>, batch: usize) -> Self {
        let (masters, workers): (Vec<Part>, Vec<Part>) = parts.into_iter().partition(|part| part.role == Role::Master);
        let mut rollout = Self { done: Vec::new(), now: Vec::new(), later: Vec::new() };
        for chunk in masters.chunks(1).chain(workers.chunks(batch.max(1))) {
            // Somebody of an earlier batch is not done, or not any more.
            let held = !rollout.now.is_empty();
            for part in chunk {
                let list = match (part.done, held) {
                    (true, _) => &mut rollout.done,
                    (false, true) => &mut rollout.later,
                    (false, false) => &mut rollout.now,
                };
                list.push(part.name.clone());
            }
        }
        rollout
    }

    /// Whether every node has what it is to have.
    pub fn is_over(&self) -> bool {
        self.now.is_empty()
    }

    /// Lets those whose turn has not come keep their specs.
    pub fn hold(&self, blueprint: &mut Blueprint) {
        for server in &mut blueprint.servers {
            server.keeps_spec = self.later.contains(&server.name);
        }
    }

    /// What is going on, for the status.
    pub fn sentence(&self) -> String {
        let names: Vec<&str> = self.now.iter().map(NodeName::as_str).collect();
        let all = self.done.len() + self.now.len() + self.later.len();
        format!("changed settings are taken up by {} ({} of {all} nodes are done)", names.join(", "), self.done.len())
    }
}

/// How many workers may take up changes at a time.
pub(crate) fn batch(operations: &[Operation]) -> usize {
    let sizes = operations.iter().filter(|operation| operation.kind == "upgrade").filter_map(|o| o.input["max_batch_size"].as_u64());
    sizes.min().map_or(QUIET_BATCH, |size| usize::try_from(size).unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> Vec<Part> {
        let part = |word: &str| Part {
            name: NodeName::parse(word.trim_end_matches('+')).unwrap(),
            role: if word.starts_with("master") { Role::Master } else { Role::Worker },
            done: word.ends_with('+'),
        };
        text.split(' ').map(part).collect()
    }

    /// `+` is done.
    #[test]
    fn masters_come_one_by_one_and_workers_in_batches_after_them() {
        for (nodes, batch, now, later) in [
            ("node-0 node-1 master-0 master-1", 2, "master-0", "master-1 node-0 node-1"),
            ("node-0 node-1 master-0+ master-1", 2, "master-1", "node-0 node-1"),
            ("node-0 node-1 node-2 master-0+", 2, "node-0 node-1", "node-2"),
            ("node-0+ node-1 node-2 master-0+", 2, "node-1", "node-2"),
            ("node-0+ node-1+ node-2 master-0+", 2, "node-2", ""),
            ("node-0+ node-1+ node-2+ master-0+", 2, "", ""),
            // A master that has gone back, by a reboot, holds up everybody who has not begun.
            ("node-0+ node-1 node-2 master-0", 1, "master-0", "node-1 node-2"),
            ("node-0 node-1", 0, "node-0", "node-1"),
        ] {
            let rollout = Rollout::plan(parts(nodes), batch);
            let words = |names: &[NodeName]| names.iter().map(NodeName::as_str).collect::<Vec<_>>().join(" ");
            assert_eq!((words(&rollout.now).as_str(), words(&rollout.later).as_str()), (now, later), "{nodes} by {batch}");
            assert_eq!(rollout.is_over(), now.is_empty(), "{nodes}");
        }
    }

    /// However often it is cut off and looked at again, a rollout ends, and never touches two masters or more workers
    /// than the batch at a time.
    #[test]
    fn every_rollout_ends() {
        for batch in 1..4 {
            let mut nodes = parts("master-0 master-1 master-2 node-0 node-1 node-2 node-3");
            for pass in 0.. {
                assert!(pass < 20, "no end");
                let copy = nodes.iter().map(|p| Part { name: p.name.clone(), role: p.role, done: p.done }).collect();
                let rollout = Rollout::plan(copy, batch);
                if rollout.is_over() {
                    break;
                }
                let masters = rollout.now.iter().filter(|name| name.as_str().starts_with("master")).count();
                assert!(masters <= 1 && (masters == 0 || rollout.now.len() == 1) && rollout.now.len() <= batch.max(1), "{rollout:?}");
                nodes.iter_mut().filter(|part| rollout.now.contains(&part.name)).take(1).for_each(|part| part.done = true);
            }
        }
    }

    #[test]
    fn the_smallest_batch_asked_for_holds() {
        let operation = |kind: &str, size: u64| {
            Operation::new(magnum_types::ClusterId::random(), kind, "req-1", serde_json::json!({"max_batch_size": size}))
        };
        assert_eq!(batch(&[operation("upgrade", 3), operation("upgrade", 2), operation("resize", 1)]), 2);
        assert_eq!(batch(&[operation("rotate-ca", 1)]), QUIET_BATCH);
    }
}
