// SPDX-License-Identifier: Apache-2.0
//! A service's tasks end as soon as a node has taken them.
//!
//! ## What you see
//! `docker service ls` shows fewer replicas than wanted, for ever; `docker service ps` shows one task after the other `Rejected` or `Failed`.
//!
//! ## Why it happens
//! The task's error says it: "No such image" (the node cannot pull it), "bind source path does not exist", "starting container failed" (no such
//! program, no such device), "non-zero exit" (the program itself ends), "network ... not found".
//!
//! ## What to do
//! Mend what the error names, then `docker service update --force`.

use crate::fixture::{Scene, swarm};
use crate::report::{Command, Risk};
use crate::{Act, CoeKind, Finding, Layer, Rule, Subject, Verdict, blind, fires, need, quiet};
use magnum_facts::Facts;
use magnum_facts::coe::{SwarmFacts, SwarmService, SwarmTask};

pub static RULE: Rule = Rule {
    id: "sw-task-rejected",
    layer: Layer::Swarm,
    coe: CoeKind::Swarm,
    guide: "L53, L399",
    symptoms: &["S8", "S19"],
    needs: &[SwarmFacts::TASKS, SwarmFacts::SERVICES],
    explains: &[],
    not_if: &["sw-quorum-lost"],
    check,
    cases: &[
        fires("a folder to mount is not there", || ended("rejected", "bind source path does not exist: /data", 0)),
        fires("the program ends", || ended("failed", "task: non-zero exit (3)", 0)),
        quiet("failed once, runs now", || ended("failed", "task: non-zero exit (3)", 1)),
        quiet("its node was lost", || ended("shutdown", "", 0)),
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
            "unmountable",
            "--mount",
            "type=bind,src=/no/such/folder,dst=/data",
            "busybox:1.35",
            "sleep",
            "1000",
        ],
    }],
    undo: &[Act::On { node: "master-0", argv: &["docker", "service", "rm", "unmountable"] }],
    ..Rule::BASE
};

fn ended(state: &str, error: &str, running: u32) -> Scene {
    swarm(1, 2).with(|f| {
        let service = SwarmService { id: "s1".into(), name: "db".into(), running, desired: 1, ..SwarmService::default() };
        f.swarm.services.value_mut().into_iter().for_each(|all| all.push(service.clone()));
        let (state, error) = (state.into(), error.into());
        let task = SwarmTask { id: "t1".into(), service: "db".into(), node: "node-0".into(), state, error, ..SwarmTask::default() };
        f.swarm.tasks.value_mut().into_iter().for_each(|all| all.push(task.clone()));
    })
}

const WAYS: &[(&str, &str)] = &[
    ("No such image", "Push the image where the nodes can pull it, or correct its name; private registries need --with-registry-auth."),
    ("bind source path", "Make the folder on every node the service may run on, or use a volume."),
    ("non-zero exit", "The program itself ends: read docker service logs."),
    ("starting container failed", "Correct the command, or what the container needs of the node."),
    ("network", "Make the network anew, or correct its name."),
];

fn check(facts: &Facts) -> Verdict {
    let (tasks, services) = match (need(&facts.swarm.tasks, SwarmFacts::TASKS), need(&facts.swarm.services, SwarmFacts::SERVICES)) {
        (Ok(tasks), Ok(services)) => (tasks, services),
        (Err(stop), _) | (_, Err(stop)) => return Verdict::cluster(Err(stop)),
    };
    let mut verdict = Verdict::default();
    let bad = |t: &&SwarmTask| matches!(t.state.as_str(), "rejected" | "failed") && !t.error.is_empty();
    for service in services.value.iter().filter(|s| s.running < s.desired) {
        let of_it: Vec<&SwarmTask> = tasks.value.iter().filter(|t| bad(t) && t.service == service.name).collect();
        let Some(newest) = of_it.first() else { continue };
        let error = newest.error.trim_matches('"');
        let way = WAYS.iter().find(|(word, _)| error.contains(word)).map_or("Mend what the error names.", |(_, way)| way);
        let subject = Subject::Object { what: "service".into(), name: service.name.clone(), nodes: Vec::new() };
        let summary = format!("The tasks of the service {} end as soon as they begin: {error}.", service.name);
        let quote = format!("{} on {}: {error}", newest.state, newest.node);
        let finding = Finding::cause(subject.clone(), summary)
            .because(format!("{} of its tasks ended so", of_it.len()), [tasks.cite(newest.id.clone(), quote)])
            .because(
                format!("{} of {} tasks run", service.running, service.desired),
                [services.cite(service.name.clone(), format!("{}/{}", service.running, service.desired))],
            )
            .fix(way)
            .run(Command::new(Risk::ReadOnly, format!("docker service ps --no-trunc {}", service.name)));
        verdict.add(subject, Ok(finding));
    }
    verdict
}
