// SPDX-License-Identifier: Apache-2.0
//! API, conductor and store together, over an engine that makes nothing: what hangs is looked at without being asked, its
//! cause stands in the status while it hangs, and nothing of it stays.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use axum::body::Body;
use axum::http::Request;
use jiff::{SignedDuration, Timestamp};
use magnum_api::catalogue::Embedded;
use magnum_api::{App, Diagnose, Judged, Metrics, NoReport, PathWish, PrivateToken, Question, Told};
use magnum_blueprint::{Blueprint, Flavor};
use magnum_certificates::Database;
use magnum_conductor::{Cause, Examine, Examined, Flavors, Gate, World};
use magnum_engine::{Boxed, Engine, Error, Exec, ExecOutput, Observed, Progress};
use magnum_policy::{Enforcer, Settings};
use magnum_store::{Cluster, Scope, Store};
use magnum_types::{ClusterId, ClusterStatus, NodeEvent, NodeName, NodeReport, StepState};
use secrecy::SecretString;
use serde_json::{Value, json};
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tower::ServiceExt;

const TOKEN: &str = "0123456789012345678901234567890123456789";

/// Everything is made at once, and nothing is there.
struct Idle;

impl Engine for Idle {
    fn name(&self) -> &'static str {
        "idle"
    }
    fn observe<'a>(&'a self, _: ClusterId) -> Boxed<'a, Observed> {
        Box::pin(async { Observed::default() })
    }
    fn converge<'a>(&'a self, _: &'a Blueprint, _: &'a Observed) -> Boxed<'a, Result<Progress, Error>> {
        Box::pin(async { Ok(Progress { did: vec![], done: true }) })
    }
    fn remove<'a>(&'a self, _: ClusterId) -> Boxed<'a, Result<Progress, Error>> {
        Box::pin(async { Ok(Progress { did: vec![], done: true }) })
    }
    fn free_external_address<'a>(&'a self, _: &'a [Ipv4Addr]) -> Boxed<'a, Result<Ipv4Addr, Error>> {
        Box::pin(async { Ok(Ipv4Addr::new(198, 18, 0, 1)) })
    }
    fn exec<'a>(&'a self, _: ClusterId, node: &'a NodeName, _: Exec) -> Boxed<'a, Result<ExecOutput, Error>> {
        Box::pin(async move { Err(Error::NodeState { node: node.to_string(), state: "stopped".to_owned() }) })
    }
    fn console<'a>(&'a self, _: ClusterId, _: &'a NodeName, _: usize) -> Boxed<'a, Result<String, Error>> {
        Box::pin(async { Ok(String::new()) })
    }
    fn power_off<'a>(&'a self, _: ClusterId, _: &'a NodeName) -> Boxed<'a, Result<(), Error>> {
        Box::pin(async { Ok(()) })
    }
    fn node_listener<'a>(&'a self, _: ClusterId) -> Boxed<'a, Result<Option<std::net::TcpListener>, Error>> {
        Box::pin(async { Ok(None) })
    }
}

/// Counts how often it is asked.
#[derive(Default)]
struct Doctor(AtomicUsize);

impl Examine for Doctor {
    fn examine<'a>(&'a self, _: ClusterId) -> Boxed<'a, Option<Examined>> {
        self.0.fetch_add(1, Ordering::Relaxed);
        let cause = Cause { fault: "fl-etcd-unreachable".to_owned(), summary: "it cannot reach etcd.".to_owned() };
        Box::pin(async { Some(Examined { report: json!({"schema": "magnum.doctor/v1", "findings": []}), cause: Some(cause) }) })
    }
}

impl Diagnose for Doctor {
    fn diagnose<'a>(&'a self, _: ClusterId, _: Question, _: Told) -> Boxed<'a, Result<Judged, NoReport>> {
        Box::pin(async { Err(NoReport::Failed("not asked".to_owned())) })
    }
    fn path<'a>(&'a self, _: ClusterId, _: PathWish) -> Boxed<'a, Result<serde_json::Value, NoReport>> {
        Box::pin(async { Err(NoReport::Failed("not asked".to_owned())) })
    }
}

