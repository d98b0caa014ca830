// SPDX-License-Identifier: Apache-2.0
//! The most important facts of a node by plain commands, for when its agent is dead, too old, or absent.

use crate::collector::{Collector, Context, Patch, Stage};
use crate::node::{garbled, output, own};
use crate::parse::systemd;
use magnum_facts::node::{NodeFacts, Ruleset, SubnetEnv, Units, ip};
use magnum_facts::{Fact, Scope, Vantage, Why};
use magnum_types::NodeName;
use std::time::Duration;

pub static COLLECTOR: Collector = Collector {
    name: "node-plain",
    provides: &[NodeFacts::UNITS, NodeFacts::LINKS, NodeFacts::FIREWALL, NodeFacts::SUBNET_ENV],
    vantage: Vantage::Node,
    scope: Scope::Node,
    stage: Stage::Deep(|facts, node| !facts.looked(NodeFacts::UNITS, node)),
    budget: Duration::from_secs(3),
    fits: |_| true,
    announce: None,
    run: |context| Box::pin(run(context)),
};

const LIMIT: Duration = Duration::from_millis(2500);
const UNITS: &[&str] = &[
    "magnum-agent",
    "etcd",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kubelet",
    "kube-proxy",
    "flanneld",
    "containerd",
    "docker",
    "kube-dns",
    "kube-dns-feed",
];

async fn run(context: Context) -> Result<Patch, Why> {
    let node = own(&context)?;
    let (units, links, save, env) = tokio::join!(
        units(&context, &node),
        output(&context, &node, &["ip", "-j", "-d", "address", "show"], LIMIT),
        output(&context, &node, &["iptables-save", "-c"], LIMIT),
        output(&context, &node, &["cat", "/run/flannel/subnet.env"], LIMIT),
    );
    let source = |id: &str, what: &str| context.source(id, format!("{what} on {node}"), Vantage::Node);
    // Without units this is no view of the node at all.
    let mut facts = NodeFacts { units: Fact::seen(units?, source("units", "systemctl show")), ..NodeFacts::default() };
    if let Some(document) = links.ok().and_then(|text| serde_json::from_str(&text).ok()) {
        facts.links = Fact::seen(ip::links(&document), source("links", "ip -d address show"));
    }
    if let Ok(save) = save {
        facts.firewall = Fact::seen(Ruleset::from_iptables_save(&save), source("iptables", "iptables-save -c"));
    }
    if let Some(env) = env.ok().and_then(|text| SubnetEnv::parse(&text)) {
        facts.subnet_env = Fact::seen(env, source("subnet-env", "cat /run/flannel/subnet.env"));
    }
    Ok(Box::new(move |all| {
        if let Some(known) = all.nodes.get_mut(node.as_str()) {
            known.merge(facts);
        }
    }))
}

async fn units(context: &Context, node: &NodeName) -> Result<Units, Why> {
    let mut argv = vec!["systemctl", "show", systemd::PROPERTIES];
    argv.extend(UNITS);
    let mut units = systemd::units(&output(context, node, &argv, LIMIT).await?);
    if units.is_empty() {
        return Err(garbled("systemctl show", "no units in its output"));
    }
    // The journal says why a unit is down; nobody asks it of the others.
    for (name, unit) in units.iter_mut().filter(|(_, u)| u.exists() && u.is_down()) {
        let argv = ["journalctl", "-q", "--no-pager", "-o", "cat", "-n", "3", "-u", name.as_str()];
        if let Ok(text) = output(context, node, &argv, Duration::from_millis(800)).await {
            unit.log = text.lines().map(str::to_owned).collect();
        }
    }
    Ok(units)
}
