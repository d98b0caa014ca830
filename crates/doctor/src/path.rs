// SPDX-License-Identifier: Apache-2.0
//! One path between two ends of a cluster: facts, captures on every node of it, probes, and the judgement.

use crate::diagnose::ClusterInput;
use futures::future::join_all;
use magnum_collect::{Collected, Wanted, World, collect};
use magnum_engine::{Engine, Exec};
use magnum_facts::Facts;
use magnum_facts::coe::{KubernetesFacts, SwarmFacts};
use magnum_facts::node::{NodeFacts, Ruleset};
use magnum_path::wire::{Close, Closed, Open, Opened, Probe, Send, Sent};
use magnum_path::{Endpoint, Gap, Inputs, Matrix, Round, Sort, Trace};
use magnum_types::{ClusterId, NodeName};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use std::collections::hash_map::RandomState;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher, Hasher};
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Why there is no judgement at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// What was asked for names nothing; the text says what, and the remedy.
    #[error("{0}")]
    Wrong(String),
}

/// What is looked at before anything is sent.
const FACTS: Duration = Duration::from_secs(5);
/// The agent's calls: they take some tens of milliseconds on a node that is well.
const CALL: Duration = Duration::from_secs(4);
/// When nobody closes them, the captures end after this long.
const LINGER_MS: u32 = 10_000;

/// Traces the path from `from` to `to`, in the words of [`magnum_path::resolve`].
///
/// Sends some packets, and when they get lost up to a hundred more, to be counted. Captures run on the nodes meanwhile.
pub async fn path(input: ClusterInput, engine: Arc<dyn Engine>, from: &str, to: &str) -> Result<Trace, PathError> {
    let clock = Instant::now();
    let tracer = Tracer::new(input, engine).await;
    let (from, to) = (tracer.end(from)?, tracer.end(to)?);
    if from.node.is_none() {
        let what = if from.sort == Sort::Service { "a service sends nothing" } else { "nothing can be sent from outside" };
        return Err(PathError::Wrong(format!("from {}: {what}; give a pod or a node", from.name)));
    }
    if from.address == to.address {
        return Err(PathError::Wrong(format!("from and to are both {}", from.name)));
    }
    let nodes = tracer.nodes(&from, &to);
    let nonce = nonce();
    let probes = magnum_path::probes(&from, &to, &tracer.facts, nonce);
    let containers: Vec<Ipv4Addr> = [&from, &to]
        .into_iter()
        .filter(|e| e.container)
        .map(|e| e.address)
        .chain(to.backends.iter().filter(|b| !b.host_network).map(|b| b.address))
        .collect();
    let first = tracer.round(&Plan { nonce, from: &from, probes, nodes: &nodes, containers: &containers, drops: false }).await;
    let inputs = |burst| Inputs { facts: &tracer.facts, from: &from, to: &to, first: &first, burst };
    let mut second = None;
    if let Some(suspicion) = magnum_path::suspicion(&inputs(None)) {
        let nonce = nonce.wrapping_add(1);
        let port = suspicion.to.port.unwrap_or(suspicion.probe.port);
        let probes = magnum_path::burst(&suspicion.probe, suspicion.to.address, port, nonce);
        // The whole path is watched again, and a node where it ends even when it was too far off to be watched at first.
        let nodes = nodes.iter().map(String::as_str).chain(suspicion.gap.iter().flat_map(Gap::nodes)).map(str::to_owned).collect();
        let mut round = tracer.round(&Plan { nonce, from: &from, probes, nodes: &nodes, containers: &containers, drops: true }).await;
        if let Some(gap) = &suspicion.gap {
            round.asked = tracer.ask(magnum_path::questions(gap)).await;
        }
        second = Some(round);
    }
    let mut trace = magnum_path::judge(&inputs(second.as_ref()));
    trace.duration_ms = u64::try_from(clock.elapsed().as_millis()).unwrap_or(u64::MAX);
    Ok(trace)
}

