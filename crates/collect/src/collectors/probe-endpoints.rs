// SPDX-License-Identifier: Apache-2.0
//! Whether something listens behind each service, asked from the node that the pod is on: no overlay and no service rule is in between.

use crate::collector::{Collector, Context, Patch, Stage};
use crate::probe::{connect, gather};
use futures::future::join_all;
use magnum_facts::coe::KubernetesFacts;
use magnum_facts::{Fact, Facts, PortProbe, ProbeFacts, Scope, Vantage, Why, WhyKind};
use magnum_types::{Coe, NodeName};
use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::Duration;

pub static COLLECTOR: Collector = Collector {
    name: "probe-endpoints",
    provides: &[ProbeFacts::ENDPOINTS],
    vantage: Vantage::Path,
    scope: Scope::Cluster,
    stage: Stage::Deep(|_, _| true),
    budget: Duration::from_secs(4),
    fits: |coe| coe == Coe::Kubernetes,
    announce: Some("one TCP connection to each pod behind a service, from that pod's own node"),
    run: |context| Box::pin(run(context)),
};

/// No node tries more than this many.
const MOST: usize = 24;

async fn run(context: Context) -> Result<Patch, Why> {
    if let Err(why) = context.facts.kubernetes.endpoints.look() {
        // Rules that would need it are blind already for want of what the API says.
        return Err(Why::new(WhyKind::NotNeeded, format!("{} could not be read: {}", KubernetesFacts::ENDPOINTS, why.reason)));
    }
    let by_node = targets(&context.facts);
    let answers = join_all(by_node.iter().filter_map(|(node, targets)| Some(one(&context, NodeName::parse(node).ok()?, targets)))).await;
    // No endpoint at all is an answer: there was nothing to connect to.
    let all = if by_node.is_empty() { Vec::new() } else { gather(answers, "no pod behind a service is on a node of the cluster")? };
    let source = context.source("probe/endpoints", "TCP connections to the pods behind services", Vantage::Path);
    Ok(Box::new(move |facts| facts.probes.endpoints = Fact::seen(all, source)))
}

type Target = (Ipv4Addr, u16, String);

async fn one(context: &Context, node: NodeName, targets: &[Target]) -> Result<Vec<PortProbe>, Why> {
    let ends: Vec<(Ipv4Addr, u16)> = targets.iter().map(|(address, port, _)| (*address, *port)).collect();
    let ended = connect(context, &node, &ends).await?;
    let found = targets.iter().filter_map(|(address, port, what)| {
        let reach = ended.get(&(*address, *port))?.clone();
        let (from, to) = (node.to_string(), node.to_string());
        Some(PortProbe { from, to, address: address.to_string(), port: *port, what: what.clone(), reach })
    });
    Ok(found.collect())
}

/// The ready TCP endpoints of services with a selector, by the node of their pod.
fn targets(facts: &Facts) -> BTreeMap<String, Vec<Target>> {
    let services = facts.kubernetes.services.value().into_iter().flatten();
    let tcp = |s: &&magnum_facts::coe::Service| !s.selector.is_empty() && s.ports.iter().all(|p| p.protocol == "TCP");
    let mut all: BTreeMap<String, Vec<Target>> = BTreeMap::new();
    for service in services.filter(tcp) {
        let endpoints = facts.kubernetes.endpoints.value().into_iter().flatten();
        for own in endpoints.filter(|e| e.namespace == service.namespace && e.name == service.name) {
            for address in &own.ready {
                let (Some(node), Ok(ip)) = (&address.node, address.ip.parse::<Ipv4Addr>()) else { continue };
                let list = all.entry(node.clone()).or_default();
                let what = format!("{}/{}", own.namespace, own.name);
                list.extend(own.ports.iter().take(MOST.saturating_sub(list.len())).map(|port| (ip, *port, what.clone())));
            }
        }
    }
    all.retain(|node, targets| facts.cluster.member(node).is_some() && !targets.is_empty());
    all
}
