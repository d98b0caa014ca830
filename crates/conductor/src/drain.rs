// SPDX-License-Identifier: Apache-2.0
//! Moves workloads off a node before its services are restarted, and lets them come back after.
//!
//! Which nodes were drained by us the COE itself remembers, as a mark on the node: a conductor that is cut off knows it
//! after its restart, and a node that an operator had taken out of use before stays out.

use crate::rollout::Rollout;
use crate::world::World;
use crate::{Error, rotate};
use magnum_engine::{Exec, ExecOutput};
use magnum_store::{Lease, NewEvent, Node, NodeStatus, Operation, Renewal, Whole};
use magnum_types::{ClusterId, NodeName, Role, StepState};
use secrecy::SecretString;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;

/// The annotation (the label, in a swarm) of nodes that we have drained.
const MARK: &str = "magnum.openstack.org/drained";
/// The private value that is there while nodes may have the mark.
const DRAINED: &str = "drained";
const KUBECTL: [&str; 3] = ["kubectl", "--kubeconfig", "/root/.kube/config"];
/// Budgets for disruption are kept to; a pod that cannot move within this time stays where it is.
const DRAIN: &str = "--timeout=45s";
const DRAIN_LIMIT: Duration = Duration::from_secs(60);
const LIMIT: Duration = Duration::from_secs(15);

/// What the COE says of one of its nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Seen {
    name: String,
    /// Takes new workloads, and is well.
    takes: bool,
    /// Drained by us.
    marked: bool,
    is_master: bool,
}

/// Lets workloads back onto nodes that are done, and moves them off those whose turn it is. Answers what went wrong in a
/// way that may pass: then nobody's turn comes yet.
pub(crate) async fn follow(world: &World, lease: &Lease, whole: &Whole, operations: &[Operation], rollout: &Rollout) -> Result<(), Error> {
    let is_swarm = whole.template.coe.is_swarm();
    let upgrade = operations.iter().any(|operation| operation.kind == "upgrade");
    // Certificates restart no container but those of a swarm's managers, where Docker itself has to begin again.
    let managers_only = !upgrade && is_swarm && operations.iter().any(|operation| operation.kind == rotate::KIND);
    let drains = upgrade || managers_only;
    let id = whole.cluster.uuid;
    let marked = world.store.list_private(id).await.map_err(Error::Store)?.contains_key(DRAINED);
    // Nodes that an upgrade has left drained because it failed are let back in by the next change that succeeds.
    if !(drains || marked && rollout.is_over()) {
        return Ok(());
    }
    let nodes = world.store.list_nodes(id).await.map_err(Error::Store)?;
    // Masters of Kubernetes carry no workloads that could move.
    let concerns = |node: &Node| is_swarm && !managers_only || (node.role == Role::Master) == managers_only;
    let turn: Vec<&Node> =
        nodes.iter().filter(|node| rollout.now.contains(&node.name) && concerns(node) && !world.is_drained(id, &node.name)).collect();
    if turn.is_empty() && !world.is_news(id, &rollout.done) {
        return Ok(());
    }
    let Some(master) = asked(&nodes, rollout) else { return Ok(()) };
    let conversation = Conversation { world, whole, master, is_swarm };
    let seen = match conversation.nodes().await {
        Ok(seen) => seen,
        // The master that could say so is just being restarted; there is time for it until the next turn.
        Err(_) if turn.is_empty() && !rollout.is_over() => return Ok(()),
        Err(error) => return Err(error),
    };
    let done: BTreeSet<&str> = rollout.done.iter().map(NodeName::as_str).collect();
    let back: Vec<&Seen> = seen.iter().filter(|seen| seen.marked && done.contains(seen.name.as_str())).collect();
    for name in back.iter().map(|seen| seen.name.clone()).collect::<Vec<_>>() {
        conversation.restore(&name).await?;
        told(world, lease, whole, &name, "workloads may come back").await?;
    }
    world.note_restored(id, &rollout.done);
    if marked && rollout.is_over() {
        note(world, lease, id, None).await?;
    }
    for node in turn {
        let detail = match reason_not_to(node, &seen, rollout) {
            Some(reason) => reason.to_owned(),
            None => {
                note(world, lease, id, Some(SecretString::from("true"))).await?;
                conversation.drain(node.name.as_str(), &seen).await?
            }
        };
        told(world, lease, whole, node.name.as_str(), &detail).await?;
        world.note_drained(id, &node.name);
    }
    Ok(())
}

