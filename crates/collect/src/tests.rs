// SPDX-License-Identifier: Apache-2.0
//! What holds for every collector, and the runner against an engine that hangs, fails and answers.

use crate::{ALL, Wanted, World, collect};
use magnum_blueprint::Blueprint;
use magnum_engine::{Boxed, Engine, Error, Exec, ExecOutput, Observed, Progress, Resource, ResourceKind, ResourceState};

use magnum_facts::{ClusterView, Fact, Facts, HostFacts, Layout, MemberView, Source, Vantage, WhyKind};
use magnum_types::{ClusterId, ClusterStatus, Coe, NodeName, Role};
use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::{Duration, Instant};

#[test]
fn every_topic_has_a_collector_and_every_collector_known_topics() {
    let known: BTreeSet<_> = Facts::topics().map(|(t, _)| t).collect();
    let provided: BTreeSet<_> = ALL.iter().flat_map(|c| c.provides).copied().collect();
    assert_eq!(provided, known);
    let names: BTreeSet<_> = ALL.iter().map(|c| c.name).collect();
    assert_eq!(names.len(), ALL.len(), "a name is used twice");
    for collector in ALL {
        assert!(collector.budget <= Duration::from_secs(10), "{}: nobody waits that long", collector.name);
        assert_eq!(collector.announce.is_some(), collector.vantage == Vantage::Path, "{}: a probe is announced", collector.name);
    }
}

/// node-0 answers, node-1 hangs, node-2 is off.
struct Moody;

impl Engine for Moody {
    fn name(&self) -> &'static str {
        "moody"
    }

    fn observe<'a>(&'a self, _: ClusterId) -> Boxed<'a, Observed> {
        let server = |(name, state): (&str, ResourceState)| Resource {
            kind: ResourceKind::Server,
            name: name.into(),
            physical_id: name.into(),
            state,
            reason: String::new(),
            attributes: Default::default(),
        };
        let all = [("node-0", ResourceState::Active), ("node-1", ResourceState::Active), ("node-2", ResourceState::Stopped)];
        Box::pin(async move { Observed { resources: all.into_iter().map(server).collect() } })
    }

    fn exec<'a>(&'a self, _: ClusterId, node: &'a NodeName, request: Exec) -> Boxed<'a, Result<ExecOutput, Error>> {
        Box::pin(async move {
            match node.as_str() {
                "node-0" => {
                    let line = r#"{"name":"units","at":"2026-01-02T03:04:05Z","ok":true,"value":{"units":[{"name":"docker.service","load":"loaded","active":"active","sub":"running","result":"success","status":0,"restarts":0,"journal":[]}]},"ms":1}"#;
                    let stdout = if request.argv[0] == "magnum-agent" { line.into() } else { Vec::new() };
                    Ok(ExecOutput { code: Some(0), stdout, stderr: Vec::new(), timed_out: false, truncated: false })
                }
                "node-1" => std::future::pending().await,
                _ => Err(Error::NodeState { node: node.to_string(), state: "stopped".into() }),
            }
        })
    }

    fn console<'a>(&'a self, _: ClusterId, _: &'a NodeName, _: usize) -> Boxed<'a, Result<String, Error>> {
        Box::pin(async { panic!("a collector that panics must not end the diagnosis") })
    }

    fn converge<'a>(&'a self, _: &'a Blueprint, _: &'a Observed) -> Boxed<'a, Result<Progress, Error>> {
        unreachable!()
    }

    fn remove<'a>(&'a self, _: ClusterId) -> Boxed<'a, Result<Progress, Error>> {
        unreachable!()
    }

    fn free_external_address<'a>(&'a self, _: &'a [Ipv4Addr]) -> Boxed<'a, Result<Ipv4Addr, Error>> {
        unreachable!()
    }

    fn power_off<'a>(&'a self, _: ClusterId, _: &'a NodeName) -> Boxed<'a, Result<(), Error>> {
        unreachable!()
    }

    fn node_listener<'a>(&'a self, _: ClusterId) -> Boxed<'a, Result<Option<std::net::TcpListener>, Error>> {
        unreachable!()
    }
}

pub(crate) fn cluster_of(coe: Coe) -> ClusterView {
    let member = |index: u8| MemberView {
        name: format!("node-{index}"),
        group: "default-worker".into(),
        role: Role::Worker,
        address: Some(Ipv4Addr::new(10, 0, 0, index)),
        stopped_on_purpose: false,
        started_at: None,
        steps: Vec::new(),
    };
    ClusterView {
        source: Source { id: "c".into(), what: "c".into(), vantage: Vantage::Magnum, at: jiff::Timestamp::now() },
        uuid: "u".into(),
        name: "c1".into(),
        coe,
        engine: "moody".into(),
        status: ClusterStatus::CreateComplete,
        status_reason: String::new(),
        created_at: None,
        create_timeout: None,
        api_address: None,
        layout: Layout::default(),
        members: (0..3).map(member).collect(),
    }
}

fn world() -> Arc<World> {
    let cluster = cluster_of(Coe::SwarmMode);
    Arc::new(World { id: ClusterId::random(), cluster, engine: Arc::new(Moody), api: None })
}

#[tokio::test]
async fn a_hanging_node_delays_no_other_and_is_not_looked_at() {
    let started = Instant::now();
    let collected = collect(world(), &Wanted::All, Duration::from_millis(600)).await;
    assert!(started.elapsed() < Duration::from_secs(2), "took {:?}", started.elapsed());
    let facts = collected.facts;
    assert!(facts.nodes["node-0"].units.value().is_some());
    let why = |node: &str| match &facts.nodes[node].units {
        Fact::NotLooked(why) => why.kind,
        other => panic!("{node}: {other:?}"),
    };
    assert_eq!((why("node-1"), why("node-2")), (WhyKind::TimedOut, WhyKind::Unreachable));
    assert!(facts.hosts["node-2"].server.value().is_some(), "the engine still sees it");
    assert!(!facts.looked(HostFacts::CONSOLE, Some("node-0")), "a collector that breaks off has seen nothing");
    assert!(collected.runs.iter().any(|r| r.name == "node-agent" && r.node.as_deref() == Some("node-1") && r.error.is_some()));
}

#[tokio::test]
async fn only_what_is_wanted_is_looked_at() {
    let wanted = Wanted::Topics([HostFacts::SERVER].into());
    let collected = collect(world(), &wanted, Duration::from_secs(1)).await;
    assert_eq!(collected.runs.iter().map(|r| r.name).collect::<Vec<_>>(), ["engine-observe"]);
}
