// SPDX-License-Identifier: Apache-2.0
//! A service's tasks wait for a node that fits them.
//!
//! ## What you see
//! `docker service ls` shows fewer replicas than wanted; `docker service ps` shows tasks `Pending` with "no suitable node (...)".
//!
//! ## Why it happens
//! The text says which filter took out how many nodes: "scheduling constraints not satisfied" (no node has the label or role), "insufficient
//! resources" (more CPUs or memory are reserved than any node has left), "host-mode port already in use", "max replicas per node limit
//! exceed", "unsupported platform", "missing plugin".
//!
//! ## What to do
//! Correct the constraint or label a node, lower the reservation or add a node, free the port.

use crate::fixture::{Scene, swarm};
use crate::report::{Command, Risk};
use crate::{Act, CoeKind, Finding, Layer, Rule, Subject, Verdict, blind, fires, need, quiet};
use magnum_facts::Facts;
use magnum_facts::coe::{SwarmFacts, SwarmService, SwarmTask};

pub static RULE: Rule = Rule {
    id: "sw-task-no-node",
    layer: Layer::Swarm,
    coe: CoeKind::Swarm,
    guide: "L53, L399",
    symptoms: &["S8"],
    needs: &[SwarmFacts::TASKS, SwarmFacts::SERVICES, SwarmFacts::NODES],
    explains: &[],
    not_if: &["sw-node-availability", "sw-quorum-lost"],
    set_so: true,
    check,
    cases: &[
        fires("a constraint that no node meets", || pending("no suitable node (scheduling constraints not satisfied on 3 nodes)")),
        fires("more than any node has", || pending("no suitable node (insufficient resources on 3 nodes)")),
        quiet("just made", || pending("")),
        blind("no manager answers", || swarm(1, 2).api_dark()),
    ],
    inject: &[Act::On {
        node: "master-0",
        argv: &[
            "docker",
            "service",
            "create",
            "-d",
            "--no-resolve-image",
            "--name",
            "nowhere",
            "--constraint",
            "node.labels.disk==ssd",
            "busybox:1.35",
            "sleep",
            "1000",
        ],
    }],
    undo: &[Act::On { node: "master-0", argv: &["docker", "service", "rm", "nowhere"] }],
    ..Rule::BASE
};

fn pending(error: &str) -> Scene {
    swarm(1, 2).with(|f| {
        let constraints = vec!["node.labels.disk==ssd".to_owned()];
        let service = SwarmService {
            id: "s1".into(),
            name: "db".into(),
            mode: "replicated".into(),
            desired: 1,
            constraints,
            ..SwarmService::default()
        };
        f.swarm.services.value_mut().into_iter().for_each(|all| all.push(service.clone()));
        let (state, desired) = ("pending".into(), "running".into());
        let task = SwarmTask { id: "t1".into(), service: "db".into(), state, desired, error: error.into(), ..SwarmTask::default() };
        f.swarm.tasks.value_mut().into_iter().for_each(|all| all.push(task.clone()));
    })
}

/// What mends each filter's refusal.
const WAYS: &[(&str, &str)] = &[
    ("scheduling constraints", "Correct the service's constraints, or label a node so that it meets them."),
    ("insufficient resources", "Lower what the service reserves, or add nodes that have it."),
    ("port", "Free the published port on a node, or publish another."),
    ("max replicas", "Raise the limit of replicas a node, or add nodes."),
    ("platform", "Use an image for the nodes' platform."),
    ("plugin", "Install the volume, network or log plugin on a node."),
];

fn check(facts: &Facts) -> Verdict {
    let tasks = match need(&facts.swarm.tasks, SwarmFacts::TASKS) {
        Ok(tasks) => tasks,
        Err(stop) => return Verdict::cluster(Err(stop)),
    };
    let mut verdict = Verdict::default();
    let mut told: Vec<&str> = Vec::new();
    let waits = |t: &&SwarmTask| t.state == "pending" && t.desired == "running" && t.error.contains("no suitable node");
    // Nodes that take no tasks are another fault.
    if tasks.value.iter().any(|t| waits(&t))
        && let Err(stop) = need(&facts.swarm.nodes, SwarmFacts::NODES)
    {
        return Verdict::cluster(Err(stop));
    }
    for task in tasks.value.iter().filter(waits) {
        if told.contains(&task.service.as_str()) {
            continue;
        }
        told.push(&task.service);
        let same = tasks.value.iter().filter(|t| waits(t) && t.service == task.service).count();
        let error = task.error.trim_matches('"');
        let subject = Subject::Object { what: "service".into(), name: task.service.clone(), nodes: Vec::new() };
        let way = WAYS.iter().find(|(word, _)| error.contains(word)).map_or("See which filter refuses how many nodes.", |(_, way)| way);
        let mut finding = Finding::cause(subject.clone(), format!("No node fits {same} tasks of the service {}: {error}.", task.service))
            .because("the scheduler says so", [tasks.cite(task.id.clone(), error)]);
        if let Ok(Some(services)) = facts.swarm.services.look()
            && let Some(service) = services.value.iter().find(|s| s.name == task.service && !s.constraints.is_empty())
        {
            let text = service.constraints.join(", ");
            finding = finding.because(format!("the service wants {text}"), [services.cite(service.name.clone(), text)]);
        }
        let ask = format!("docker service ps --no-trunc {}", task.service);
        verdict.add(subject, Ok(finding.fix(way).run(Command::new(Risk::ReadOnly, ask))));
    }
    verdict
}