/// Why a node's workloads are left where they are.
fn reason_not_to(node: &Node, seen: &[Seen], rollout: &Rollout) -> Option<&'static str> {
    let busy: BTreeSet<&str> = rollout.now.iter().map(NodeName::as_str).collect();
    let restored = |other: &Seen| other.marked && rollout.done.iter().any(|name| name.as_str() == other.name);
    let elsewhere = seen.iter().any(|other| {
        // A Kubernetes master takes no ordinary workloads.
        (other.takes || restored(other)) && !busy.contains(other.name.as_str()) && (!other.is_master || node.role == Role::Master)
    });
    (!elsewhere).then_some("workloads stay where they are: no other node can take them")
}

/// The master that is asked: one whose turn it is not, if there is one.
fn asked(nodes: &[Node], rollout: &Rollout) -> Option<NodeName> {
    let mut masters: Vec<&Node> = nodes.iter().filter(|node| node.role == Role::Master && node.status != NodeStatus::Stopped).collect();
    masters.sort_by_key(|node| rollout.now.contains(&node.name));
    masters.first().map(|node| node.name.clone())
}

/// Notes that nodes may be drained, before they are, or that none is any more.
async fn note(world: &World, lease: &Lease, id: ClusterId, value: Option<SecretString>) -> Result<(), Error> {
    let renewal = Renewal { private: vec![(DRAINED.to_owned(), value)], ..Renewal::default() };
    world.store.renew(lease, id, renewal).await.map_err(Error::Store)
}

async fn told(world: &World, lease: &Lease, whole: &Whole, node: &str, detail: &str) -> Result<(), Error> {
    let event = NewEvent {
        node: Some(node.to_owned()),
        step: "drain".to_owned(),
        state: StepState::Done,
        detail: detail.to_owned(),
        duration_ms: None,
    };
    world.store.insert_events(lease, whole.cluster.uuid, vec![event]).await.map_err(Error::Store)
}

/// Questions and orders to the COE, through one master.
struct Conversation<'a> {
    world: &'a World,
    whole: &'a Whole,
    master: NodeName,
    is_swarm: bool,
}

