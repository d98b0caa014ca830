// SPDX-License-Identifier: Apache-2.0
//! The swarm as its managers see it. Every manager is asked for its own state; the first that can lists the rest.

use crate::collector::{Collector, Context, Patch, Stage};
use crate::node::{garbled, output};
use crate::parse::{list, text};
use futures::future::join_all;
use magnum_facts::coe::{SwarmFacts, SwarmManager, SwarmNetwork, SwarmNode, SwarmService, SwarmState, SwarmTask};
use magnum_facts::{Fact, Scope, Vantage, Why, WhyKind};
use magnum_types::{Coe, NodeName};
use serde_json::Value;
use std::time::Duration;

pub static COLLECTOR: Collector = Collector {
    name: "swarm-exec",
    provides: SwarmFacts::TOPICS,
    vantage: Vantage::CoeApi,
    scope: Scope::Cluster,
    stage: Stage::Shallow,
    budget: Duration::from_secs(5),
    fits: Coe::is_swarm,
    announce: None,
    run: |context| Box::pin(run(context)),
};

const LIMIT: Duration = Duration::from_millis(1800);

async fn run(context: Context) -> Result<Patch, Why> {
    let masters = context.world.cluster.masters();
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
        let (nodes, services, networks) = tokio::join!(
            rows(&context, &manager, &["node", "ls"]),
            rows(&context, &manager, &["service", "ls"]),
            rows(&context, &manager, &["network", "ls", "--filter", "driver=overlay"]),
        );
        let ids = |rows: &Result<Vec<Value>, Why>| -> Vec<String> {
            rows.iter().flatten().map(|row| text(row, "ID").to_owned()).filter(|id| !id.is_empty()).collect()
        };
        let (node_ids, service_ids, network_ids) = (ids(&nodes), ids(&services), ids(&networks));
        let (node_details, service_details, network_details, tasks) = tokio::join!(
            inspect(&context, &manager, "node", &node_ids),
            inspect(&context, &manager, "service", &service_ids),
            inspect(&context, &manager, "network", &network_ids),
            tasks(&context, &manager, &service_ids),
        );
        // Without their addresses the nodes are still known.
        let node_details = node_details.unwrap_or_default();
        let nodes = nodes.map(|rows| rows.iter().map(|row| node(row, &node_details)).collect::<Vec<_>>());
        facts.nodes = nodes.map_or_else(Fact::NotLooked, |all| Fact::seen(all, source("nodes", "docker node ls")));
        let services = services.and_then(|rows| Ok((rows, service_details?)));
        let services = services.map(|(rows, all)| rows.iter().map(|row| service(row, &all)).collect::<Vec<_>>());
        let tasks = services.as_ref().map_err(Why::clone).and(tasks);
        facts.tasks = tasks.map_or_else(Fact::NotLooked, |all| Fact::seen(all, source("tasks", "docker service ps")));
        let networks = networks.and_then(|_| Ok(network_details?.iter().map(network).collect::<Vec<_>>()));
        facts.networks = networks.map_or_else(Fact::NotLooked, |all| Fact::seen(all, source("networks", "docker network inspect")));
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

/// What `docker … inspect` says of these objects.
async fn inspect(context: &Context, manager: &NodeName, kind: &str, ids: &[String]) -> Result<Vec<Value>, Why> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut argv = vec!["docker", kind, "inspect"];
    argv.extend(ids.iter().map(String::as_str));
    let answer = output(context, manager, &argv, LIMIT).await?;
    serde_json::from_str(&answer).map_err(|error| garbled(&format!("docker {kind} inspect"), error))
}

/// The details of a row of a list. Lists shorten the ids of networks and services.
fn details<'a>(row: &Value, all: &'a [Value]) -> &'a Value {
    let id = text(row, "ID");
    all.iter().find(|item| !id.is_empty() && text(item, "ID").starts_with(id)).unwrap_or(&Value::Null)
}

fn network(value: &Value) -> SwarmNetwork {
    let subnets = list(value, "/IPAM/Config").filter_map(|c| text(c, "Subnet").parse().ok());
    SwarmNetwork {
        id: text(value, "Id").to_owned(),
        name: text(value, "Name").to_owned(),
        subnets: subnets.collect(),
        ingress: value.get("Ingress").and_then(Value::as_bool).unwrap_or(false),
        mtu: value.pointer("/Options/com.docker.network.driver.mtu").and_then(Value::as_str).and_then(|m| m.parse().ok()),
    }
}

fn node(row: &Value, all: &[Value]) -> SwarmNode {
    let status = text(row, "ManagerStatus");
    let at = |pointer: &str| details(row, all).pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    SwarmNode {
        id: text(row, "ID").to_owned(),
        hostname: text(row, "Hostname").to_owned(),
        state: text(row, "Status").to_lowercase(),
        message: at("/Status/Message"),
        availability: text(row, "Availability").to_lowercase(),
        manager: !status.is_empty(),
        leader: status == "Leader",
        reachability: status.to_lowercase(),
        address: at("/Status/Addr"),
    }
}

fn service(row: &Value, all: &[Value]) -> SwarmService {
    let template = details(row, all).pointer("/Spec/TaskTemplate").unwrap_or(&Value::Null);
    let networks = list(template, "/Networks").map(|n| text(n, "Target").to_owned());
    let constraints = list(template, "/Placement/Constraints").filter_map(Value::as_str).map(str::to_owned);
    let replicas = text(row, "Replicas").split_whitespace().next().unwrap_or_default();
    let (running, desired) = replicas.split_once('/').unwrap_or_default();
    SwarmService {
        id: text(row, "ID").to_owned(),
        name: text(row, "Name").to_owned(),
        mode: text(row, "Mode").split_whitespace().next().unwrap_or_default().to_owned(),
        running: running.parse().unwrap_or(0),
        desired: desired.parse().unwrap_or(0),
        image: text(row, "Image").to_owned(),
        networks: networks.collect(),
        constraints: constraints.collect(),
    }
}

async fn tasks(context: &Context, manager: &NodeName, services: &[String]) -> Result<Vec<SwarmTask>, Why> {
    let mut words = vec!["service", "ps", "--no-trunc"];
    words.extend(services.iter().map(String::as_str));
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
        ..SwarmTask::default()
    };
    Ok(rows(context, manager, &words).await?.iter().map(task).collect())
}