/// Who reaches whom: all nodes, and a pod of each.
pub async fn path_matrix(input: ClusterInput, engine: Arc<dyn Engine>) -> Matrix {
    let clock = Instant::now();
    let tracer = Tracer::new(input, engine).await;
    let (ends, left_out) = magnum_path::ends(&tracer.facts);
    let pairs = magnum_path::pairs(&ends);
    let nonce = nonce();
    let first_port = magnum_path::source_ports(nonce).first().copied().unwrap_or(20_000);
    let mut sends: BTreeMap<usize, Vec<Probe>> = BTreeMap::new();
    for (index, (from, to)) in pairs.iter().enumerate() {
        let port = first_port + u16::try_from(index).unwrap_or(0);
        let Some(to) = ends.get(*to) else { continue };
        sends.entry(*from).or_default().extend(magnum_path::pair_probes(index, to, port));
    }
    let nodes: BTreeSet<String> = ends.iter().filter_map(|e| e.node.clone()).collect();
    let containers: Vec<Ipv4Addr> = ends.iter().filter(|e| e.container).map(|e| e.address).collect();
    let ports: Vec<u16> = (0..pairs.len()).map(|n| first_port + u16::try_from(n).unwrap_or(0)).collect();
    let mut round = tracer.open(nonce, &nodes, &containers, ports, false).await;
    let each = sends.iter().filter_map(|(from, probes)| Some((ends.get(*from)?, probes)));
    let answers = join_all(each.map(|(from, probes)| tracer.send(nonce, from, probes.clone()))).await;
    let mut all = Sent::default();
    for answer in answers.into_iter().flatten() {
        all.outcomes.extend(answer.outcomes);
    }
    round.sent = Some(Ok(all));
    round.probes = sends.into_values().flatten().collect();
    tracer.close(nonce, &nodes, &mut round).await;
    let mut matrix = magnum_path::judge_all(&tracer.facts, &ends, &round, left_out);
    matrix.duration_ms = u64::try_from(clock.elapsed().as_millis()).unwrap_or(u64::MAX);
    matrix
}

struct Tracer {
    id: ClusterId,
    engine: Arc<dyn Engine>,
    facts: Facts,
}

struct Plan<'a> {
    nonce: u32,
    from: &'a Endpoint,
    probes: Vec<Probe>,
    nodes: &'a BTreeSet<String>,
    containers: &'a [Ipv4Addr],
    drops: bool,
}

/// Tells one trace from others on the same nodes. Nothing has to be kept secret by it.
fn nonce() -> u32 {
    let random = RandomState::new().build_hasher().finish().to_le_bytes();
    let [a, b, c, d, ..] = random;
    u32::from_le_bytes([a, b, c, d])
}

fn node_name(name: &str) -> Result<NodeName, String> {
    NodeName::parse(name).map_err(|error| error.to_string())
}

impl Tracer {
    async fn new(input: ClusterInput, engine: Arc<dyn Engine>) -> Self {
        let id = input.id;
        let world = Arc::new(World { id, cluster: input.cluster, engine: Arc::clone(&engine), api: input.api });
        let topics = [
            KubernetesFacts::PODS,
            KubernetesFacts::SERVICES,
            KubernetesFacts::ENDPOINTS,
            NodeFacts::LINKS,
            NodeFacts::ROUTES,
            NodeFacts::NEIGHBOURS,
            NodeFacts::FDB,
            NodeFacts::SUBNET_ENV,
            NodeFacts::OVERLAY,
            NodeFacts::SYSCTLS,
            SwarmFacts::TASKS,
        ];
        let Collected { facts, .. } = collect(world, &Wanted::Topics(topics.into()), FACTS).await;
        let mut all = Self { id, engine, facts };
        all.tasks().await;
        all
    }

    /// Asks a manager for the addresses of tasks, which only paths need.
    async fn tasks(&mut self) {
        let managers = self.facts.swarm.state.value().into_iter().flat_map(|s| &s.managers);
        let manager = managers.filter(|m| m.control_available).find_map(|m| node_name(&m.node).ok());
        let ids: Vec<String> =
            self.facts.swarm.tasks.value().into_iter().flatten().filter(|t| t.state == "running").map(|t| t.id.clone()).collect();
        let Some(manager) = manager.filter(|_| !ids.is_empty()) else { return };
        let mut request = Exec::new(["docker", "inspect", "--type", "task"].into_iter().map(str::to_owned).chain(ids));
        request.timeout = CALL;
        request.max_output = 16 << 20;
        let answer = self.engine.exec(self.id, &manager, request).await;
        let Some(Value::Array(details)) = answer.ok().and_then(|done| serde_json::from_slice(&done.stdout).ok()) else { return };
        for task in self.facts.swarm.tasks.value_mut().into_iter().flatten() {
            let own = details.iter().find(|d| d["ID"].as_str().is_some_and(|id| id.starts_with(&task.id)));
            let Some(own) = own else { continue };
            task.slot = own["Slot"].as_u64().and_then(|n| u32::try_from(n).ok());
            let attached = own["NetworksAttachments"].as_array().into_iter().flatten();
            let inner = attached.filter(|a| a.pointer("/Network/Spec/Ingress").and_then(Value::as_bool) != Some(true));
            let nets = inner.flat_map(|a| a["Addresses"].as_array().into_iter().flatten());
            task.addresses = nets.filter_map(|n| n.as_str()?.split('/').next()?.parse().ok()).collect();
        }
    }

    fn end(&self, text: &str) -> Result<Endpoint, PathError> {
        magnum_path::resolve(text, &self.facts).map_err(PathError::Wrong)
    }

    /// Every node that the packets may pass.
    fn nodes(&self, from: &Endpoint, to: &Endpoint) -> BTreeSet<String> {
        let backends = to.backends.iter().filter_map(|b| b.node.clone());
        let mut all: BTreeSet<String> = [&from.node, &to.node].into_iter().flatten().cloned().chain(backends).collect();
        if to.sort == Sort::Service {
            // A rule that is out of date may lead anywhere.
            all.extend(self.facts.cluster.members.iter().map(|m| m.name.clone()).take(8));
        }
        all
    }

