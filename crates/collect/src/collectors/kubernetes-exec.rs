// SPDX-License-Identifier: Apache-2.0
//! Kubernetes asked with `kubectl` on a master, for when its API cannot be reached from this machine.

use crate::collector::{Collector, Context, Patch, Stage};
use crate::kind;
use crate::node::{garbled, output};
use magnum_facts::coe::KubernetesFacts;
use magnum_facts::{Fact, Facts, Reach, Scope, Source, Vantage, Why, WhyKind};
use magnum_types::{Coe, NodeName};
use serde_json::Value;
use std::time::Duration;

pub static COLLECTOR: Collector = Collector {
    name: "kubernetes-exec",
    provides: KubernetesFacts::TOPICS,
    vantage: Vantage::CoeApi,
    scope: Scope::Cluster,
    stage: Stage::Deep(|facts, _| called_for(facts)),
    budget: Duration::from_secs(4),
    fits: |coe| coe == Coe::Kubernetes,
    announce: None,
    run: |context| Box::pin(run(context)),
};

/// A master sees no more than this machine when the API refuses everybody, or hangs.
fn called_for(facts: &Facts) -> bool {
    let hangs = matches!(&facts.kubernetes.nodes, Fact::NotLooked(why) if why.kind == WhyKind::TimedOut);
    let same_for_all = match facts.probes.api.value() {
        Some(Reach::Refused) => facts.cluster.masters().count() < 2,
        Some(Reach::Connected) => hangs,
        _ => false,
    };
    !facts.looked(KubernetesFacts::NODES, None) && !same_for_all
}

async fn run(context: Context) -> Result<Patch, Why> {
    let masters = context.world.cluster.masters();
    let mut last = Why::new(WhyKind::Unreachable, "the cluster has no master");
    for name in masters.filter_map(|m| NodeName::parse(&m.name).ok()) {
        match ask(&context, &name).await {
            Ok(facts) => return Ok(Box::new(move |all| all.kubernetes.merge(facts))),
            Err(why) => last = why,
        }
    }
    Err(last)
}

/// One call for all kinds: `kubectl` takes longer to start than the API to answer.
async fn ask(context: &Context, master: &NodeName) -> Result<KubernetesFacts, Why> {
    // kubectl cannot ask for names alone, and would print what must not be seen.
    let kinds = || kind::ALL.iter().filter(|kind| !kind.names_only);
    let plurals = kinds().map(|kind| kind.plural).collect::<Vec<_>>().join(",");
    let argv = [
        "kubectl",
        "--kubeconfig",
        "/root/.kube/config",
        "--request-timeout=2s",
        "get",
        plurals.as_str(),
        "--all-namespaces",
        "-o",
        "json",
    ];
    let text = output(context, master, &argv, Duration::from_secs(3)).await?;
    let document: Value = serde_json::from_str(&text).map_err(|e| garbled("kubectl", e))?;
    let of = |kind: &str| {
        let items = document.get("items").and_then(Value::as_array).into_iter().flatten();
        let own: Vec<Value> = items.filter(|i| i.get("kind").and_then(Value::as_str) == Some(kind)).cloned().collect();
        serde_json::json!({ "items": own })
    };
    let source = |name: &str| -> Source {
        let what = format!("kubectl get {name} --all-namespaces -o json on {master}");
        context.source(&format!("kubernetes/{name}"), what, Vantage::CoeApi)
    };
    let mut facts = KubernetesFacts::default();
    for kind in kinds() {
        (kind.read)(&mut facts, &of(kind.kind), source(kind.plural));
    }
    Ok(facts)
}
