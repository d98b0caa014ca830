// SPDX-License-Identifier: Apache-2.0
//! Symptoms: what a user would call "broken", whoever is to blame. A symptom that no finding reaches keeps a report
//! from calling the cluster healthy.

use crate::judge::Book;
use crate::report::Unexplained;
use crate::verdict::{Finding, Kind, Subject};
use jiff::Timestamp;
use magnum_facts::coe::ContainerState;
use magnum_facts::{Citation, Facts, MemberView, Reach, StepView};
use magnum_stages::{BOOT, Judgement, NodeHistory, Pace, Report, Scene, Standing, Usual, judge};
use magnum_types::{Coe, Phase, Role};

/// How long a pod may take to start before that is a symptom, in seconds.
const PATIENCE: i64 = 120;

/// How long a service may be without endpoints when pods for it are ready, in seconds.
const ENDPOINTS_PATIENCE: i64 = 20;

struct Symptom {
    subject: Subject,
    /// The COE's API does not answer this machine.
    of_api: bool,
    text: String,
    evidence: Vec<Citation>,
}

impl Symptom {
    fn new(subject: Subject, text: String, evidence: Vec<Citation>) -> Self {
        Self { subject, of_api: false, text, evidence }
    }
}

/// Symptoms that none of `told` reaches.
pub(crate) fn unexplained(facts: &Facts, told: &[&Finding], book: &mut Book) -> Vec<Unexplained> {
    let mut all = Vec::new();
    // A failed create has whatever reason was found.
    if !told.iter().any(|f| f.kind == Kind::Cause) {
        cluster_failed(facts, &mut all);
    }
    api_unreachable(facts, &mut all);
    nodes_not_ready(facts, &mut all);
    pods_stuck(facts, &mut all);
    services_without_endpoints(facts, &mut all);
    overlay_dead(facts, &mut all);
    swarm_nodes(facts, &mut all);
    let below = |s: &Symptom, f: &Finding| s.subject != Subject::Cluster && s.subject.touches(&f.subject);
    let fits = |s: &Symptom, f: &Finding| (f.reaches(&s.subject) || below(s, f)) && !(s.of_api && f.spares_api);
    let blamed = |s: &Symptom| told.iter().any(|f| f.kind != Kind::Warning && fits(s, f));
    // A node that is still coming up, or is being made again, cannot be expected to work.
    let coming: Vec<Subject> = facts.cluster.members.iter().filter(|m| !m.came_up()).map(|m| Subject::node(&m.name)).collect();
    all.retain(|s| !blamed(s) && !coming.iter().any(|node| node.touches(&s.subject)));
    let mut hung = Vec::new();
    nodes_hung(facts, &mut hung);
    all.extend(hung.into_iter().filter(|s| !blamed(s)));
    all.into_iter().map(|s| Unexplained { subject: s.subject, text: s.text, evidence: book.cite(&s.evidence) }).collect()
}

fn cluster_failed(facts: &Facts, all: &mut Vec<Symptom>) {
    let c = &facts.cluster;
    if c.status.phase() == Phase::Failed {
        let text = format!("the cluster is {}: {}", c.status, c.status_reason);
        all.push(Symptom::new(Subject::Cluster, text, vec![c.cite("status", format!("{} {}", c.status, c.status_reason))]));
    }
}

/// A node that is coming up may take its time, but the stage clock knows when it hangs.
fn nodes_hung(facts: &Facts, all: &mut Vec<Symptom>) {
    let c = &facts.cluster;
    let Some(judgement) = clock(facts) else { return };
    for node in judgement.hung() {
        let (text, member) = (node.sentence(judgement.at), c.members.iter().position(|m| m.name == node.name));
        let pointer = format!("members/{}/steps", member.unwrap_or_default());
        let evidence = vec![c.cite(pointer, text.clone())];
        all.push(Symptom::new(Subject::node(&node.name), text, evidence));
    }
}

/// Nodes that have said nothing yet, and need not have: that they cannot be looked at raises no doubt, as they may not
/// even be there.
pub(crate) fn being_made(facts: &Facts) -> Vec<Subject> {
    let judgement = clock(facts);
    let silent = judgement.iter().flat_map(|j| &j.nodes).filter(|node| node.stage == BOOT && node.pace != Pace::Hung);
    silent.map(|node| Subject::node(&node.name)).collect()
}

