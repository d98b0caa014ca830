// SPDX-License-Identifier: Apache-2.0
//! The end of a node's serial console, for nodes that never said that they were up, or cannot be read.

use crate::collector::{Collector, Context, Patch, Stage};
use crate::node::own;
use magnum_facts::node::NodeFacts;
use magnum_facts::{Fact, Facts, HostFacts, Scope, Vantage, Why, WhyKind};
use std::time::Duration;

pub static COLLECTOR: Collector = Collector {
    name: "engine-console",
    provides: &[HostFacts::CONSOLE],
    vantage: Vantage::Engine,
    scope: Scope::Node,
    stage: Stage::Deep(called_for),
    budget: Duration::from_secs(2),
    fits: |_| true,
    announce: None,
    run: |context| Box::pin(run(context)),
};

const BYTES: usize = 16 << 10;

fn called_for(facts: &Facts, node: Option<&str>) -> bool {
    let up = node.and_then(|n| facts.cluster.member(n)).is_some_and(|m| m.came_up());
    !up || !facts.looked(NodeFacts::UNITS, node)
}

async fn run(context: Context) -> Result<Patch, Why> {
    let node = own(&context)?;
    let text = context.world.engine.console(context.world.id, &node, BYTES).await;
    let text = text.map_err(|e| Why::new(WhyKind::Unreachable, format!("the console of {node}: {e}")))?;
    let source = context.source("console", format!("the console of {node}"), Vantage::Engine);
    Ok(Box::new(move |all| {
        if let Some(host) = all.hosts.get_mut(node.as_str()) {
            host.console = Fact::seen(text, source);
        }
    }))
}
