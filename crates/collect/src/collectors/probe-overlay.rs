// SPDX-License-Identifier: Apache-2.0
//! Whether packets pass the overlay between nodes, both ways.

use crate::collector::{Collector, Context, Patch, Stage};
use crate::probe::{overlay_targets, pairs};
use magnum_facts::{Fact, ProbeFacts, Scope, Vantage, Why, WhyKind};
use magnum_types::Coe;
use std::time::Duration;

pub static COLLECTOR: Collector = Collector {
    name: "probe-overlay",
    provides: &[ProbeFacts::OVERLAY],
    vantage: Vantage::Path,
    scope: Scope::Cluster,
    stage: Stage::Deep(|_, _| true),
    budget: Duration::from_secs(4),
    fits: |coe| coe == Coe::Kubernetes,
    announce: Some("3 echo requests from each node to its neighbours' overlay addresses, and one TCP connection to each"),
    run: |context| Box::pin(run(context)),
};

async fn run(context: Context) -> Result<Patch, Why> {
    let targets = overlay_targets(&context.facts);
    if context.world.cluster.members.len() < 2 {
        return Err(Why::new(WhyKind::NotHere, "there is only one node"));
    }
    if targets.len() < 2 {
        return Err(Why::new(WhyKind::Unreachable, "fewer than two nodes have an overlay address that could be seen"));
    }
    let found = pairs(&context, &targets).await?;
    let source = context.source("probe/overlay", "ping between the nodes' overlay addresses", Vantage::Path);
    Ok(Box::new(move |all| all.probes.overlay = Fact::seen(found, source)))
}
