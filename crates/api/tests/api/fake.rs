// SPDX-License-Identifier: Apache-2.0
//! The world around the API: the catalogue of the recordings, an engine and a doctor without clusters, two tokens.

use axum::body::Body;
use axum::http::Request;
use magnum_api::catalogue::{Catalogue, Flavor, Image, Lookup, NoDriver};
use magnum_api::{App, Authenticate, Diagnose, Identity, Judged, Metrics, NoReport, PathWish, Presented, Question, Refused, Told};
use magnum_blueprint::Blueprint;
use magnum_certificates::Database;
use magnum_engine::{Boxed, Engine, Error, Exec, ExecOutput, Observed, Progress};
use magnum_policy::{Enforcer, Settings};
use magnum_store::Store;
use magnum_types::{ClusterId, Coe, NodeName, ProjectId, UserId};
use serde_json::{Value, json};
use std::net::Ipv4Addr;
use std::sync::Arc;
use tokio::sync::watch;
use tower::ServiceExt;

/// The cloud of `magnum-wire-*.jsonl`.
struct Recorded;

fn one<'a, T: Send + 'a>(lookup: Lookup<T>) -> Boxed<'a, Lookup<T>> {
    Box::pin(std::future::ready(lookup))
}

fn named<'a>(ident: &str, known: &[&str]) -> Boxed<'a, Lookup<()>> {
    one(match ident {
        "d" => Lookup::Ambiguous,
        ident if known.contains(&ident) => Lookup::Found(()),
        _ => Lookup::Missing,
    })
}

impl Catalogue for Recorded {
    fn image<'a>(&'a self, _: &'a Identity, ident: &'a str) -> Boxed<'a, Lookup<Image>> {
        let distro = |os_distro: Option<&str>| Lookup::Found(Image { os_distro: os_distro.map(str::to_owned), magnum_driver: None });
        one(match ident {
            "fcos" => distro(Some("fedora-coreos")),
            "atomic" => distro(Some("fedora-atomic")),
            "coreos" => distro(Some("coreos")),
            "nodistro" => distro(None),
            "dup" => Lookup::Ambiguous,
            "forbid" => Lookup::Forbidden,
            _ => Lookup::Missing,
        })
    }

    fn flavor<'a>(&'a self, _: &'a Identity, ident: &'a str) -> Boxed<'a, Lookup<Flavor>> {
        let flavor = |disk_gib| Lookup::Found(Flavor { name: ident.to_owned(), vcpus: 1, ram_mib: 2048, disk_gib });
        one(match ident {
            "m1.small" => flavor(20),
            "zero" => flavor(0),
            _ => Lookup::Missing,
        })
    }

    fn external_network<'a>(&'a self, _: &'a Identity, ident: &'a str) -> Boxed<'a, Lookup<()>> {
        named(ident, &["public"])
    }

    fn network<'a>(&'a self, _: &'a Identity, ident: &'a str) -> Boxed<'a, Lookup<()>> {
        named(ident, &["private"])
    }

    fn subnet<'a>(&'a self, _: &'a Identity, ident: &'a str) -> Boxed<'a, Lookup<()>> {
        named(ident, &["sub"])
    }

    fn keypair<'a>(&'a self, _: &'a Identity, name: &'a str) -> Boxed<'a, Lookup<()>> {
        named(name, &["kp"])
    }

    fn project<'a>(&'a self, _: &'a Identity, id: &'a str) -> Boxed<'a, Lookup<()>> {
        named(id, &["fake_project", "p2"])
    }

    fn driver(&self, server_type: &str, os_distro: &str, _: Coe, name: Option<&str>) -> Result<String, NoDriver> {
        if name.is_some_and(|name| name != "k8s_fake") {
            return Err(NoDriver::Name);
        }
        let known = server_type == "vm" && ["fedora-coreos", "fedora-atomic", "coreos"].contains(&os_distro);
        if known { Ok("k8s_fake".to_owned()) } else { Err(NoDriver::Type) }
    }
}

/// An engine on which every node answers `exec` with what it was asked.
struct Echo;

impl Engine for Echo {
    fn name(&self) -> &'static str {
        "echo"
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
        Box::pin(async { Ok(Ipv4Addr::LOCALHOST) })
    }
    fn exec<'a>(&'a self, _: ClusterId, node: &'a NodeName, request: Exec) -> Boxed<'a, Result<ExecOutput, Error>> {
        Box::pin(async move {
            if node.as_str() == "node-1" {
                return Err(Error::NodeState { node: node.to_string(), state: "stopped".to_owned() });
            }
            let stdout = format!("{:?} {}", request.argv, request.timeout.as_secs()).into_bytes();
            Ok(ExecOutput { code: Some(3), stdout, stderr: request.stdin, timed_out: false, truncated: false })
        })
    }
    fn console<'a>(&'a self, _: ClusterId, node: &'a NodeName, bytes: usize) -> Boxed<'a, Result<String, Error>> {
        Box::pin(async move { Ok(format!("{node} {bytes}")) })
    }
    fn power_off<'a>(&'a self, _: ClusterId, _: &'a NodeName) -> Boxed<'a, Result<(), Error>> {
        Box::pin(async { Ok(()) })
    }
    fn node_listener<'a>(&'a self, _: ClusterId) -> Boxed<'a, Result<Option<std::net::TcpListener>, Error>> {
        Box::pin(async { Ok(None) })
    }
}

struct Doctor;

