// SPDX-License-Identifier: Apache-2.0
//! Whether the nodes reach each other on their own network: decides between "overlay" and "network".

use crate::collector::{Collector, Context, Patch, Stage};
use crate::probe::{Target, pairs};
use magnum_facts::{Fact, ProbeFacts, Scope, Vantage, Why, WhyKind};
use magnum_types::NodeName;
use std::time::Duration;

pub static COLLECTOR: Collector = Collector {
    name: "probe-underlay",
    provides: &[ProbeFacts::UNDERLAY],
    vantage: Vantage::Path,
    scope: Scope::Cluster,
    stage: Stage::Shallow,
    budget: Duration::from_secs(4),
    fits: |_| true,
    announce: Some("3 echo requests from each node to its neighbours' own addresses, and one TCP connection to each"),
    run: |context| Box::pin(run(context)),
};

async fn run(context: Context) -> Result<Patch, Why> {
    let members = context.world.cluster.members.iter();
    let targets: Vec<Target> = members.filter_map(|m| Some((NodeName::parse(&m.name).ok()?, m.address?))).collect();
    if targets.len() < 2 {
        return Err(Why::new(WhyKind::NotHere, "there is only one node"));
    }
    let found = pairs(&context, &targets).await?;
    let source = context.source("probe/underlay", "ping between the nodes' own addresses", Vantage::Path);
    Ok(Box::new(move |all| all.probes.underlay = Fact::seen(found, source)))
}
