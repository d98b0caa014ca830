// SPDX-License-Identifier: Apache-2.0
//! The Kubernetes API over HTTPS from this machine, so that no node has to be well for it.

use crate::collector::{Collector, Context, Patch, Stage};
use crate::https::Api;
use crate::kind::{self, Kind};
use crate::parse::{kubernetes as parse, text};
use futures::future::join_all;
use magnum_facts::coe::KubernetesFacts;
use magnum_facts::{Fact, Scope, Vantage, Why, WhyKind};
use magnum_types::Coe;
use serde_json::Value;
use std::time::{Duration, Instant};

pub static COLLECTOR: Collector = Collector {
    name: "kubernetes-api",
    provides: kind::TOPICS,
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
    // All at once: an API that hangs behind a dead etcd costs one time limit, not one for each kind.
    let lists = join_all(kind::ALL.iter().map(|kind| list(&api, kind)));
    let (health, lists) = tokio::join!(health(&api), lists);
    // Nothing at all: say why once, and let a master be asked.
    if let (Err(_), Some(Err(why))) = (&health, lists.iter().find(|l| l.is_err()))
        && lists.iter().all(Result::is_err)
    {
        return Err(why.clone());
    }
    let source = |name: &str, what: String| context.source(&format!("kubernetes/{name}"), what, Vantage::CoeApi);
    let mut facts = KubernetesFacts::default();
    match health {
        Ok(health) => facts.api = Fact::seen(health, source("api", format!("GET {}/readyz?verbose", access.url))),
        Err(why) => drop(facts.blind(KubernetesFacts::API, &why)),
    }
    for (kind, list) in kind::ALL.iter().zip(lists) {
        match list {
            Ok(list) => {
                (kind.read)(&mut facts, &list, source(kind.plural, format!("kubectl get {} --all-namespaces -o json", kind.plural)))
            }
            Err(why) => drop(facts.blind(kind.topic, &why)),
        }
    }
    Ok(Box::new(move |all| all.kubernetes = facts))
}

async fn list(api: &Api, kind: &Kind) -> Result<Value, Why> {
    if kind.names_only { api.names(kind.path).await } else { api.json(kind.path).await }
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
