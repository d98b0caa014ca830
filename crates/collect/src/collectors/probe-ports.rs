// SPDX-License-Identifier: Apache-2.0
//! Whether every node reaches the ports that the cluster's parts need of each other.

use crate::collector::{Collector, Context, Patch, Stage};
use crate::probe::{connect, gather};
use futures::future::join_all;
use magnum_facts::{ClusterView, Fact, PortProbe, ProbeFacts, Scope, Vantage, Why};
use magnum_types::{Coe, NodeName, Role};
use std::net::Ipv4Addr;
use std::time::Duration;

pub static COLLECTOR: Collector = Collector {
    name: "probe-ports",
    provides: &[ProbeFacts::PORTS],
    vantage: Vantage::Path,
    scope: Scope::Cluster,
    stage: Stage::Shallow,
    budget: Duration::from_secs(4),
    fits: |_| true,
    announce: Some("one TCP connection from each node to each port of other nodes that the cluster needs"),
    run: |context| Box::pin(run(context)),
};

/// Nodes whose kubelet or gossip port each node tries; masters are always tried.
const NEIGHBOURS: usize = 3;

/// Where a node should be able to connect to.
struct Target {
    to: String,
    address: Ipv4Addr,
    port: u16,
    what: &'static str,
}

async fn run(context: Context) -> Result<Patch, Why> {
    let names = context.world.cluster.members.iter().filter_map(|m| NodeName::parse(&m.name).ok());
    let answers = join_all(names.map(|name| one(&context, name))).await;
    let all = gather(answers, "the cluster has no node")?;
    let source = context.source("probe/ports", "TCP connections between the nodes", Vantage::Path);
    Ok(Box::new(move |facts| facts.probes.ports = Fact::seen(all, source)))
}

async fn one(context: &Context, from: NodeName) -> Result<Vec<PortProbe>, Why> {
    let targets = targets(&context.world.cluster, from.as_str());
    if targets.is_empty() {
        return Ok(Vec::new());
    }
    let ends: Vec<(Ipv4Addr, u16)> = targets.iter().map(|t| (t.address, t.port)).collect();
    let ended = connect(context, &from, &ends).await?;
    let found = targets.into_iter().filter_map(|t| {
        let reach = ended.get(&(t.address, t.port))?.clone();
        Some(PortProbe { from: from.to_string(), to: t.to, address: t.address.to_string(), port: t.port, what: t.what.to_owned(), reach })
    });
    Ok(found.collect())
}

fn targets(cluster: &ClusterView, from: &str) -> Vec<Target> {
    let is_master = cluster.member(from).is_some_and(|m| m.role == Role::Master);
    let mut all = Vec::new();
    let mut add = |to: &str, address: Option<Ipv4Addr>, port: u16, what: &'static str| {
        all.extend(address.map(|address| Target { to: to.to_owned(), address, port, what }));
    };
    let start = cluster.members.iter().position(|m| m.name == from).unwrap_or(0);
    let others = || (1..cluster.members.len()).filter_map(|step| cluster.members.get((start + step) % cluster.members.len()));
    for master in cluster.masters() {
        match cluster.coe {
            Coe::Kubernetes => {
                add(&master.name, master.address, 6443, "kube-apiserver");
                add(&master.name, master.address, 2379, "etcd");
                if is_master && master.name != from {
                    add(&master.name, master.address, 2380, "etcd-peer");
                }
            }
            _ if master.name != from => add(&master.name, master.address, 2377, "swarm"),
            _ => {}
        }
    }
    let (port, what) = if cluster.coe == Coe::Kubernetes { (10250, "kubelet") } else { (7946, "gossip") };
    others().take(NEIGHBOURS).for_each(|m| add(&m.name, m.address, port, what));
    if cluster.coe == Coe::Kubernetes {
        // The first address of the range is the API's own service.
        let first = cluster.layout.service_cidr.and_then(|net| net.hosts().next());
        add("", first, 443, "service kubernetes");
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::cluster_of;

    #[test]
    fn a_node_tries_what_it_needs_and_not_itself() {
        let found = targets(&cluster_of(Coe::SwarmMode), "node-1");
        let mut words: Vec<String> = found.iter().map(|t| format!("{} {} {}", t.to, t.port, t.what)).collect();
        words.sort();
        assert_eq!(words, ["node-0 7946 gossip", "node-2 7946 gossip"]);
    }
}