/// What the stage clock says of the nodes; None when nothing is being done to the cluster.
fn clock(facts: &Facts) -> Option<Judgement> {
    let c = &facts.cluster;
    let began = c.created_at.filter(|_| c.status.phase() == Phase::InProgress)?;
    // Without a report and without a beginning there is no clock.
    let timed = |m: &&MemberView| !m.stopped_on_purpose && (!m.steps.is_empty() || m.started_at.is_some());
    let nodes: Vec<NodeHistory> = c.members.iter().filter(timed).map(history).collect();
    let usual = Usual::built_in(c.coe);
    Some(judge(&Scene { coe: c.coe, nodes: &nodes, began, deadline: None, now: facts.taken_at, usual: &usual }))
}

fn history(member: &MemberView) -> NodeHistory {
    let report = |s: &StepView| Report {
        step: s.step.clone(),
        state: s.state,
        detail: s.detail.clone(),
        at: s.at,
        took_ms: s.duration_ms.and_then(|ms| i64::try_from(ms).ok()),
    };
    let standing = match member.came_up() {
        true => Standing::Ready,
        false if member.failed_step().is_some() => Standing::Failed,
        false => Standing::Coming,
    };
    let (started_at, reports) = (member.started_at, member.steps.iter().map(report).collect());
    NodeHistory { name: member.name.clone(), role: member.role, standing, started_at, ready_at: None, reports }
}

/// Before the masters are up, nobody can expect an answer.
fn api_unreachable(facts: &Facts, all: &mut Vec<Symptom>) {
    let masters_up = facts.cluster.members.iter().all(|m| m.role != Role::Master || m.came_up());
    let Ok(Some(api)) = facts.probes.api.look() else { return };
    let how = match api.value {
        Reach::Connected | Reach::Tls { .. } => return,
        Reach::Refused => "refuses connections",
        Reach::TimedOut => "does not answer",
        Reach::NoRoute => "cannot be reached",
        Reach::Other { .. } => "cannot be connected to",
    };
    if masters_up {
        let address = facts.cluster.api_address.clone().unwrap_or_default();
        let evidence = vec![api.cite(address.clone(), how)];
        let text = format!("the API's address {address} {how} from this machine");
        all.push(Symptom { of_api: true, ..Symptom::new(Subject::Cluster, text, evidence) });
    }
}

fn nodes_not_ready(facts: &Facts, all: &mut Vec<Symptom>) {
    if facts.cluster.coe != Coe::Kubernetes {
        return;
    }
    let Ok(Some(nodes)) = facts.kubernetes.nodes.look() else { return };
    for node in nodes.value.iter().filter(|n| !n.is_ready()) {
        let (status, message) = node.condition("Ready").map_or(("absent", ""), |c| (c.status.as_str(), c.message.as_str()));
        let quote = format!("Ready={status} {message}");
        let evidence = vec![nodes.cite(node.name.clone(), quote.trim_end())];
        all.push(Symptom::new(Subject::node(&node.name), format!("node {} is not ready: {message}", node.name), evidence));
    }
    for member in facts.cluster.members.iter().filter(|m| m.came_up() && !nodes.value.iter().any(|n| n.name == m.name)) {
        let evidence = vec![nodes.cite(member.name.clone(), "no such node")];
        let text = format!("{} is not a node of the Kubernetes cluster", member.name);
        all.push(Symptom::new(Subject::node(&member.name), text, evidence));
    }
}

fn pods_stuck(facts: &Facts, all: &mut Vec<Symptom>) {
    let Ok(Some(pods)) = facts.kubernetes.pods.look() else { return };
    for pod in
        pods.value.iter().filter(|p| p.deleting_since.is_none() && !matches!(p.phase.as_str(), "Succeeded" | "Failed") && !p.is_ready())
    {
        let age = pod.created.map_or(0, |t| facts.taken_at.as_second() - t.as_second());
        if age < PATIENCE {
            continue;
        }
        let waiting = pod.all_containers().find_map(|c| match &c.state {
            Some(ContainerState::Waiting { reason, .. }) => Some(format!("{} waits: {reason}", c.name)),
            Some(ContainerState::Terminated { reason, exit_code, .. }) => Some(format!("{} ended: {reason}, exit {exit_code}", c.name)),
            _ => None,
        });
        let unschedulable = pod.condition("PodScheduled").filter(|c| c.status == "False").map(|c| c.message.clone());
        let detail = unschedulable.or(waiting).unwrap_or_else(|| pod.phase.clone());
        let subject = Subject::Object { what: "pod".into(), name: pod.path(), nodes: pod.node.clone().into_iter().collect() };
        let text = format!("pod {} is not ready after {age} s: {detail}", pod.path());
        all.push(Symptom::new(subject, text, vec![pods.cite(pod.path(), detail)]));
    }
}

