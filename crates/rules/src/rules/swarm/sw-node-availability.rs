// SPDX-License-Identifier: Apache-2.0
//! A service cannot run because nodes were taken out of service.
//!
//! ## What you see
//! Tasks stay `Pending` with "no suitable node (... not available for new tasks)"; `docker node ls` shows `Drain` or `Pause` for nodes that are
//! `Ready`.
//!
//! ## Why it happens
//! Somebody drained or paused nodes for maintenance and did not put them back, or too many at once. That is no fault while the other nodes can
//! take the tasks; here they cannot.
//!
//! ## What to do
//! `docker node update --availability active` for the nodes, when their maintenance is over.

use crate::fixture::{Scene, swarm};
use crate::report::{Command, Risk};
use crate::{Act, CoeKind, Finding, Layer, Rule, Subject, Verdict, blind, fires, need, quiet};
use magnum_facts::coe::{SwarmFacts, SwarmNode, SwarmService, SwarmTask};
use magnum_facts::{Citation, Facts};

pub static RULE: Rule = Rule {
    id: "sw-node-availability",
    layer: Layer::Swarm,
    coe: CoeKind::Swarm,
    guide: "L53, L399",
    symptoms: &["S8"],
    needs: &[SwarmFacts::TASKS, SwarmFacts::NODES],
    explains: &["sw-task-no-node"],
    not_if: &[],
    set_so: true,
    check,
    cases: &[
        fires("all nodes are drained", || drained(&["master-0", "node-0", "node-1"], "3 nodes not available for new tasks")),
        quiet("one node is drained, the others take its tasks", || {
            drained(&["node-1"], "").with(|f| f.swarm.tasks.value_mut().into_iter().for_each(Vec::clear))
        }),
        quiet("a node is down, none is drained", || {
            drained(&[], "1 node not available for new tasks").not_ready("node-1", "").power_off("node-1")
        }),
        blind("no manager answers", || swarm(1, 2).api_dark()),
    ],
    inject: &[
        Act::On { node: "master-0", argv: &["docker", "node", "update", "--availability", "drain", "node-1"] },
        Act::On {
            node: "master-0",
            argv: &[
                "docker",
                "service",
                "create",
                "-d",
                "--no-resolve-image",
                "--name",
                "pinned",
                "--constraint",
                "node.hostname==node-1",
                "busybox:1.35",
                "sleep",
                "1000",
            ],
        },
    ],
    undo: &[
        Act::On { node: "master-0", argv: &["docker", "service", "rm", "pinned"] },
        Act::On { node: "master-0", argv: &["docker", "node", "update", "--availability", "active", "node-1"] },
    ],
    ..Rule::BASE
};

fn drained(names: &[&str], filter: &str) -> Scene {
    swarm(1, 2).with(|f| {
        for node in f.swarm.nodes.value_mut().into_iter().flatten().filter(|n| names.contains(&n.hostname.as_str())) {
            node.availability = "drain".into();
        }
        let service = SwarmService { id: "s1".into(), name: "db".into(), desired: 1, ..SwarmService::default() };
        f.swarm.services.value_mut().into_iter().for_each(|all| all.push(service.clone()));
        let error = if filter.is_empty() { String::new() } else { format!("no suitable node ({filter})") };
        let (state, desired) = ("pending".into(), "running".into());
        let task = SwarmTask { id: "t1".into(), service: "db".into(), state, desired, error, ..SwarmTask::default() };
        f.swarm.tasks.value_mut().into_iter().for_each(|all| all.push(task.clone()));
    })
}

fn check(facts: &Facts) -> Verdict {
    let (tasks, nodes) = match (need(&facts.swarm.tasks, SwarmFacts::TASKS), need(&facts.swarm.nodes, SwarmFacts::NODES)) {
        (Ok(tasks), Ok(nodes)) => (tasks, nodes),
        (Err(stop), _) | (_, Err(stop)) => return Verdict::cluster(Err(stop)),
    };
    let away: Vec<&SwarmNode> = nodes.value.iter().filter(|n| n.state == "ready" && n.availability != "active").collect();
    let mut verdict = Verdict::default();
    let mut told: Vec<&str> = Vec::new();
    let waits = |t: &&SwarmTask| t.state == "pending" && t.desired == "running" && t.error.contains("not available for new tasks");
    for task in tasks.value.iter().filter(|t| waits(t) && !away.is_empty()) {
        if told.contains(&task.service.as_str()) {
            continue;
        }
        told.push(&task.service);
        let names: Vec<&str> = away.iter().map(|n| n.hostname.as_str()).collect();
        let quotes: Vec<Citation> = away.iter().map(|n| nodes.cite(n.hostname.clone(), n.availability.clone())).collect();
        let error = task.error.trim_matches('"');
        let subject = Subject::Object { what: "service".into(), name: task.service.clone(), nodes: Vec::new() };
        let summary = format!("The service {} waits for nodes that were taken out of service: {}.", task.service, names.join(", "));
        let finding = Finding::cause(subject.clone(), summary)
            .because("they are healthy, but not active", quotes)
            .because("the scheduler skips them", [tasks.cite(task.id.clone(), error)])
            .fix("Make them active again when their maintenance is over, or let the service run elsewhere.")
            .run(Command::new(Risk::ChangesCluster, format!("docker node update --availability active {}", names.first().unwrap_or(&""))));
        verdict.add(subject, Ok(finding));
    }
    verdict
}
