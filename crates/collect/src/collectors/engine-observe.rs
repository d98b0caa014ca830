// SPDX-License-Identifier: Apache-2.0
//! Whether the servers are on, as the engine below them sees it.

use crate::collector::{Collector, Context, Patch, Stage};
use magnum_engine::{ResourceKind, ResourceState};
use magnum_facts::{Fact, HostFacts, Power, Scope, ServerView, Vantage, Why, WhyKind};
use std::time::Duration;

pub static COLLECTOR: Collector = Collector {
    name: "engine-observe",
    provides: &[HostFacts::SERVER],
    vantage: Vantage::Engine,
    scope: Scope::Cluster,
    stage: Stage::Shallow,
    budget: Duration::from_secs(2),
    fits: |_| true,
    announce: None,
    run: |context| Box::pin(run(context)),
};

async fn run(context: Context) -> Result<Patch, Why> {
    let observed = context.world.engine.observe(context.world.id).await;
    let source = context.source("servers", "the engine's view of the servers", Vantage::Engine);
    Ok(Box::new(move |all| {
        for (name, host) in &mut all.hosts {
            host.server = match observed.get(ResourceKind::Server, name) {
                Some(r) if r.state == ResourceState::Unknown => {
                    Fact::not_looked(WhyKind::Unreachable, format!("server {name}: {}", r.reason))
                }
                Some(r) => {
                    let state = serde_json::to_value(r.state).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default();
                    let power = match r.state {
                        ResourceState::Active => Power::On,
                        ResourceState::Stopped => Power::Off,
                        _ => Power::Other,
                    };
                    let (reason, physical_id, attributes) = (r.reason.clone(), r.physical_id.clone(), r.attributes.clone());
                    Fact::seen(ServerView { power, state, reason, physical_id, attributes }, source.clone())
                }
                None => {
                    let view = ServerView {
                        power: Power::Missing,
                        state: "missing".into(),
                        reason: String::new(),
                        physical_id: name.clone(),
                        attributes: Default::default(),
                    };
                    Fact::seen(view, source.clone())
                }
            };
        }
    }))
}
