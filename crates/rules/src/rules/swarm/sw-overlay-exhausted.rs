// SPDX-License-Identifier: Apache-2.0
//! An overlay network has no address left for a service's tasks.
//!
//! ## What you see
//! Tasks stay `New` without any error in `docker service ps`; the leader's journal says "could not find an available IP".
//!
//! ## Why it happens
//! Every task takes an address, and so does each node that has a task, and each service with a virtual address. A small `--subnet` (/28, /29) is
//! used up soon; the default is a /24.
//!
//! ## What to do
//! Make a larger network and move the services to it, or lower the replicas.

use crate::fixture::{Scene, swarm};
use crate::journal::fresh_line;
use crate::report::{Command, Risk};
use crate::{Act, CoeKind, Finding, Layer, NodeAsk, Rule, Subject, Verdict, blind, fires, need, quiet};
use magnum_facts::coe::{SwarmFacts, SwarmNetwork, SwarmService, SwarmTask};
use magnum_facts::{Citation, Facts};

pub static RULE: Rule = Rule {
    id: "sw-overlay-exhausted",
    layer: Layer::Swarm,
    coe: CoeKind::Swarm,
    guide: "L53, L399",
    symptoms: &["S8"],
    needs: &[SwarmFacts::TASKS, SwarmFacts::SERVICES, SwarmFacts::NETWORKS],
    explains: &["sw-task-*"],
    not_if: &["sw-quorum-lost"],
    check,
    cases: &[
        fires("ten tasks in a /29", || small("10.77.0.0/29", 10, "new")),
        quiet("ten tasks in a /24, just made", || small("10.77.0.0/24", 10, "new")),
        quiet("ten tasks wait for a node", || small("10.77.0.0/29", 10, "pending")),
        blind("no manager answers", || swarm(1, 2).api_dark()),
    ],
    inject: &[
        Act::On { node: "master-0", argv: &["docker", "network", "create", "-d", "overlay", "--subnet", "10.77.0.0/29", "small"] },
        Act::On {
            node: "master-0",
            argv: &[
                "docker",
                "service",
                "create",
                "-d",
                "--no-resolve-image",
                "--name",
                "many",
                "--endpoint-mode",
                "dnsrr",
                "--network",
                "small",
                "--replicas",
                "10",
                "busybox:1.35",
                "sleep",
                "1000",
            ],
        },
    ],
    undo: &[
        Act::On { node: "master-0", argv: &["docker", "service", "rm", "many"] },
        Act::Until { node: "master-0", argv: &["bash", "-c", "docker network rm small || ! docker network inspect small"], seconds: 40 },
    ],
    ..Rule::BASE
};

fn small(subnet: &str, replicas: u32, state: &str) -> Scene {
    let subnets = subnet.parse().into_iter().collect();
    swarm(1, 2).with(|f| {
        let network = SwarmNetwork { id: "n1".into(), name: "back".into(), subnets, ..SwarmNetwork::default() };
        f.swarm.networks.value_mut().into_iter().for_each(|all| all.push(network.clone()));
        let networks = vec!["n1".to_owned()];
        let service = SwarmService { id: "s1".into(), name: "db".into(), desired: replicas, networks, ..SwarmService::default() };
        f.swarm.services.value_mut().into_iter().for_each(|all| all.push(service.clone()));
        let (state, desired) = (state.to_owned(), "running".to_owned());
        let task = SwarmTask { id: "t1".into(), service: "db".into(), state, desired, ..SwarmTask::default() };
        f.swarm.tasks.value_mut().into_iter().for_each(|all| all.push(task.clone()));
    })
}

/// The leader says that it has no address to give.
fn words(facts: &Facts) -> Option<Citation> {
    facts.cluster.masters().find_map(|m| {
        let unit = NodeAsk::of(facts, m)?.unit("docker").ok()?;
        let line = fresh_line(&unit, |l| l.contains("could not find an available IP"))?;
        Some(unit.cite("docker.log", line))
    })
}

fn check(facts: &Facts) -> Verdict {
    let tasks = need(&facts.swarm.tasks, SwarmFacts::TASKS);
    let services = need(&facts.swarm.services, SwarmFacts::SERVICES);
    let networks = need(&facts.swarm.networks, SwarmFacts::NETWORKS);
    let (tasks, services, networks) = match (tasks, services, networks) {
        (Ok(tasks), Ok(services), Ok(networks)) => (tasks, services, networks),
        (Err(stop), ..) | (_, Err(stop), _) | (.., Err(stop)) => return Verdict::cluster(Err(stop)),
    };
    let mut verdict = Verdict::default();
    for network in networks.value {
        let on_it = || services.value.iter().filter(|s| s.networks.contains(&network.id));
        let wanted: usize = on_it().map(|s| s.desired as usize).sum();
        // The network's own address, its broadcast and the gateway belong to nobody.
        let room: usize = network.subnets.iter().map(|net| net.hosts().count().saturating_sub(1)).sum();
        let waiting: Vec<&SwarmTask> =
            tasks.value.iter().filter(|t| t.state == "new" && t.desired == "running" && on_it().any(|s| s.name == t.service)).collect();
        let (Some(first), true) = (waiting.first(), wanted + facts.cluster.members.len() > room) else { continue };
        let subject = Subject::Object { what: "network".into(), name: network.name.clone(), nodes: Vec::new() };
        let subnet = network.subnets.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let quotes = on_it().map(|s| services.cite(s.name.clone(), format!("{}/{} replicas", s.running, s.desired)));
        let summary = format!("The overlay network {} has no address left: {} tasks wait for one.", network.name, waiting.len());
        let finding = Finding::cause(subject.clone(), summary)
            .because(format!("{subnet} has room for {room} addresses"), [networks.cite(network.name.clone(), subnet)])
            .because(format!("its services want {wanted}, and each node that runs one takes one more"), quotes)
            .because(
                format!("the tasks of {} stay new", first.service),
                [tasks.cite(first.id.clone(), format!("{}, wanted {}", first.state, first.desired))],
            )
            .because_if(words(facts).map(|citation| ("the leader says so".to_owned(), citation)))
            .fix("Make a network with a larger subnet and move the services to it, or lower their replicas.")
            .run(Command::new(Risk::ReadOnly, format!("docker network inspect {}", network.name)))
            .run(Command::new(Risk::ChangesCluster, format!("docker network create -d overlay --subnet LARGER-SUBNET {}-2", network.name)));
        verdict.add(subject, Ok(finding));
    }
    verdict
}
