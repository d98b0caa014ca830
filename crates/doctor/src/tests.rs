// SPDX-License-Identifier: Apache-2.0
//! A whole diagnosis of a cluster whose engine answers nothing: the report says so and does not take long.

use crate::{ClusterInput, Facts, Options, Selection, diagnose, examine, replay};
use magnum_blueprint::Blueprint;
use magnum_engine::{Boxed, Engine, Error, Exec, ExecOutput, Observed, Progress, Resource, ResourceKind, ResourceState};
use magnum_rules::fixture;
use magnum_rules::report::{Report, Word};
use magnum_types::{ClusterId, NodeName};
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Every server is on; nothing answers on them.
struct Mute;

fn refuse<T>(node: &NodeName) -> Result<T, Error> {
    Err(Error::Resource { resource: node.to_string(), what: "no answer".into() })
}

impl Engine for Mute {
    fn name(&self) -> &'static str {
        "mute"
    }

    fn observe<'a>(&'a self, _: ClusterId) -> Boxed<'a, Observed> {
        let server = |name: &str| Resource {
            kind: ResourceKind::Server,
            name: name.into(),
            physical_id: name.into(),
            state: if name == "node-1" { ResourceState::Stopped } else { ResourceState::Active },
            reason: String::new(),
            attributes: Default::default(),
        };
        Box::pin(async move { Observed { resources: ["master-0", "node-0", "node-1"].map(server).into() } })
    }

    fn exec<'a>(&'a self, _: ClusterId, node: &'a NodeName, _: Exec) -> Boxed<'a, Result<ExecOutput, Error>> {
        Box::pin(async move { refuse(node) })
    }

    fn console<'a>(&'a self, _: ClusterId, node: &'a NodeName, _: usize) -> Boxed<'a, Result<String, Error>> {
        Box::pin(async move { refuse(node) })
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

fn input() -> ClusterInput {
    let mut cluster = fixture::kubernetes(1, 2).0.cluster;
    cluster.api_address = Some("https://127.0.0.1:1".into());
    ClusterInput { id: ClusterId::random(), cluster, api: None }
}

#[tokio::test]
async fn a_cluster_that_cannot_be_seen_is_not_called_healthy() {
    let started = Instant::now();
    let diagnosis = examine(input(), Arc::new(Mute), Options::default()).await;
    assert!(started.elapsed() < Duration::from_secs(3));
    let report = diagnosis.report;
    assert_eq!((report.verdict, report.exit), (Word::Cause, 1), "the engine alone shows that node-1 is off");
    assert_eq!(report.findings[0].id, "nv-shutoff");
    let node_0: Vec<_> = report.not_seen.iter().filter(|n| n.subject.node_name() == Some("node-0")).collect();
    assert!(node_0.iter().any(|n| n.leaves_doubt), "node-0 was not seen: {node_0:#?}");
    let hidden = report.not_seen.iter().filter(|n| n.subject.node_name() == Some("node-1"));
    let open: Vec<_> = hidden.clone().filter(|n| n.leaves_doubt).collect();
    assert!(hidden.clone().any(|n| n.explained_by.as_deref() == Some("nv-shutoff")) && open.is_empty(), "{open:#?}");
    assert_eq!(report.vantages["node-0"], "none: node-0: node-0: no answer");

    let kept: Facts = serde_json::from_str(&serde_json::to_string(&diagnosis.facts).unwrap()).unwrap();
    let again = replay(&kept, &Selection::default());
    assert_eq!(
        (&again.findings, &again.not_seen, &again.evidence),
        (&report.findings, &report.not_seen, &report.evidence),
        "offline, the same answer"
    );
}

#[tokio::test]
async fn verifying_one_fault_looks_at_little_and_reports_only_that() {
    let report: Report = diagnose(input(), Arc::new(Mute), Options::verify(["kn-kubelet-down".to_owned()])).await;
    assert!(report.findings.is_empty(), "the power is another fault's business: {:#?}", report.findings);
    assert_eq!(report.checks.iter().map(|c| c.name.as_str()).collect::<Vec<_>>(), ["kn-kubelet-down"]);
    assert!(report.collectors.iter().all(|c| c.name != "probe-overlay"), "{:?}", report.collectors);
    assert_eq!(report.exit, 3, "it could not be seen");
}

#[test]
fn the_guides_instructions_name_collectors_that_exist() {
    let by = magnum_rules::SECTIONS.iter().flat_map(|s| s.instructions).flat_map(|i| i.by.iter().map(move |by| (i.name, by)));
    for (name, by) in by {
        if let magnum_rules::instruction::By::Collector(collector) = by {
            assert!(magnum_collect::ALL.iter().any(|c| c.name == *collector), "{name}: there is no collector {collector}");
        }
    }
}