impl Conversation<'_> {
    async fn nodes(&self) -> Result<Vec<Seen>, Error> {
        if self.is_swarm {
            let format = "{{json .}}";
            let ids = self.run(&["docker", "node", "ls", "-q"], LIMIT).await?;
            let mut words = vec!["docker", "node", "inspect", "--format", format];
            words.extend(ids.split_whitespace());
            return Ok(self.run(&words, LIMIT).await?.lines().filter_map(|line| serde_json::from_str(line).ok()).map(of_swarm).collect());
        }
        let text = self.kubectl(&["get", "nodes", "-o", "json"], LIMIT).await?;
        let list: Value = serde_json::from_str(&text).map_err(|error| Error::Broken(format!("kubectl get nodes: {error}")))?;
        Ok(list["items"].as_array().into_iter().flatten().map(of_kubernetes).collect())
    }

    /// Marks and drains a node; one that an operator took out of use is not marked. Answers how it went.
    async fn drain(&self, name: &str, seen: &[Seen]) -> Result<String, Error> {
        let used = seen.iter().any(|node| node.name == name && (node.takes || node.marked));
        let outcome = if self.is_swarm {
            if used {
                self.run(&["docker", "node", "update", "--label-add", &format!("{MARK}=true"), name], LIMIT).await?;
            }
            self.run(&["docker", "node", "update", "--availability", "drain", name], LIMIT).await?;
            self.emptied(name).await
        } else {
            if used {
                self.kubectl(&["annotate", "--overwrite", "node", name, &format!("{MARK}=true")], LIMIT).await?;
            }
            let words = ["drain", name, "--ignore-daemonsets", "--delete-emptydir-data", "--force", DRAIN];
            self.kubectl(&words, DRAIN_LIMIT).await.map(drop)
        };
        Ok(match outcome {
            Ok(()) => "workloads have moved to other nodes".to_owned(),
            Err(error) => format!("some workloads stay: {}", error.reason()),
        })
    }

    /// Waits until no task runs on a drained node of a swarm.
    async fn emptied(&self, name: &str) -> Result<(), Error> {
        let deadline = tokio::time::Instant::now() + DRAIN_LIMIT / 2;
        loop {
            let words = ["docker", "node", "ps", name, "--filter", "desired-state=running", "--quiet"];
            if self.run(&words, LIMIT).await?.trim().is_empty() {
                return Ok(());
            }
            if tokio::time::Instant::now() > deadline {
                return Err(Error::Broken(format!("tasks still run on {name}")));
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// Takes the mark off last: whoever is cut off before does it again.
    async fn restore(&self, name: &str) -> Result<(), Error> {
        if self.is_swarm {
            self.run(&["docker", "node", "update", "--availability", "active", name], LIMIT).await?;
            return self.run(&["docker", "node", "update", "--label-rm", MARK, name], LIMIT).await.map(drop);
        }
        self.kubectl(&["uncordon", name], LIMIT).await?;
        self.kubectl(&["annotate", "node", name, &format!("{MARK}-")], LIMIT).await.map(drop)
    }

    async fn kubectl(&self, words: &[&str], limit: Duration) -> Result<String, Error> {
        let all: Vec<&str> = KUBECTL.iter().chain(words).copied().collect();
        self.run(&all, limit).await
    }

    async fn run(&self, argv: &[&str], limit: Duration) -> Result<String, Error> {
        let request = Exec { timeout: limit, max_output: 8 << 20, ..Exec::new(argv.iter().copied()) };
        let output = self.world.engine.exec(self.whole.cluster.uuid, &self.master, request).await.map_err(Error::Engine)?;
        match output {
            ExecOutput { code: Some(0), stdout, .. } => Ok(String::from_utf8_lossy(&stdout).into_owned()),
            other => {
                let stderr = String::from_utf8_lossy(&other.stderr);
                let last = stderr.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("no message");
                let what = format!("{}: {}", argv.iter().take(6).copied().collect::<Vec<_>>().join(" "), last.trim());
                Err(Error::Engine(magnum_engine::Error::Resource { resource: format!("server {}", self.master), what }))
            }
        }
    }
}

fn of_kubernetes(node: &Value) -> Seen {
    let ready = node["status"]["conditions"].as_array().into_iter().flatten().any(|c| c["type"] == "Ready" && c["status"] == "True");
    let labels = node["metadata"]["labels"].as_object();
    Seen {
        name: node["metadata"]["name"].as_str().unwrap_or_default().to_owned(),
        takes: ready && node["spec"]["unschedulable"] != json!(true),
        marked: !node["metadata"]["annotations"][MARK].is_null(),
        is_master: labels.is_some_and(|labels| labels.contains_key("node-role.kubernetes.io/master")),
    }
}

fn of_swarm(node: Value) -> Seen {
    Seen {
        name: node["Description"]["Hostname"].as_str().unwrap_or_default().to_owned(),
        takes: node["Status"]["State"] == "ready" && node["Spec"]["Availability"] == "active",
        marked: !node["Spec"]["Labels"][MARK].is_null(),
        // A manager of a swarm takes any workload.
        is_master: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_that_an_operator_took_out_of_use_is_seen_as_such() {
        let node = |unschedulable: Value, annotations: Value| {
            json!({
                "metadata": {"name": "node-0", "annotations": annotations, "labels": {}}, "spec": {"unschedulable": unschedulable},
                "status": {"conditions": [{"type": "Ready", "status": "True"}]},
            })
        };
        let plain = of_kubernetes(&node(Value::Null, json!({})));
        assert_eq!(plain, Seen { name: "node-0".to_owned(), takes: true, marked: false, is_master: false });
        assert!(!of_kubernetes(&node(json!(true), json!({}))).takes);
        assert!(of_kubernetes(&node(json!(true), json!({MARK: "true"}))).marked);
        let swarm = json!({
            "Description": {"Hostname": "node-1"}, "Status": {"State": "ready"}, "Spec": {"Availability": "drain", "Labels": {MARK: "true"}},
        });
        assert_eq!(of_swarm(swarm), Seen { name: "node-1".to_owned(), takes: false, marked: true, is_master: false });
    }

    #[test]
    fn workloads_stay_where_nobody_else_could_take_them() {
        let name = |text: &str| NodeName::parse(text).unwrap();
        let node = Node::new(
            magnum_types::ClusterId::random(),
            name("node-0"),
            magnum_types::NodeGroupId::random(),
            Role::Worker,
            0,
            "10.0.0.20".to_owned(),
            String::new(),
        );
        let seen = |name: &str, takes: bool, is_master: bool| Seen { name: name.to_owned(), takes, marked: false, is_master };
        let rollout = Rollout { done: vec![], now: vec![name("node-0")], later: vec![] };
        let (master, own, other) = (seen("master-0", true, true), seen("node-0", true, false), seen("node-1", true, false));
        assert!(reason_not_to(&node, &[master.clone(), own.clone()], &rollout).is_some());
        assert!(reason_not_to(&node, &[master, own.clone(), other.clone()], &rollout).is_none());
        assert!(reason_not_to(&node, &[own.clone(), seen("node-1", false, false)], &rollout).is_some(), "the other is out of use");
        let both = Rollout { done: vec![], now: vec![name("node-0"), name("node-1")], later: vec![] };
        assert!(reason_not_to(&node, &[own, other], &both).is_some(), "the other has its turn too");
    }
}