impl Diagnose for Doctor {
    fn diagnose<'a>(&'a self, cluster: ClusterId, question: Question, told: Told) -> Boxed<'a, Result<Judged, NoReport>> {
        Box::pin(async move {
            if question.symptom.as_deref() == Some("nonsense") {
                return Err(NoReport::Unknown("no known symptom".to_owned()));
            }
            let collector = json!({"name": "engine", "ms": 1});
            told(collector.clone());
            if question.verify == ["slow"] {
                std::future::pending::<()>().await;
            }
            let report = json!({"schema": "magnum.doctor/v1", "cluster": cluster, "symptom": question.symptom, "collectors": [collector]});
            Ok(Judged { report, facts: json!({"schema": "magnum.facts/v1"}) })
        })
    }

    fn path<'a>(&'a self, _: ClusterId, wish: PathWish) -> Boxed<'a, Result<Value, NoReport>> {
        Box::pin(async move {
            match wish {
                PathWish::Matrix => Ok(json!({"schema": "magnum.path-matrix/v1"})),
                PathWish::Between { from, .. } if from == "nobody" => Err(NoReport::Unknown("\"nobody\" is no node".to_owned())),
                PathWish::Between { from, to } => Ok(json!({"schema": "magnum.path/v1", "from": from, "to": to})),
            }
        })
    }
}

/// `admin` and `member` of the recordings, and `other` of another project.
struct Tokens;

impl Authenticate for Tokens {
    fn authenticate<'a>(&'a self, presented: Presented<'a>) -> Boxed<'a, Result<Identity, Refused>> {
        let identity = |project: &str, user: &str, roles: &[&str], system| Identity {
            project: ProjectId(project.to_owned()),
            user: UserId(user.to_owned()),
            user_domain: Some("default".to_owned()),
            system,
            roles: roles.iter().map(|role| (*role).to_owned()).collect(),
            token: presented.token.into(),
        };
        let found = match presented.token {
            "admin" => Ok(identity("fake_project", "fake_user", &["admin", "member", "reader"], false)),
            "member" => Ok(identity("fake_project", "fake_user", &["member", "reader"], false)),
            "colleague" => Ok(identity("fake_project", "another_user", &["member", "reader"], false)),
            "reader" => Ok(identity("fake_project", "fake_user", &["reader"], false)),
            "nothing" => Ok(identity("fake_project", "fake_user", &[], false)),
            "other" => Ok(identity("p2", "other_user", &["member", "reader"], false)),
            "system-reader" => Ok(identity("", "system_user", &["reader"], true)),
            "system-admin" => Ok(identity("", "system_user", &["admin", "member", "reader"], true)),
            "keystone-away" => Err(Refused::Unavailable("connection refused".to_owned())),
            _ => Err(Refused::Unknown),
        };
        Box::pin(std::future::ready(found))
    }
}

/// Magnum's own rules.
pub fn rules(settings: Settings) -> watch::Receiver<Arc<Enforcer>> {
    watch::channel(Arc::new(Enforcer::new(settings, &[]))).1
}

/// The API over an empty store.
pub async fn app() -> App {
    let store = Store::memory().await.unwrap();
    App {
        certificates: Arc::new(Database::new(store.clone())),
        store,
        engine: Arc::new(Echo),
        catalogue: Arc::new(Recorded),
        diagnose: Arc::new(Doctor),
        authorities: Arc::default(),
        authenticate: Arc::new(Tokens),
        rules: rules(Settings::default()),
        www_authenticate_uri: "http://localhost/identity".to_owned(),
        agent: None,
        metrics: Metrics::default(),
        traces: None,
        front: Arc::default(),
        max_clusters_per_project: 20,
    }
}

/// An answer, read.
pub struct Answer {
    pub status: u16,
    pub headers: axum::http::HeaderMap,
    pub body: Value,
}

impl Answer {
    /// The `detail` of the error body.
    pub fn detail(&self) -> &str {
        self.body["errors"][0]["detail"].as_str().unwrap_or_default()
    }
}

/// Sends a request; headers are added to `Accept: application/json`.
pub async fn send(app: &App, method: &str, path: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Answer {
    let answer = answer(magnum_api::router(app.clone()), method, path, headers, body).await;
    crate::document::check(method, path, answer.status, &answer.body);
    answer
}

/// As [`send`], to any router.
pub async fn answer(router: axum::Router, method: &str, path: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Answer {
    let mut request = Request::builder().method(method).uri(path).header("host", "localhost").header("accept", "application/json");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = router.oneshot(request.body(body.into()).unwrap()).await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    let body = if bytes.is_empty() {
        Value::Null
    } else {
        serde_json::from_slice(&bytes).unwrap_or_else(|_| json!(String::from_utf8_lossy(&bytes)))
    };
    Answer { status, headers, body }
}

/// A member's request in the newest version, with a JSON body.
pub async fn member(app: &App, method: &str, path: &str, body: Value) -> Answer {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    send(app, method, path, &[("x-auth-token", "member"), ("openstack-api-version", "container-infra latest")], body).await
}

/// A template and a cluster `c1` of it: the cluster's id.
pub async fn cluster(app: &App, coe: &str) -> ClusterId {
    let template = json!({"name": "t", "image_id": "fcos", "coe": coe, "flavor_id": "m1.small", "master_flavor_id": "m1.small"});
    let template = member(app, "POST", "/v1/clustertemplates", template).await;
    assert_eq!(template.status, 201, "{}", template.body);
    let cluster =
        member(app, "POST", "/v1/clusters", json!({"name": "c1", "cluster_template_id": template.body["uuid"], "node_count": 2})).await;
    assert_eq!(cluster.status, 202, "{}", cluster.body);
    cluster.body["uuid"].as_str().unwrap().parse().unwrap()
}