fn services_without_endpoints(facts: &Facts, all: &mut Vec<Symptom>) {
    for Unserved { name, nodes, text, evidence } in unserved(facts) {
        all.push(Symptom::new(Subject::Object { what: "service".into(), name, nodes }, text, evidence));
    }
}

/// A service that leads nowhere although pods for it are ready.
pub(crate) struct Unserved {
    /// `namespace/name`.
    pub(crate) name: String,
    pub(crate) nodes: Vec<String>,
    pub(crate) text: String,
    pub(crate) evidence: Vec<Citation>,
}

/// The controller manager writes a service's endpoints at once; while it does not, new services lead nowhere.
pub(crate) fn unserved(facts: &Facts) -> Vec<Unserved> {
    let k = &facts.kubernetes;
    let (Ok(Some(services)), Ok(Some(endpoints)), Ok(Some(pods))) = (k.services.look(), k.endpoints.look(), k.pods.look()) else {
        return Vec::new();
    };
    let age = |since: Option<Timestamp>| since.map_or(0, |t| facts.taken_at.as_second() - t.as_second());
    let mut all = Vec::new();
    for service in services.value.iter().filter(|s| !s.selector.is_empty() && s.kind != "ExternalName") {
        let listed = endpoints.value.iter().find(|e| e.namespace == service.namespace && e.name == service.name);
        if listed.is_some_and(|e| !e.ready.is_empty() || !e.not_ready.is_empty()) {
            continue;
        }
        let ready: Vec<_> = pods.value.iter().filter(|p| service.selects(p) && p.is_ready()).collect();
        let Some(longest) = ready.iter().map(|p| age(p.condition("Ready").and_then(|c| c.since).or(p.created))).max() else { continue };
        let seconds = longest.min(age(service.created));
        if seconds < ENDPOINTS_PATIENCE {
            continue;
        }
        let name = format!("{}/{}", service.namespace, service.name);
        let quote = if listed.is_some() { "no addresses" } else { "no endpoints object" };
        let evidence = [endpoints.cite(name.clone(), quote)].into_iter().chain(ready.first().map(|p| pods.cite(p.path(), "ready")));
        all.push(Unserved {
            text: format!("the service {name} has had no endpoints for {seconds} s, although {} of its pods are ready", ready.len()),
            nodes: ready.iter().filter_map(|p| p.node.clone()).collect(),
            evidence: evidence.collect(),
            name,
        });
    }
    all
}

fn overlay_dead(facts: &Facts, all: &mut Vec<Symptom>) {
    let Ok(Some(pairs)) = facts.probes.overlay.look() else { return };
    for pair in pairs.value.iter().filter(|p| p.is_dead()) {
        let quote = format!("{} sent, {} answered", pair.sent, pair.received);
        let nodes = vec![pair.from.clone(), pair.to.clone()];
        let subject = Subject::Object { what: "overlay path".into(), name: format!("{} to {}", pair.from, pair.to), nodes };
        let text = format!("nothing gets through the overlay from {} to {}", pair.from, pair.to);
        all.push(Symptom::new(subject, text, vec![pairs.cite(format!("{} -> {}", pair.from, pair.address), quote)]));
    }
}

fn swarm_nodes(facts: &Facts, all: &mut Vec<Symptom>) {
    let Ok(Some(nodes)) = facts.swarm.nodes.look() else { return };
    // One that is just joining has no name yet.
    for node in nodes.value.iter().filter(|n| n.state != "ready" && !n.hostname.is_empty()) {
        let evidence = vec![nodes.cite(node.hostname.clone(), format!("{} {}", node.state, node.message).trim_end())];
        let text = format!("swarm node {} is {}", node.hostname, node.state);
        all.push(Symptom::new(Subject::node(&node.hostname), text, evidence));
    }
}
