// SPDX-License-Identifier: Apache-2.0
//! The Kubernetes API over HTTPS from this machine, so that no node has to be well for it.

use crate::collector::{Collector, Context, Patch, Stage};
use crate::https::Api;
use crate::parse::{kubernetes as parse, text};
use magnum_facts::coe::KubernetesFacts;
use magnum_facts::{Fact, Scope, Vantage, Why, WhyKind};
use magnum_types::Coe;
use serde_json::Value;
use std::time::{Duration, Instant};

pub static COLLECTOR: Collector = Collector {
    name: "kubernetes-api",
    provides: KubernetesFacts::TOPICS,
    vantage: Vantage::CoeApi,
    scope: Scope::Cluster,
    stage: Stage::Shallow,
    budget: Duration::from_secs(3),
    fits: |coe| coe == Coe::Kubernetes,
    announce: None,
    run: |context| Box::pin(run(context)),
};

/// For each request.
const LIMIT: Duration = Duration::from_millis(2500);

async fn run(context: Context) -> Result<Patch, Why> {
    let access = context.world.api.as_ref().ok_or_else(|| Why::new(WhyKind::NotHere, "Magnum has no credentials for the API"))?;
    let api = Api::new(access, LIMIT)?;
    // All at once: an API that hangs behind a dead etcd costs one time limit, not seven.
    let (health, nodes, pods, services, endpoints, events, leases) = tokio::join!(
        health(&api),
        api.json("/api/v1/nodes"),
        api.json("/api/v1/pods"),
        api.json("/api/v1/services"),
        api.json("/api/v1/endpoints"),
        api.json("/api/v1/events?limit=2000"),
        api.json("/apis/coordination.k8s.io/v1/namespaces/kube-system/leases"),
    );
    // Nothing at all: say why once, and let a master be asked.
    if let (Err(_), Err(why)) = (&health, &nodes) {
        return Err(why.clone());
    }
    let url = &access.url;
    let facts = KubernetesFacts {
        api: fact(&context, "api", &format!("GET {url}/readyz?verbose"), health, |h| h),
        nodes: list(&context, "nodes", nodes, parse::nodes),
        pods: list(&context, "pods", pods, parse::pods),
        services: list(&context, "services", services, parse::services),
        endpoints: list(&context, "endpoints", endpoints, parse::endpoints),
        events: list(&context, "events", events, parse::events),
        leases: list(&context, "leases", leases, parse::leases),
    };
    Ok(Box::new(move |all| all.kubernetes = facts))
}

async fn health(api: &Api) -> Result<magnum_facts::coe::ApiHealth, Why> {
    let started = Instant::now();
    let (ready, version) = tokio::join!(async { (api.get("/readyz?verbose").await, started.elapsed()) }, api.json("/version"));
    let (answer, took) = ready;
    let (status, body) = answer?;
    let latency = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    if matches!(status, 401 | 403) {
        return Err(Why::new(WhyKind::Denied, format!("the API answers {status}")));
    }
    let version = version.map(|v| text(&v, "gitVersion").to_owned()).unwrap_or_default();
    Ok(parse::health(status, &body, &version, latency))
}

fn list<T>(context: &Context, name: &str, document: Result<Value, Why>, read: impl FnOnce(&Value) -> T) -> Fact<T> {
    fact(context, name, &format!("kubectl get {name} --all-namespaces -o json"), document, |d| read(&d))
}

fn fact<D, T>(context: &Context, name: &str, what: &str, document: Result<D, Why>, read: impl FnOnce(D) -> T) -> Fact<T> {
    match document {
        Ok(document) => Fact::seen(read(document), context.source(&format!("kubernetes/{name}"), what, Vantage::CoeApi)),
        Err(why) => Fact::NotLooked(why),
    }
}