    /// Captures, probes, and what was seen.
    async fn round(&self, plan: &Plan<'_>) -> Round {
        let mut round = self.open(plan.nonce, plan.nodes, plan.containers, magnum_path::source_ports(plan.nonce), plan.drops).await;
        round.sent = Some(self.send(plan.nonce, plan.from, plan.probes.clone()).await);
        round.probes.clone_from(&plan.probes);
        self.close(plan.nonce, plan.nodes, &mut round).await;
        round
    }

    async fn open(&self, nonce: u32, nodes: &BTreeSet<String>, containers: &[Ipv4Addr], source_ports: Vec<u16>, drops: bool) -> Round {
        let layout = &self.facts.cluster.layout;
        let request = Open {
            nonce,
            containers: containers.to_vec(),
            overlay_ports: layout.overlay_port.into_iter().chain([8472, 4789]).collect::<BTreeSet<u16>>().into_iter().collect(),
            source_ports,
            drops,
            linger_ms: LINGER_MS,
        };
        let opening = nodes.iter().map(|node| async { (node.clone(), self.call::<_, Opened>(node, "open", &request).await) });
        let (opened, filters) = tokio::join!(join_all(opening), self.filters(nodes));
        let filters = filters.into_iter().map(|(node, rules)| (node, (rules, Ruleset::default()))).collect();
        Round { opened: opened.into_iter().collect(), filters, ..Round::default() }
    }

    async fn send(&self, nonce: u32, from: &Endpoint, probes: Vec<Probe>) -> Result<Sent, String> {
        let node = from.node.clone().unwrap_or_default();
        let request = Send { nonce, from: from.container.then_some(from.address), probes };
        let sent: Sent = self.call(&node, "send", &request).await?;
        match sent.blind {
            Some(why) => Err(why),
            None => Ok(sent),
        }
    }

    async fn close(&self, nonce: u32, nodes: &BTreeSet<String>, round: &mut Round) {
        let request = Close { nonce };
        let opened: Vec<&String> = nodes.iter().filter(|n| round.opened.get(*n).is_some_and(Result::is_ok)).collect();
        let closing = opened.into_iter().map(|node| async { (node.clone(), self.call::<_, Closed>(node, "close", &request).await) });
        let (closed, filters) = tokio::join!(join_all(closing), self.filters(nodes));
        round.closed = closed.into_iter().collect();
        for (node, after) in filters {
            if let Some(pair) = round.filters.get_mut(&node) {
                pair.1 = after;
            }
        }
    }

    /// The security groups at the nodes' ports, where this engine can see them.
    async fn filters(&self, nodes: &BTreeSet<String>) -> BTreeMap<String, Ruleset> {
        let one = |node: String| async move {
            let name = node_name(&node).ok()?;
            let looking = tokio::time::timeout(CALL, self.engine.port_filter(self.id, &name));
            let filter = looking.await.ok()?.ok().flatten()?;
            let document = serde_json::from_str(&filter.nft).ok()?;
            Some((node, Ruleset::from_nft_json(&document)))
        };
        join_all(nodes.iter().cloned().map(one)).await.into_iter().flatten().collect()
    }

    async fn ask(&self, questions: Vec<(String, Vec<&'static str>)>) -> BTreeMap<(String, String), String> {
        let one = |(node, argv): (String, Vec<&'static str>)| async move {
            let mut request = Exec::new(argv.iter().copied());
            request.timeout = CALL;
            let done = self.engine.exec(self.id, &node_name(&node).ok()?, request).await.ok()?;
            Some(((node, argv.join(" ")), String::from_utf8_lossy(&done.stdout).into_owned()))
        };
        join_all(questions.into_iter().map(one)).await.into_iter().flatten().collect()
    }

    /// One call of a node's agent.
    async fn call<Q: Serialize, A: DeserializeOwned>(&self, node: &str, word: &str, question: &Q) -> Result<A, String> {
        let mut request = Exec::new(["magnum-agent", "trace", word]);
        request.stdin = serde_json::to_vec(question).map_err(|e| e.to_string())?;
        request.timeout = CALL;
        request.max_output = 16 << 20;
        let done = self.engine.exec(self.id, &node_name(node)?, request).await.map_err(|error| format!("{node}: {error}"))?;
        if done.timed_out {
            return Err(format!("the agent on {node} did not answer within {} s", CALL.as_secs()));
        }
        serde_json::from_slice(&done.stdout).map_err(|error| {
            let said = String::from_utf8_lossy(&done.stderr);
            let last = said.lines().rev().find(|l| !l.trim().is_empty()).map(str::to_owned);
            format!("the agent on {node}: {}", last.unwrap_or_else(|| error.to_string()))
        })
    }
}
