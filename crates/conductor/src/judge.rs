// SPDX-License-Identifier: Apache-2.0
//! The judgement of a create or update from what its nodes report. Pure: the clock is a parameter.

use jiff::{SignedDuration, Timestamp};
use magnum_types::NodeName;

/// How a node stands, as the judgement needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeView {
    pub name: NodeName,
    pub group: String,
    pub standing: Standing,
    /// The newest step and what it waits for, in words: `step etcd: waiting for 2 members`.
    pub doing: String,
}

/// A node's standing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Not there yet, or its agent still works.
    Coming,
    /// The agent reported `ready`.
    Ready,
    /// The agent reported a step that cannot succeed: `step etcd: …`.
    Failed(String),
}

/// What the cluster's status becomes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Go on waiting; the text says for what.
    Waiting(String),
    Complete,
    Failed(String),
}

/// Judges an action begun at `began` with `timeout` (zero = none).
///
/// `engine_done` is whether every resource is made; a node that failed ends the action at once, whatever else waits.
pub fn judge(nodes: &[NodeView], engine_done: bool, began: Timestamp, timeout: SignedDuration, now: Timestamp) -> Verdict {
    let failed: Vec<String> = nodes
        .iter()
        .filter_map(|n| match &n.standing {
            Standing::Failed(reason) => Some(format!("node {}, {reason}", n.name)),
            _ => None,
        })
        .collect();
    if !failed.is_empty() {
        return Verdict::Failed(failed.join("; "));
    }
    let coming: Vec<&NodeView> = nodes.iter().filter(|n| n.standing == Standing::Coming).collect();
    if coming.is_empty() && engine_done {
        return Verdict::Complete;
    }
    let waits = if coming.is_empty() {
        "resources are being made".to_owned()
    } else {
        coming.iter().map(|n| format!("node {}, {}", n.name, n.doing)).collect::<Vec<_>>().join("; ")
    };
    let spent = now.duration_since(began);
    if !timeout.is_zero() && spent >= timeout {
        return Verdict::Failed(format!("timed out after {} minutes: {waits}", timeout.as_mins()));
    }
    Verdict::Waiting(waits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(name: &str, standing: Standing) -> NodeView {
        let group = "default-worker".to_owned();
        NodeView { name: NodeName::parse(name).unwrap(), group, standing, doing: "step kubelet: waiting for the API server".to_owned() }
    }

    fn at(minutes: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minutes)
    }

    #[test]
    fn an_action_ends_with_its_nodes() {
        let hour = SignedDuration::from_mins(60);
        let ready = || node("node-0", Standing::Ready);
        let coming = || node("node-1", Standing::Coming);
        let failed = || node("node-2", Standing::Failed("step etcd: exit code 1".to_owned()));
        let waits = "node node-1, step kubelet: waiting for the API server";
        for (what, nodes, done, minute, expected) in [
            ("all ready", vec![ready()], true, 1, Verdict::Complete),
            ("no node at all", vec![], true, 1, Verdict::Complete),
            ("resources missing", vec![ready()], false, 1, Verdict::Waiting("resources are being made".to_owned())),
            ("one coming", vec![ready(), coming()], true, 1, Verdict::Waiting(waits.to_owned())),
            (
                "one failed, one coming",
                vec![failed(), coming()],
                false,
                1,
                Verdict::Failed("node node-2, step etcd: exit code 1".to_owned()),
            ),
            ("too late", vec![coming()], true, 60, Verdict::Failed(format!("timed out after 60 minutes: {waits}"))),
            ("ready in the last minute", vec![ready()], true, 61, Verdict::Complete),
        ] {
            assert_eq!(judge(&nodes, done, at(0), hour, at(minute)), expected, "{what}");
        }
        assert!(matches!(judge(&[coming()], true, at(0), SignedDuration::ZERO, at(9999)), Verdict::Waiting(_)), "no limit asked for");
    }
}
