// SPDX-License-Identifier: Apache-2.0
//! The swarm as its managers see it. Every manager is asked for its own state; the first that can lists the rest.

use crate::collector::{Collector, Context, Patch, Stage};
use crate::node::output;
use crate::parse::text;
use futures::future::join_all;
use magnum_facts::coe::{SwarmFacts, SwarmManager, SwarmNode, SwarmService, SwarmState, SwarmTask};
use magnum_facts::{Fact, Scope, Vantage, Why, WhyKind};
use magnum_types::{Coe, NodeName, Role};
use serde_json::Value;
use std::time::Duration;

pub static COLLECTOR: Collector = Collector {
    name: "swarm-exec",
    provides: SwarmFacts::TOPICS,
    vantage: Vantage::CoeApi,
    scope: Scope::Cluster,
    stage: Stage::Shallow,
    budget: Duration::from_secs(4),
    fits: Coe::is_swarm,
    announce: None,
    run: |context| Box::pin(run(context)),
};

const LIMIT: Duration = Duration::from_millis(1800);

async fn run(context: Context) -> Result<Patch, Why> {
    let masters = context.world.cluster.members.iter().filter(|m| m.role == Role::Master);
    let names: Vec<NodeName> = masters.filter_map(|m| NodeName::parse(&m.name).ok()).collect();
    let answers = join_all(names.iter().map(|n| manager(&context, n))).await;
    let mut last = Why::new(WhyKind::Unreachable, "the cluster has no manager");
    let mut managers = Vec::new();
    for answer in answers {
        match answer {
            Ok(manager) => managers.push(manager),
            Err(why) => last = why,
        }
    }
    let leading = managers.iter().find(|m| m.control_available).and_then(|m| NodeName::parse(&m.node).ok());
    if managers.is_empty() {
        return Err(last);
    }
    let source = |id: &str, what: &str| context.source(&format!("swarm/{id}"), what, Vantage::CoeApi);
    let mut facts = SwarmFacts { state: Fact::seen(SwarmState { managers }, source("state", "docker info")), ..SwarmFacts::default() };
    if let Some(manager) = leading {
        let (nodes, services) = tokio::join!(rows(&context, &manager, &["node", "ls"]), rows(&context, &manager, &["service", "ls"]));
        facts.nodes =
            nodes.map_or_else(Fact::NotLooked, |rows| Fact::seen(rows.iter().map(node).collect(), source("nodes", "docker node ls")));
        let services = services.map(|rows| rows.iter().map(service).collect::<Vec<_>>());
        facts.tasks = match &services {
            Ok(all) => {
                tasks(&context, &manager, all).await.map_or_else(Fact::NotLooked, |t| Fact::seen(t, source("tasks", "docker service ps")))
            }
            Err(why) => Fact::NotLooked(why.clone()),
        };
        facts.services = services.map_or_else(Fact::NotLooked, |s| Fact::seen(s, source("services", "docker service ls")));
    }
    Ok(Box::new(move |all| {
        all.swarm = facts;
        let why = Why::new(WhyKind::Unreachable, "no manager has control of the swarm");
        SwarmFacts::TOPICS.iter().for_each(|topic| all.blind(*topic, None, &why));
    }))
}

async fn manager(context: &Context, node: &NodeName) -> Result<SwarmManager, Why> {
    let answer = output(context, node, &["docker", "info", "--format", "{{json .Swarm}}"], LIMIT).await?;
    let value: Value = serde_json::from_str(answer.trim()).unwrap_or_default();
    let number = |key: &str| value.get(key).and_then(Value::as_u64).and_then(|n| u32::try_from(n).ok()).unwrap_or(0);
    Ok(SwarmManager {
        node: node.to_string(),
        local_state: text(&value, "LocalNodeState").to_owned(),
        error: text(&value, "Error").to_owned(),
        control_available: value.get("ControlAvailable").and_then(Value::as_bool).unwrap_or(false),
        managers: number("Managers"),
        nodes: number("Nodes"),
    })
}

/// The rows of a list, one JSON object per line.
async fn rows(context: &Context, manager: &NodeName, words: &[&str]) -> Result<Vec<Value>, Why> {
    let argv: Vec<&str> = [&["docker"], words, &["--format", "{{json .}}"]].concat();
    let answer = output(context, manager, &argv, LIMIT).await?;
    Ok(answer.lines().filter_map(|line| serde_json::from_str(line).ok()).collect())
}

fn node(row: &Value) -> SwarmNode {
    let status = text(row, "ManagerStatus");
    SwarmNode {
        id: text(row, "ID").to_owned(),
        hostname: text(row, "Hostname").to_owned(),
        state: text(row, "Status").to_lowercase(),
        message: String::new(),
        availability: text(row, "Availability").to_lowercase(),
        manager: !status.is_empty(),
        leader: status == "Leader",
        reachability: status.to_lowercase(),
        address: String::new(),
    }
}

fn service(row: &Value) -> SwarmService {
    let replicas = text(row, "Replicas").split_whitespace().next().unwrap_or_default();
    let (running, desired) = replicas.split_once('/').unwrap_or_default();
    SwarmService {
        id: text(row, "ID").to_owned(),
        name: text(row, "Name").to_owned(),
        mode: text(row, "Mode").split_whitespace().next().unwrap_or_default().to_owned(),
        running: running.parse().unwrap_or(0),
        desired: desired.parse().unwrap_or(0),
        image: text(row, "Image").to_owned(),
    }
}

async fn tasks(context: &Context, manager: &NodeName, services: &[SwarmService]) -> Result<Vec<SwarmTask>, Why> {
    let mut words = vec!["service", "ps", "--no-trunc"];
    words.extend(services.iter().map(|s| s.id.as_str()));
    if services.is_empty() {
        return Ok(Vec::new());
    }
    let task = |row: &Value| SwarmTask {
        id: text(row, "ID").to_owned(),
        service: text(row, "Name").rsplit_once('.').map_or("", |(name, _)| name).to_owned(),
        node: text(row, "Node").to_owned(),
        state: text(row, "CurrentState").split_whitespace().next().unwrap_or_default().to_lowercase(),
        desired: text(row, "DesiredState").to_lowercase(),
        error: text(row, "Error").to_owned(),
        image: text(row, "Image").to_owned(),
    };
    Ok(rows(context, manager, &words).await?.iter().map(task).collect())
}
