// SPDX-License-Identifier: Apache-2.0
//! Everything on a node, in one call of its agent. The call goes in through the engine, not over the node's network,
//! so it works when that network is what is broken.

use crate::collector::{Collector, Context, Patch, Stage};
use crate::node::{exec, own};
use crate::reading;
use jiff::Timestamp;
use magnum_facts::node::NodeFacts;
use magnum_facts::{Scope, Vantage, Why, WhyKind};
use magnum_types::Role;
use std::time::Duration;

pub static COLLECTOR: Collector = Collector {
    name: "node-agent",
    provides: NodeFacts::TOPICS,
    vantage: Vantage::Node,
    scope: Scope::Node,
    stage: Stage::Shallow,
    budget: Duration::from_millis(3500),
    fits: |_| true,
    announce: None,
    run: |context| Box::pin(run(context)),
};

/// What did not answer by then is left out; the lines that came are used.
const LIMIT: Duration = Duration::from_millis(2800);

async fn run(context: Context) -> Result<Patch, Why> {
    let node = own(&context)?;
    let mut argv = vec!["magnum-agent", "collect"];
    argv.extend(names(&context));
    let asked = Timestamp::now();
    let done = exec(&context, &node, &argv, LIMIT).await?;
    let answered = Timestamp::now();
    let output = String::from_utf8_lossy(&done.stdout);
    if !output.contains("\"name\"") {
        let said = String::from_utf8_lossy(&done.stderr);
        let (kind, last) = match done.timed_out {
            true => (WhyKind::TimedOut, "did not answer in time"),
            false => (WhyKind::Unreachable, said.lines().last().unwrap_or("said nothing")),
        };
        return Err(Why::new(kind, format!("the agent on {node}: {last}")));
    }
    let facts = reading::facts(node.as_str(), &output, asked, answered);
    let timed_out = done.timed_out;
    Ok(Box::new(move |all| {
        if let Some(known) = all.nodes.get_mut(node.as_str()) {
            known.merge(facts);
        }
        if timed_out {
            let why = Why::new(WhyKind::TimedOut, format!("the agent on {node} did not answer this within {:.1} s", LIMIT.as_secs_f32()));
            NodeFacts::TOPICS.iter().for_each(|topic| all.blind(*topic, Some(node.as_str()), &why));
        }
    }))
}

/// What the node can have an answer to.
fn names(context: &Context) -> Vec<&'static str> {
    let member = context.node.as_ref().and_then(|n| context.world.cluster.member(n.as_str()));
    reading::names(context.world.cluster.coe, member.map_or(Role::Worker, |m| m.role))
}
