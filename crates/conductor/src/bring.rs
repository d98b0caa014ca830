// SPDX-License-Identifier: Apache-2.0
//! Create and update: resources made, nodes up, or a truthful failure.

use crate::activate::Next;
use crate::inquire::Known;
use crate::judge::{Verdict, judge};
use crate::world::World;
use crate::{Error, certificates, inquire, leave, outcome, power, prepare};
use jiff::Timestamp;
use magnum_blueprint::{Blueprint, Settings};
use magnum_engine::{Observed, Progress, ResourceKind};
use magnum_store::{ClusterField, Lease, NewEvent, Operation, Whole, time_limit};
use magnum_types::{Action, NodeName, Role, StepState};
use std::time::Duration;

/// One pass of a create or an update.
pub(crate) async fn bring(world: &World, lease: &Lease, whole: &Whole, action: Action) -> Result<Next, Error> {
    let id = whole.cluster.uuid;
    let operations = world.store.list_open_operations(id).await.map_err(Error::Store)?;
    let remove_first = named_victims(&operations);
    let made = async {
        let settings = prepare::prepare(world, lease, whole, &remove_first).await?;
        let done = resources(world, lease, whole, &settings, action).await?;
        Ok::<_, Error>((settings, done))
    }
    .await;
    let (settings, done) = match made {
        Ok(made) => made,
        Err(error) if error.is_moot() => return Err(error),
        Err(error) if world.may_try_again(id, &error) => {
            tracing::warn!(cluster = %id, error = %error.reason(), "will be tried again");
            return Ok(Next::In(Duration::from_secs(1)));
        }
        Err(error) => {
            let api = None;
            outcome::finish(world, lease, whole, action, &Verdict::Failed(error.reason()), &operations, api).await?;
            return Ok(Next::Settled);
        }
    };
    world.succeeded(id);
    let verdict = look(world, lease, whole, done).await?;
    if let Verdict::Waiting(text) = &verdict {
        if whole.cluster.status_reason.as_ref() != Some(text) {
            world.store.update_cluster(lease, id, &[ClusterField::StatusReason(Some(text.clone()))]).await.map_err(Error::Store)?;
        }
        return Ok(Next::In(if done { Duration::from_secs(1) } else { Duration::from_millis(50) }));
    }
    outcome::finish(world, lease, whole, action, &verdict, &operations, Some(settings.api_url())).await?;
    Ok(Next::Settled)
}

/// The judgement of the nodes, and what the doctor found behind it when something hangs.
async fn look(world: &World, lease: &Lease, whole: &Whole, done: bool) -> Result<Verdict, Error> {
    let (cluster, coe) = (&whole.cluster, whole.template.coe);
    let stages = world.store.get_stages(cluster, coe).await.map_err(Error::Store)?;
    let judgement = stages.judge(world.usual(coe).await.as_ref(), Timestamp::now());
    let Known { cause, is_news } = inquire::cause(world, whole, &judgement);
    let cause = cause.map(|cause| format!("cause: {}", cause.text()));
    if let Some(detail) = cause.clone().filter(|_| is_news) {
        let event = NewEvent { node: None, step: "doctor".to_owned(), state: StepState::Done, detail, duration_ms: None };
        world.store.insert_events(lease, cluster.uuid, vec![event]).await.map_err(Error::Store)?;
    }
    let cause = cause.map(|cause| format!("{cause} (magnum doctor {})", cluster.name));
    Ok(judge(&judgement, done, time_limit(cluster), cause.as_deref()))
}

/// Makes the resources, and the certificates at the same time. Answers whether nothing is left to do.
async fn resources(world: &World, lease: &Lease, whole: &Whole, settings: &Settings, action: Action) -> Result<bool, Error> {
    let id = whole.cluster.uuid;
    if world.is_settled(id) {
        return Ok(true);
    }
    let blueprint = settings.blueprint().map_err(Error::Settings)?;
    let observed = world.engine.observe(id).await;
    let nodes = world.store.list_nodes(id).await.map_err(Error::Store)?;
    power::sync(world, lease, &nodes, &observed).await?;
    if action == Action::Update {
        say_goodbye(world, lease, whole, &blueprint, &observed).await?;
    }
    let (certificates, progress) =
        tokio::join!(certificates::ensure(world, lease, &whole.cluster), world.engine.converge(&blueprint, &observed));
    let progress = progress.map_err(Error::Engine)?;
    certificates?;
    world.gate.open(id).await;
    record(world, lease, whole, &progress).await?;
    world.set_settled(id, progress.done);
    Ok(progress.done)
}

/// Takes nodes that are no longer wanted out of the COE before the engine removes them.
async fn say_goodbye(world: &World, lease: &Lease, whole: &Whole, blueprint: &Blueprint, observed: &Observed) -> Result<(), Error> {
    let wanted = |name: &str| blueprint.servers.iter().any(|s| s.name.as_str() == name);
    let Some(master) = blueprint.servers.iter().find(|s| s.role == Role::Master && s.powered_on) else { return Ok(()) };
    for server in observed.of(ResourceKind::Server).filter(|r| !wanted(&r.name)) {
        let Ok(node) = NodeName::parse(&server.name) else { continue };
        let began = std::time::Instant::now();
        let troubles = leave::leave(world.engine.as_ref(), whole.cluster.uuid, whole.template.coe, &master.name, &node).await;
        let event = NewEvent {
            node: Some(node.to_string()),
            step: "leave".to_owned(),
            state: StepState::Done,
            detail: troubles.join("; "),
            duration_ms: i64::try_from(began.elapsed().as_millis()).ok(),
        };
        world.store.insert_events(lease, whole.cluster.uuid, vec![event]).await.map_err(Error::Store)?;
    }
    Ok(())
}

/// Puts what the engine did into the timeline, and what is there now into the observed tree.
pub(crate) async fn record(world: &World, lease: &Lease, whole: &Whole, progress: &Progress) -> Result<(), Error> {
    let id = whole.cluster.uuid;
    if progress.did.is_empty() {
        return Ok(());
    }
    let event = |did: &String| NewEvent {
        node: None,
        step: world.engine.name().to_owned(),
        state: StepState::Done,
        detail: did.clone(),
        duration_ms: None,
    };
    world.store.insert_events(lease, id, progress.did.iter().map(event).collect()).await.map_err(Error::Store)?;
    let tree = serde_json::to_value(world.engine.observe(id).await).map_err(|e| Error::Broken(e.to_string()))?;
    world.store.update_observed(lease, id, &tree).await.map_err(Error::Store)
}

/// The nodes that a resize named to be removed.
fn named_victims(operations: &[Operation]) -> Vec<String> {
    let named = |o: &Operation| o.input["nodes_to_remove"].as_array().cloned().unwrap_or_default();
    operations.iter().flat_map(named).filter_map(|v| v.as_str().map(str::to_owned)).collect()
}
