// SPDX-License-Identifier: Apache-2.0
//! The packet filter in front of a node's port: its security groups as they are in force, with counters.

use crate::collector::{Collector, Context, Patch, Stage};
use crate::node::{garbled, own};
use magnum_facts::node::Ruleset;
use magnum_facts::{Fact, HostFacts, PortFilter, Scope, Vantage, Why, WhyKind};
use std::time::Duration;

pub static COLLECTOR: Collector = Collector {
    name: "engine-port",
    provides: &[HostFacts::PORT],
    vantage: Vantage::Engine,
    scope: Scope::Node,
    stage: Stage::Shallow,
    budget: Duration::from_secs(2),
    fits: |_| true,
    announce: None,
    run: |context| Box::pin(run(context)),
};

async fn run(context: Context) -> Result<Patch, Why> {
    let node = own(&context)?;
    let filter = context.world.engine.port_filter(context.world.id, &node).await;
    let filter = filter.map_err(|e| Why::new(WhyKind::Unreachable, format!("the port of {node}: {e}")))?;
    let filter = filter.ok_or_else(|| Why::new(WhyKind::NotHere, "this engine does not show the packet filter of a port"))?;
    let document = serde_json::from_str(&filter.nft).map_err(|e| garbled("the port's packet filter", e))?;
    let view = PortFilter { rules: Ruleset::from_nft_json(&document), ingress_chain: filter.ingress_chain };
    let source = context.source("port", format!("the security groups at the port of {node}"), Vantage::Engine);
    Ok(Box::new(move |all| {
        if let Some(host) = all.hosts.get_mut(node.as_str()) {
            host.port = Fact::seen(view, source);
        }
    }))
}