struct Small;

impl Flavors for Small {
    fn flavor(&self, name: &str) -> Option<Flavor> {
        Some(Flavor { name: name.to_owned(), vcpus: 1, ram_mib: 2048 })
    }
    fn usual(&self) -> Flavor {
        Flavor { name: "m1.small".to_owned(), vcpus: 1, ram_mib: 2048 }
    }
}

impl Gate for Small {
    fn open<'a>(&'a self, _: ClusterId) -> Boxed<'a, ()> {
        Box::pin(async {})
    }
    fn close(&self, _: ClusterId) {}
}

struct Site {
    app: App,
    doctor: Arc<Doctor>,
    cluster: ClusterId,
}

impl Site {
    /// A running conductor, and a cluster of one master and one worker on its way.
    async fn start() -> Self {
        let (store, engine, doctor) = (Store::memory().await.unwrap(), Arc::new(Idle), Arc::new(Doctor::default()));
        let app = App {
            store: store.clone(),
            certificates: Arc::new(Database::new(store.clone())),
            engine: engine.clone(),
            catalogue: Arc::new(Embedded),
            diagnose: doctor.clone(),
            authorities: Arc::default(),
            authenticate: Arc::new(PrivateToken::new(SecretString::from(TOKEN))),
            rules: tokio::sync::watch::channel(Arc::new(Enforcer::new(Settings::default(), &[]))).1,
            www_authenticate_uri: String::new(),
            agent: None,
            metrics: Metrics::default(),
            traces: None,
            front: Arc::default(),
            max_clusters_per_project: 20,
        };
        let world = World::new(store, engine, Arc::new(Small), Arc::new(Small), "test".to_owned()).with_doctor(doctor.clone());
        let (stop, stopped) = tokio::sync::watch::channel(false);
        tokio::spawn(async move {
            magnum_conductor::run(Arc::new(world), stopped).await;
            drop(stop);
        });
        let template =
            json!({"name": "t", "image_id": "debian-12", "coe": "kubernetes", "keypair_id": "default", "external_network_id": "public"});
        let template = post(&app, "/v1/clustertemplates", template).await;
        let cluster = json!({"name": "c1", "cluster_template_id": template["uuid"], "node_count": 1, "create_timeout": 60});
        let cluster = post(&app, "/v1/clusters", cluster).await["uuid"].as_str().unwrap().parse().unwrap();
        Self { app, doctor, cluster }
    }

    async fn cluster(&self) -> Cluster {
        self.app.store.get_cluster(&Scope::All, self.cluster).await.unwrap()
    }

    /// Waits until the cluster is as wanted.
    async fn until(&self, what: &str, wanted: impl Fn(&Cluster) -> bool) -> Cluster {
        self.until_some(what, async || Some(self.cluster().await).filter(&wanted)).await
    }

    /// Waits until there is an answer.
    async fn until_some<T>(&self, what: &str, ask: impl AsyncFn() -> Option<T>) -> T {
        let mut news = self.app.store.changed(self.cluster);
        for _ in 0..200 {
            if let Some(answer) = ask().await {
                return answer;
            }
            // News, or a moment in which the clock alone went on.
            let _ = tokio::time::timeout(Duration::from_millis(200), news.changed()).await;
        }
        panic!("{what}: {:?}", self.cluster().await);
    }

    /// The node reports steps; the first number is the sequence, the second how many seconds ago.
    async fn report(&self, node: &str, events: &[(u64, i64, &str, StepState, &str)]) {
        let name = NodeName::parse(node).unwrap();
        let node = self.app.store.get_node(self.cluster, &name).await.unwrap();
        let event = |&(seq, ago, step, state, detail): &(u64, i64, &str, StepState, &str)| NodeEvent {
            seq,
            at: (Timestamp::now() - SignedDuration::from_secs(ago)).to_string(),
            step: step.to_owned(),
            state,
            detail: detail.to_owned(),
            duration_ms: (state == StepState::Done).then_some(1),
        };
        let events = events.iter().map(event).collect();
        let report = NodeReport { boot_id: "b".to_owned(), events, versions: Default::default() };
        self.app.store.record_report(&node, &report).await.unwrap();
    }

