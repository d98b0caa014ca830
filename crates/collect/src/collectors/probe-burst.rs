// SPDX-License-Identifier: Apache-2.0
//! A burst of a known number of packets through an overlay path that is dead, with every drop counter of the target
//! read before and after: the rule whose counter rises by that number is the one that drops them.

use crate::collector::{Collector, Context, Patch, Stage};
use crate::node::output;
use crate::probe::{Shots, overlay_targets, shoot};
use magnum_facts::node::Ruleset;
use magnum_facts::{CounterRise, Fact, Facts, ProbeFacts, Scope, Vantage, Why, WhyKind};
use magnum_types::{Coe, NodeName};
use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::Duration;

pub static COLLECTOR: Collector = Collector {
    name: "probe-burst",
    provides: &[ProbeFacts::BURST],
    vantage: Vantage::Path,
    scope: Scope::Cluster,
    stage: Stage::Confirm(|facts, _| !suspects(facts).is_empty()),
    budget: Duration::from_secs(4),
    fits: |coe| coe == Coe::Kubernetes,
    announce: Some(
        "a burst of 20 echo requests through each of at most 3 dead overlay paths, with the drop counters read before and after",
    ),
    run: |context| Box::pin(run(context)),
};

const BURST: u32 = 20;

/// The nodes with the most dead overlay paths, at most three, each with a peer to send from. A node that is cut off
/// makes a dead path of each other node, too; those have fewer.
fn suspects(facts: &Facts) -> Vec<(String, String)> {
    let dead: Vec<_> = facts.probes.overlay.value().into_iter().flatten().filter(|p| p.is_dead()).collect();
    let mut count: BTreeMap<&str, usize> = BTreeMap::new();
    dead.iter().for_each(|p| *count.entry(p.to.as_str()).or_default() += 1);
    let most = count.values().copied().max().unwrap_or(0);
    let peer = |to: &str| dead.iter().find(|p| p.to == to).map(|p| p.from.clone());
    let deadest = count.into_iter().filter(|(_, n)| *n == most).take(3);
    deadest.filter_map(|(to, _)| Some((to.to_owned(), peer(to)?))).collect()
}

async fn run(context: Context) -> Result<Patch, Why> {
    let addresses: BTreeMap<NodeName, Ipv4Addr> = overlay_targets(&context.facts).into_iter().collect();
    let mut rises = Vec::new();
    let mut failed = Why::new(WhyKind::Unreachable, "no suspected node has an overlay address");
    let mut done = false;
    let pairs = suspects(&context.facts).into_iter().filter_map(|(to, from)| {
        let (to, from) = (NodeName::parse(&to).ok()?, NodeName::parse(&from).ok()?);
        addresses.get(&to).map(|address| (from, to, *address))
    });
    let bursts = pairs.map(|(from, to, address)| {
        let context = &context;
        async move { burst(context, &from, &to, address).await }
    });
    for result in futures::future::join_all(bursts).await {
        match result {
            Ok(found) => {
                rises.extend(found);
                done = true;
            }
            Err(why) => failed = why,
        }
    }
    if !done {
        return Err(failed);
    }
    let source =
        context.source("probe/burst", format!("drop counters before and after {BURST} echo requests through the overlay"), Vantage::Path);
    Ok(Box::new(move |all| all.probes.burst = Fact::seen(rises, source)))
}

async fn burst(context: &Context, from: &NodeName, to: &NodeName, address: Ipv4Addr) -> Result<Vec<CounterRise>, Why> {
    let before = filters(context, to).await?;
    shoot(context, from, &[address], &Shots { count: BURST, gap: "0.005", wait: "0.2", port: 0 }).await?;
    let after = filters(context, to).await?;
    let mut rises: BTreeMap<(bool, String), CounterRise> = BTreeMap::new();
    for ((at_port, before), (_, after)) in before.iter().zip(&after) {
        let (Some(before), Some(after)) = (before, after) else { continue };
        for rise in before.rises(after).into_iter().filter(|rise| !rise.policy) {
            let none =
                || CounterRise { node: to.to_string(), at_port: *at_port, rule: rise.text.clone(), before: 0, after: 0, burst: BURST };
            // The same text may stand in several chains; their sum rises all the same.
            let sum = rises.entry((*at_port, rise.text.clone())).or_insert_with(none);
            sum.before += rise.before;
            sum.after += rise.before + rise.rise;
        }
    }
    Ok(rises.into_values().collect())
}

/// The node's own filter, and the one in front of its port.
async fn filters(context: &Context, node: &NodeName) -> Result<[(bool, Option<Ruleset>); 2], Why> {
    let save = output(context, node, &["iptables-save", "-c"], Duration::from_secs(1)).await.map(|text| Ruleset::from_iptables_save(&text));
    let port = context.world.engine.port_filter(context.world.id, node).await.ok().flatten();
    let port = port.and_then(|p| serde_json::from_str(&p.nft).ok()).map(|document| Ruleset::from_nft_json(&document));
    match (save, port) {
        (Err(why), None) => Err(why),
        (save, port) => Ok([(false, save.ok()), (true, port)]),
    }
}