    async fn nodes(&self) {
        let both = async || (self.app.store.list_nodes(self.cluster).await.unwrap().len() == 2).then_some(());
        self.until_some("there are two nodes", both).await;
    }
}

async fn post(app: &App, path: &str, body: Value) -> Value {
    let request = Request::post(path)
        .header("host", "localhost")
        .header("x-auth-token", TOKEN)
        .header("openstack-api-version", "container-infra latest")
        .header("content-type", "application/json");
    let response = magnum_api::router(app.clone()).oneshot(request.body(Body::from(body.to_string())).unwrap()).await.unwrap();
    let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    let answer: Value = serde_json::from_slice(&bytes).unwrap();
    assert!(answer["uuid"].is_string(), "{path}: {answer}");
    answer
}

fn reason(cluster: &Cluster) -> &str {
    cluster.status_reason.as_deref().unwrap_or_default()
}

const CAUSE: &str = "; cause: fl-etcd-unreachable: it cannot reach etcd (magnum doctor c1)";

#[tokio::test]
async fn the_cause_of_what_hangs_stands_in_the_status_as_long_as_it_hangs() {
    let site = Site::start().await;
    site.nodes().await;
    // From ten minutes on whole minutes are told: there is time for a slow machine until it would be the next one.
    site.report("master-0", &[(1, 602, "etcd", StepState::Done, ""), (2, 0, "kube-apiserver", StepState::Started, "")]).await;
    site.report("node-0", &[(1, 603, "overlay", StepState::Waiting, "etcd")]).await;
    let hung = site.until("the cause is told", |c| reason(c).ends_with(CAUSE)).await;
    assert!(reason(&hung).contains("node node-0, step overlay: waiting for etcd since 10 min (usually 3 s), hung since "), "{hung:?}");
    assert_eq!(site.doctor.0.load(Ordering::Relaxed), 1, "asked once");
    let kept = site.app.store.list_diagnoses(site.cluster).await.unwrap();
    assert_eq!(kept.iter().map(|d| d.asked_by.as_str()).collect::<Vec<_>>(), ["conductor"]);
    let events = site.app.store.list_events(site.cluster, 0, 100).await.unwrap();
    let told: Vec<&str> = events.iter().filter(|e| e.step == "doctor").map(|e| e.detail.as_str()).collect();
    assert_eq!(told, ["cause: fl-etcd-unreachable: it cannot reach etcd"], "said once");
    site.report("node-0", &[(2, 0, "overlay", StepState::Done, ""), (3, 0, "kubelet", StepState::Started, "")]).await;
    site.report("master-0", &[(3, 0, "kubelet", StepState::Started, "")]).await;
    site.until("what moves again has no cause", |c| !reason(c).contains("cause: ")).await;
    for node in ["master-0", "node-0"] {
        site.report(node, &[(4, 0, "ready", StepState::Done, "")]).await;
    }
    let done = site.until("complete", |c| c.status == Some(ClusterStatus::CreateComplete)).await;
    assert_eq!(done.status_reason, None);
}

#[tokio::test]
async fn a_failure_has_the_cause_that_was_found_before() {
    let site = Site::start().await;
    site.nodes().await;
    site.report("master-0", &[(1, 300, "etcd", StepState::Waiting, "its disk")]).await;
    site.until("the cause is told", |c| reason(c).ends_with(CAUSE)).await;
    site.report("master-0", &[(2, 0, "etcd", StepState::Failed, "not done within 300 s")]).await;
    let failed = site.until("failed", |c| c.status == Some(ClusterStatus::CreateFailed)).await;
    assert_eq!(reason(&failed), format!("node master-0, step etcd: not done within 300 s{CAUSE}"));
}
